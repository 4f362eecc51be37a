"""Wishes to destroy a chain's key."""

import uuid
from datetime import datetime

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.keys.models import KeyDestruction


async def add_destruction(connection: TenantConnection, chain_id: uuid.UUID, wish: KeyDestruction) -> None:
    """A new wish."""
    await connection.execute(
        "INSERT INTO key_destructions (id, chain_id, requested_by, requested_at) VALUES ($1, $2, $3, $4)",
        wish.id,
        chain_id,
        wish.requested_by,
        wish.requested_at,
    )


async def get_destruction(connection: TenantConnection, wish_id: uuid.UUID) -> KeyDestruction:
    """One wish in scope, its row kept until the transaction ends; NotFoundError otherwise."""
    row = await connection.fetchrow(
        "SELECT id, requested_by, requested_at, confirmed_by, confirmed_at FROM key_destructions WHERE id = $1 FOR UPDATE",
        wish_id,
    )
    if row is None:
        raise NotFoundError("There is no such wish, or you may not see it.")
    return KeyDestruction(**dict(row))


async def confirm_destruction(connection: TenantConnection, wish_id: uuid.UUID, by: uuid.UUID, now: datetime) -> None:
    """Note who confirmed."""
    await connection.execute("UPDATE key_destructions SET confirmed_by = $2, confirmed_at = $3 WHERE id = $1", wish_id, by, now)


async def chain_name(connection: TenantConnection) -> str:
    """The name of the chain in scope."""
    found: str | None = await connection.fetchval("SELECT name FROM chains")
    if found is None:
        raise NotFoundError("There is no such chain, or you may not see it.")
    return found
