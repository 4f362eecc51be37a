"""Privacy masks of a camera."""

import uuid
from datetime import datetime

import asyncpg

from app.cameras.masks.models import Mask, RemovedMask
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

MOST_MASKS = 50
"""Of one camera; the list is one page, and every heartbeat carries it."""
_SELECT = (
    "SELECT id, store_id, camera_id, name, polygon, created_at FROM privacy_masks WHERE deleted_at IS NULL AND camera_id = $1"
)


def _mask(row: "asyncpg.Record") -> Mask:
    polygon = tuple((float(x), float(y)) for x, y in row["polygon"])
    return Mask(row["id"], row["store_id"], row["camera_id"], row["name"], polygon, row["created_at"])


async def list_masks(connection: TenantConnection, camera_id: uuid.UUID) -> list[Mask]:
    """Masks of a camera in scope, oldest first."""
    rows = await connection.fetch(_SELECT + " ORDER BY created_at, id LIMIT $2", camera_id, MOST_MASKS)
    return [_mask(row) for row in rows]


async def get_mask(connection: TenantConnection, camera_id: uuid.UUID, mask_id: uuid.UUID, *, lock: bool = False) -> Mask:
    """One mask in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + " AND id = $2" + (" FOR UPDATE" if lock else ""), camera_id, mask_id)
    if row is None:
        raise NotFoundError("There is no such mask, or you may not see it.")
    return _mask(row)


async def add_mask(connection: TenantConnection, chain_id: uuid.UUID, mask: Mask) -> None:
    """A new mask."""
    await connection.execute(
        "INSERT INTO privacy_masks (id, chain_id, store_id, camera_id, name, polygon, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        mask.id,
        chain_id,
        mask.store_id,
        mask.camera_id,
        mask.name,
        [list(point) for point in mask.polygon],
        mask.created_at,
    )


async def change_mask(connection: TenantConnection, mask: Mask) -> None:
    """Store what may change of a mask."""
    await connection.execute(
        "UPDATE privacy_masks SET name = $2, polygon = $3 WHERE id = $1", mask.id, mask.name, [list(p) for p in mask.polygon]
    )


async def remove_mask(connection: TenantConnection, mask_id: uuid.UUID, by: uuid.UUID, now: datetime) -> None:
    """Mark as removed."""
    await connection.execute("UPDATE privacy_masks SET deleted_at = $2, deleted_by = $3 WHERE id = $1", mask_id, now, by)


async def removed_masks(connection: TenantConnection, camera_id: uuid.UUID, since: datetime) -> list[RemovedMask]:
    """Masks of a camera in scope that were taken away since, the last one first."""
    rows = await connection.fetch(
        "SELECT m.id, m.store_id, m.camera_id, m.name, m.polygon, m.created_at, m.deleted_at, u.username FROM privacy_masks m"
        " LEFT JOIN users u ON u.id = m.deleted_by WHERE m.camera_id = $1 AND m.deleted_at >= $2"
        " ORDER BY m.deleted_at DESC, m.id LIMIT $3",
        camera_id,
        since,
        MOST_MASKS,
    )
    return [RemovedMask(_mask(row), row["deleted_at"], row["username"]) for row in rows]
