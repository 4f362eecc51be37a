"""Stores, and what creating requests answered."""

import uuid
from datetime import datetime
from typing import Any

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.models import Chain, Store


async def list_stores(connection: TenantConnection, after: tuple[datetime, uuid.UUID] | None, limit: int) -> list[Store]:
    """Stores in scope, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        "SELECT id, name, timezone, created_at, region_id, demo FROM stores"
        " WHERE $1::timestamptz IS NULL OR (created_at, id) > ($1, $2) ORDER BY created_at, id LIMIT $3",
        *(after or (None, None)),
        limit + 1,
    )
    return [Store(**dict(row)) for row in rows]


async def demand_store(connection: TenantConnection, store_id: uuid.UUID) -> None:
    """NotFoundError unless this store is in scope."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM stores WHERE id = $1)", store_id):
        raise no_such_store()


def no_such_store() -> NotFoundError:
    """The same answer for what is not there and for what one may not see."""
    return NotFoundError("There is no such store, or you may not see it.")


async def get_store(connection: TenantConnection, store_id: uuid.UUID) -> Store:
    """One store in scope; NotFoundError otherwise."""
    row = await connection.fetchrow("SELECT id, name, timezone, created_at, region_id, demo FROM stores WHERE id = $1", store_id)
    if row is None:
        raise no_such_store()
    return Store(**dict(row))


async def add_store(connection: TenantConnection, chain_id: uuid.UUID, store: Store) -> None:
    """A new store; the scope must be the whole chain."""
    await connection.execute(
        "INSERT INTO stores (id, chain_id, name, timezone, region_id, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        store.id,
        chain_id,
        store.name,
        store.timezone,
        store.region_id,
        store.created_at,
    )


async def change_store(connection: TenantConnection, store: Store) -> None:
    """Write the store's name, time zone and region."""
    await connection.execute(
        "UPDATE stores SET name = $2, timezone = $3, region_id = $4 WHERE id = $1",
        store.id,
        store.name,
        store.timezone,
        store.region_id,
    )


async def get_chain(connection: TenantConnection) -> Chain:
    """The chain in scope."""
    row = await connection.fetchrow("SELECT id, name, created_at FROM chains")
    if row is None:
        raise NotFoundError("There is no such chain, or you may not see it.")
    return Chain(**dict(row))


async def rename_chain(connection: TenantConnection, chain_id: uuid.UUID, name: str) -> None:
    """Another name."""
    await connection.execute("UPDATE chains SET name = $2 WHERE id = $1", chain_id, name)


async def lock_chain(connection: TenantConnection) -> None:
    """Administrative acts of this chain follow one another until the transaction ends."""
    await connection.execute("SELECT FROM chains FOR NO KEY UPDATE")


async def user_enabled(connection: TenantConnection, user_id: uuid.UUID) -> bool:
    """Whether this user still may sign in."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM users WHERE id = $1 AND disabled_at IS NULL)", user_id)
    return found


async def key_stands(connection: TenantConnection, key_id: uuid.UUID) -> bool:
    """Whether this API key was not revoked and has not ended."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM api_keys WHERE id = $1 AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > now()))",
        key_id,
    )
    return found


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
