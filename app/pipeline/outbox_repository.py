"""SQL of the outbox: the pipeline inserts, the dispatcher reads and deletes."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import asyncpg

from app.kit.ids import new_id
from app.pipeline.transaction_repository import bound_transaction

Connection = asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One message to send."""

    message_id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    kind: str
    payload: dict[str, Any]
    created_at: datetime
    trace_parent: str = ""


class Told(NamedTuple):
    """A message to put into the outbox; `trace_parent`: of the frame that caused it, or ""."""

    chain_id: uuid.UUID
    store_id: uuid.UUID
    payload: dict[str, Any]
    trace_parent: str = ""


async def next_messages(
    connection: "Connection[asyncpg.Record]", most: int, on_streams: Collection[uuid.UUID]
) -> list[OutboxRow]:
    """The oldest messages that are not sent already."""
    rows = await connection.fetch(
        "SELECT id, chain_id, store_id, kind, payload, created_at, trace_parent FROM outbox WHERE id <> ALL ($2::uuid[])"
        " ORDER BY id LIMIT $1",
        most,
        list(on_streams),
    )
    return [OutboxRow(*row) for row in rows]


async def delete_messages(connection: "Connection[asyncpg.Record]", sent: list[uuid.UUID]) -> set[uuid.UUID]:
    """Forget what was sent; the ids that nobody else had taken off before."""
    await bound_transaction(connection)
    # Locked in order: two dispatchers that take the same rows off wait for each other instead of dead-locking.
    rows = await connection.fetch(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE) RETURNING id",
        sent,
    )
    return {row["id"] for row in rows}


async def announce(connection: "Connection[asyncpg.Record]", kind: str, messages: list[Told]) -> None:
    """Put messages into the outbox, in the transaction of what they tell."""
    if messages:
        await connection.execute(
            "INSERT INTO outbox (id, chain_id, store_id, kind, payload, trace_parent)"
            " SELECT id, chain_id, store_id, $1, payload, trace_parent"
            " FROM jsonb_to_recordset($2) AS given(id uuid, chain_id uuid, store_id uuid, payload jsonb, trace_parent text)",
            kind,
            [{"id": new_id(), **told._asdict()} for told in messages],
        )
