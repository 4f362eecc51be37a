"""SQL of the outbox, under the dispatcher's role: read and delete, nothing else."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from app.pipeline.transaction_repository import bound_transaction

Connection = asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to send."""

    message_id: uuid.UUID
    store_id: uuid.UUID
    kind: str
    payload: dict[str, Any]
    created_at: datetime


async def next_messages(connection: "Connection[asyncpg.Record]", most: int) -> list[OutboxRow]:
    """The oldest messages nobody else is sending, locked until the transaction ends."""
    await bound_transaction(connection)
    rows = await connection.fetch(
        "SELECT id, store_id, kind, payload, created_at FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED", most
    )
    return [OutboxRow(*row) for row in rows]


async def delete_messages(connection: "Connection[asyncpg.Record]", sent: list[uuid.UUID]) -> None:
    """Forget what was sent."""
    await connection.execute("DELETE FROM outbox WHERE id = ANY($1::uuid[])", sent)
