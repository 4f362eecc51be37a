"""SQL of the live page's layouts. Somebody else's own are not there."""

import uuid

import asyncpg

from app.cameras.layouts.models import MOST_LAYOUTS, Layout
from app.kit.errors import ConflictError, NotFoundError
from app.kit.postgres import TenantConnection

_SELECT = (
    "SELECT id, store_id, owner, name, cameras, columns, large, changed_at FROM live_layouts WHERE (owner IS NULL OR owner = $1)"
)
TAKEN = "There is a layout of this name already; choose another name."


def _layout(row: "asyncpg.Record") -> Layout:
    cameras = None if row["cameras"] is None else tuple(row["cameras"])
    return Layout(**{**dict(row), "cameras": cameras})


async def list_layouts(connection: TenantConnection, who: uuid.UUID, store_id: uuid.UUID) -> list[Layout]:
    """The store's and one's own, by name."""
    query = _SELECT + " AND store_id = $2 ORDER BY name, id LIMIT $3"
    return [_layout(row) for row in await connection.fetch(query, who, store_id, 2 * MOST_LAYOUTS)]


async def get_layout(connection: TenantConnection, who: uuid.UUID, layout_id: uuid.UUID) -> Layout:
    """One layout, kept until the transaction ends; NotFoundError for somebody else's too."""
    row = await connection.fetchrow(_SELECT + " AND id = $2 FOR UPDATE", who, layout_id)
    if row is None:
        raise NotFoundError("There is no such layout, or you may not see it.")
    return _layout(row)


async def count_layouts(connection: TenantConnection, store_id: uuid.UUID, owner: uuid.UUID | None) -> int:
    """How many there are for everybody, or of this person."""
    query = "SELECT count(*) FROM live_layouts WHERE store_id = $1 AND owner IS NOT DISTINCT FROM $2"
    return int(await connection.fetchval(query, store_id, owner))


async def add_layout(connection: TenantConnection, chain_id: uuid.UUID, layout: Layout) -> None:
    """A new layout; ConflictError when the name is taken."""
    try:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO live_layouts (id, chain_id, store_id, owner, name, cameras, columns, large, changed_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                layout.id,
                chain_id,
                layout.store_id,
                layout.owner,
                *_shown(layout),
            )
    except asyncpg.UniqueViolationError as error:
        raise ConflictError(TAKEN) from error


async def change_layout(connection: TenantConnection, layout: Layout) -> None:
    """What it shows and how it is called; ConflictError when the name is taken."""
    try:
        async with connection.transaction():
            await connection.execute(
                "UPDATE live_layouts SET name = $2, cameras = $3, columns = $4, large = $5, changed_at = $6 WHERE id = $1",
                layout.id,
                *_shown(layout),
            )
    except asyncpg.UniqueViolationError as error:
        raise ConflictError(TAKEN) from error


async def remove_layout(connection: TenantConnection, layout_id: uuid.UUID) -> None:
    """Take it away."""
    await connection.execute("DELETE FROM live_layouts WHERE id = $1", layout_id)


def _shown(layout: Layout) -> tuple[object, ...]:
    cameras = None if layout.cameras is None else list(layout.cameras)
    return (layout.name, cameras, layout.columns, layout.large, layout.changed_at)
