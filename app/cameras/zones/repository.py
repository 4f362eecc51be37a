"""Zones of a camera."""

import uuid
from datetime import datetime

import asyncpg

from app.cameras.zones.models import Zone, ZoneKind
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

MOST_ZONES = 200
"""Of one camera; the list is one page."""
_SELECT = "SELECT id, store_id, camera_id, name, kind, polygon, created_at FROM zones WHERE deleted_at IS NULL AND camera_id = $1"


def _zone(row: "asyncpg.Record") -> Zone:
    polygon = tuple((float(x), float(y)) for x, y in row["polygon"])
    kind = ZoneKind(row["kind"])
    return Zone(row["id"], row["store_id"], row["camera_id"], row["name"], kind, polygon, row["created_at"])


async def list_zones(connection: TenantConnection, camera_id: uuid.UUID) -> list[Zone]:
    """Zones of a camera in scope, oldest first."""
    rows = await connection.fetch(_SELECT + " ORDER BY created_at, id LIMIT $2", camera_id, MOST_ZONES)
    return [_zone(row) for row in rows]


async def get_zone(connection: TenantConnection, camera_id: uuid.UUID, zone_id: uuid.UUID, *, lock: bool = False) -> Zone:
    """One zone in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + " AND id = $2" + (" FOR UPDATE" if lock else ""), camera_id, zone_id)
    if row is None:
        raise NotFoundError("There is no such zone, or you may not see it.")
    return _zone(row)


async def add_zone(connection: TenantConnection, chain_id: uuid.UUID, zone: Zone) -> None:
    """A new zone."""
    await connection.execute(
        "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        zone.id,
        chain_id,
        zone.store_id,
        zone.camera_id,
        zone.name,
        zone.kind.value,
        [list(point) for point in zone.polygon],
        zone.created_at,
    )


async def change_zone(connection: TenantConnection, zone: Zone) -> None:
    """Store what may change of a zone."""
    await connection.execute(
        "UPDATE zones SET name = $2, kind = $3, polygon = $4 WHERE id = $1",
        zone.id,
        zone.name,
        zone.kind.value,
        [list(point) for point in zone.polygon],
    )


async def remove_zone(connection: TenantConnection, zone_id: uuid.UUID, now: datetime) -> None:
    """Mark as removed; alerts that name it stay."""
    await connection.execute("UPDATE zones SET deleted_at = $2 WHERE id = $1", zone_id, now)
