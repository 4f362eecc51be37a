"""SQL of the ways between cameras. A link of a removed camera is none."""

import uuid

import asyncpg

from app.cameras.links.models import MOST_LINKS, CameraLink
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

_SELECT = (
    "SELECT l.id, l.store_id, l.camera_a, l.camera_b, l.zone_a, l.zone_b, l.metres, l.created_at, NOT EXISTS (SELECT FROM zones z"
    " WHERE z.id IN (l.zone_a, l.zone_b) AND z.deleted_at IS NOT NULL) AS used FROM camera_links l"
    " JOIN cameras a ON a.id = l.camera_a JOIN cameras b ON b.id = l.camera_b"
    " WHERE a.deleted_at IS NULL AND b.deleted_at IS NULL"
)


async def list_links(connection: TenantConnection, store_id: uuid.UUID) -> list[CameraLink]:
    """Links of a store in scope, oldest first."""
    rows = await connection.fetch(_SELECT + " AND l.store_id = $1 ORDER BY l.created_at, l.id LIMIT $2", store_id, MOST_LINKS)
    return [CameraLink(**dict(row)) for row in rows]


async def get_link(connection: TenantConnection, link_id: uuid.UUID) -> CameraLink:
    """One link in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + " AND l.id = $1", link_id)
    if row is None:
        raise NotFoundError("There is no such way between cameras, or you may not see it.")
    return CameraLink(**dict(row))


async def add_link(connection: TenantConnection, chain_id: uuid.UUID, link: CameraLink) -> bool:
    """A new link; False where there is one between these cameras."""
    try:
        async with connection.transaction():
            await connection.execute(
                "INSERT INTO camera_links (id, chain_id, store_id, camera_a, camera_b, zone_a, zone_b, metres, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                link.id,
                chain_id,
                link.store_id,
                link.camera_a,
                link.camera_b,
                link.zone_a,
                link.zone_b,
                link.metres,
                link.created_at,
            )
    except asyncpg.UniqueViolationError:
        return False
    return True


async def remove_link(connection: TenantConnection, link_id: uuid.UUID) -> None:
    """Take it away; visits that were joined by it stay."""
    await connection.execute("DELETE FROM camera_links WHERE id = $1", link_id)
