"""SQL of replay: how a store's rules are set, what was kept of its cameras, what was raised."""

import uuid
from datetime import datetime

import asyncpg

from app.kit.postgres import TenantConnection
from app.pipeline.configuration import CameraRow, RuleRow, ZoneRow

Pieces = list[tuple[uuid.UUID, bytes]]


async def configuration(
    connection: TenantConnection, store_id: uuid.UUID, camera_id: uuid.UUID | None
) -> tuple[list[CameraRow], list[ZoneRow], list[RuleRow]]:
    """The store's cameras, or one of them, with zones and rules."""
    cameras = await connection.fetch(
        "SELECT c.id, c.chain_id, c.store_id, s.timezone FROM cameras c JOIN stores s ON s.id = c.store_id"
        " WHERE c.store_id = $1 AND ($2::uuid IS NULL OR c.id = $2) AND c.deleted_at IS NULL ORDER BY c.id",
        store_id,
        camera_id,
    )
    zones = await connection.fetch(
        "SELECT id, camera_id, kind, polygon FROM zones WHERE store_id = $1 AND deleted_at IS NULL", store_id
    )
    rules = await connection.fetch(
        "SELECT store_id, camera_id, zone_id, kind, enabled, parameters, cool_down_s, opens_incident"
        " FROM rules WHERE store_id = $1",
        store_id,
    )
    return (
        [CameraRow(row["id"], row["chain_id"], row["store_id"], True, timezone=row["timezone"]) for row in cameras],
        [ZoneRow(row["id"], row["camera_id"], row["kind"], row["polygon"]) for row in zones],
        [RuleRow(*row) for row in rules],
    )


async def pieces(connection: TenantConnection, cameras: list[uuid.UUID], since: datetime, until: datetime) -> Pieces:
    """What was kept of these cameras, by camera in time, of pieces begun from `since` up to `until`."""
    rows = await connection.fetch(
        "SELECT camera_id, series FROM rule_series WHERE camera_id = ANY ($1::uuid[]) AND started_at >= $2 AND started_at < $3"
        " ORDER BY camera_id, started_at, epoch",
        cameras,
        since,
        until,
    )
    return [(row["camera_id"], row["series"]) for row in rows]


async def frames_kept(connection: TenantConnection, cameras: list[uuid.UUID], since: datetime, until: datetime) -> int:
    """How many frames those pieces have."""
    found: int = await connection.fetchval(
        "SELECT coalesce(sum(frames), 0)::bigint FROM rule_series WHERE camera_id = ANY ($1::uuid[]) AND started_at >= $2"
        " AND started_at < $3",
        cameras,
        since,
        until,
    )
    return found


async def kept_since(connection: TenantConnection, cameras: list[uuid.UUID]) -> datetime | None:
    """Since when something was kept of any of these cameras."""
    found: datetime | None = await connection.fetchval(
        "SELECT min(started_at) FROM rule_series WHERE camera_id = ANY ($1::uuid[])", cameras
    )
    return found


async def raised(
    connection: TenantConnection, cameras: list[uuid.UUID], kind: str, since: datetime, until: datetime
) -> tuple[int, int]:
    """(alerts, occurrences) that were raised."""
    row: asyncpg.Record | None = await connection.fetchrow(
        "SELECT count(*) AS alerts, coalesce(sum(occurrences), 0)::bigint AS occurrences FROM alerts"
        " WHERE camera_id = ANY ($1::uuid[]) AND kind = $2 AND raised_at >= $3 AND raised_at < $4",
        cameras,
        kind,
        since,
        until,
    )
    return (0, 0) if row is None else (row["alerts"], row["occurrences"])
