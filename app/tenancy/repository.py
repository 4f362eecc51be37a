"""Stores, and what creating requests answered."""

import uuid
from datetime import datetime
from typing import Any

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.models import Store


async def list_stores(connection: TenantConnection, after: tuple[datetime, uuid.UUID] | None, limit: int) -> list[Store]:
    """Stores in scope, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        "SELECT id, name, timezone, created_at FROM stores"
        " WHERE $1::timestamptz IS NULL OR (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3",
        *(after or (None, None)),
        limit + 1,
    )
    return [Store(**dict(row)) for row in rows]


async def demand_store(connection: TenantConnection, store_id: uuid.UUID) -> None:
    """NotFoundError unless this store is in scope."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM stores WHERE id = $1)", store_id):
        raise NotFoundError("There is no such store, or you may not see it.")


async def begin_once(
    connection: TenantConnection, principal: uuid.UUID, key: str, request_hash: bytes
) -> tuple[bytes, dict[str, Any]] | None:
    """Take an idempotency key in this transaction; what an earlier request answered (its hash, its answer) if it was taken.

    A second request that runs at the same moment waits here for the first one's end.
    """
    await connection.execute(
        "DELETE FROM idempotency_keys WHERE principal = $1 AND created_at < now() - interval '24 hours'", principal
    )
    taken: str = await connection.execute(
        "INSERT INTO idempotency_keys (principal, key, request_hash) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        principal,
        key,
        request_hash,
    )
    if taken == "INSERT 0 1":
        return None
    row = await connection.fetchrow(
        "SELECT request_hash, response FROM idempotency_keys WHERE principal = $1 AND key = $2", principal, key
    )
    return None if row is None else (row["request_hash"], row["response"])


async def finish_once(
    connection: TenantConnection, principal: uuid.UUID, key: str, status: int, response: dict[str, Any]
) -> None:
    """Keep what was answered, in the transaction that did it."""
    await connection.execute(
        "UPDATE idempotency_keys SET status = $3, response = $4 WHERE principal = $1 AND key = $2",
        principal,
        key,
        status,
        response,
    )
