"""Regions of a chain."""

import uuid
from datetime import datetime

import asyncpg

from app.kit.errors import ConflictError, NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.models import Region

NONE_SUCH = "There is no such region, or you may not see it."
TAKEN = "There is a region of this name already; choose another name."
_SELECT = (
    "SELECT id, name, created_at, (SELECT count(*) FROM stores s WHERE s.region_id = r.id)::int AS stores FROM regions r WHERE "
)


async def list_regions(
    connection: TenantConnection, within: frozenset[uuid.UUID] | None, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Region]:
    """Regions, oldest first; one more than `limit` when there are more. `within`: only those with one of these stores."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid[] IS NULL OR EXISTS (SELECT FROM stores s WHERE s.region_id = r.id AND s.id = ANY ($1)))"
        " AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid)) ORDER BY created_at, id LIMIT $4",
        None if within is None else list(within),
        *(after or (None, None)),
        limit + 1,
    )
    return [Region(**dict(row)) for row in rows]


async def get_region(connection: TenantConnection, region_id: uuid.UUID) -> Region:
    """One region; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + "id = $1", region_id)
    if row is None:
        raise no_such_region()
    return Region(**dict(row))


def no_such_region() -> NotFoundError:
    """The same answer for what is not there and for what one may not see."""
    return NotFoundError(NONE_SUCH)


async def add_region(connection: TenantConnection, region_id: uuid.UUID, chain_id: uuid.UUID, name: str) -> None:
    """A region without stores; ConflictError when the name is taken."""
    done: str = await connection.execute(
        "INSERT INTO regions (id, chain_id, name) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", region_id, chain_id, name
    )
    if done != "INSERT 0 1":
        raise ConflictError(TAKEN)


async def rename_region(connection: TenantConnection, region_id: uuid.UUID, name: str) -> None:
    """Another name; ConflictError when it is taken."""
    try:
        await connection.execute("UPDATE regions SET name = $2 WHERE id = $1", region_id, name)
    except asyncpg.UniqueViolationError as error:
        raise ConflictError(TAKEN) from error


async def remove_region(connection: TenantConnection, region_id: uuid.UUID) -> None:
    """Gone; ConflictError while a store, a role or a key is there."""
    in_use = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM api_keys WHERE $1 = ANY (regions) AND revoked_at IS NULL)", region_id
    )
    try:
        if not in_use:
            await connection.execute("DELETE FROM regions WHERE id = $1", region_id)
            return
    except asyncpg.ForeignKeyViolationError as error:
        raise ConflictError("Stores, roles or groups of the provider are in this region; move or remove them first.") from error
    raise ConflictError("API keys are for this region; revoke them first.")
