"""Reads tracklets of `ai_detections`."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.contracts.wire import as_floats
from app.dashboard.detections.models import Tracklet
from app.kit.postgres import TenantConnection

_PLAIN = ("id", "store_id", "camera_id", "epoch", "started_at", "ended_at", "frames", "mean_score", "width", "height")


@dataclass(frozen=True, slots=True)
class TrackletFilter:
    """What a list of tracklets is narrowed to; None: not."""

    store_id: uuid.UUID | None = None
    camera_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


def _tracklet(row: "asyncpg.Record") -> Tracklet:
    raw = row["boxes"][: len(row["boxes"]) // 20 * 20]
    return Tracklet(**{name: row[name] for name in _PLAIN}, track_id=int(row["track_id"]), boxes=as_floats(raw, -1, 5))


async def list_tracklets(
    connection: TenantConnection, wanted: TrackletFilter, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Tracklet]:
    """Tracklets in scope, newest first; one more than `limit` when there are more. `since` prunes partitions."""
    rows = await connection.fetch(
        "SELECT id, store_id, camera_id, epoch, track_id, started_at, ended_at, frames, mean_score, width, height, boxes"
        " FROM ai_detections WHERE ($1::uuid IS NULL OR store_id = $1) AND ($2::uuid IS NULL OR camera_id = $2)"
        " AND started_at >= coalesce($3::timestamptz, '-infinity') AND started_at < coalesce($4::timestamptz, 'infinity')"
        " AND ($5::timestamptz IS NULL OR (started_at, id) < ($5, $6::uuid)) ORDER BY started_at DESC, id DESC LIMIT $7",
        wanted.store_id,
        wanted.camera_id,
        wanted.since,
        wanted.until,
        *(before or (None, None)),
        limit + 1,
    )
    return [_tracklet(row) for row in rows]
