"""Cameras, their last known state and their stream sessions."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from app.cameras.models import Camera, CameraStatus, StreamSession
from app.kit.errors import ConflictError, NotFoundError
from app.kit.postgres import Pool, TenantConnection

ACQUIRE_S = 5.0
_STATUS = (
    "state",
    "reason",
    "width",
    "height",
    "codec",
    "fps_in",
    "fps_analysed",
    "dropped",
    "reconnects",
    "last_frame_at",
    "reported_at",
)
_CAMERA = ("id", "store_id", "name", "url", "credentials", "analysis_fps", "enabled", "revision", "created_at", "floor")
_COLUMNS = ", ".join([f"c.{name}" for name in _CAMERA] + [f"s.{name} AS s_{name}" for name in _STATUS])
_SELECT = f"SELECT {_COLUMNS} FROM cameras c LEFT JOIN camera_status s ON s.camera_id = c.id WHERE c.deleted_at IS NULL"  # noqa: S608


def _camera(row: "asyncpg.Record") -> Camera:
    status = None if row["s_state"] is None else CameraStatus(**{name: row[f"s_{name}"] for name in _STATUS})
    return Camera(**{name: row[name] for name in _CAMERA}, status=status)


async def list_cameras(
    connection: TenantConnection, store_id: uuid.UUID | None, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Camera]:
    """Cameras in scope, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + " AND ($1::uuid IS NULL OR c.store_id = $1)"
        " AND ($2::timestamptz IS NULL OR (c.created_at, c.id) > ($2, $3)) ORDER BY c.created_at, c.id LIMIT $4",
        store_id,
        *(after or (None, None)),
        limit + 1,
    )
    return [_camera(row) for row in rows]


async def get_camera(connection: TenantConnection, camera_id: uuid.UUID, *, lock: bool = False) -> Camera:
    """One camera in scope; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + " AND c.id = $1" + (" FOR UPDATE OF c" if lock else ""), camera_id)
    if row is None:
        raise NotFoundError("There is no such camera, or you may not see it.")
    return _camera(row)


async def add_camera(connection: TenantConnection, chain_id: uuid.UUID, camera: Camera) -> None:
    """A new camera."""
    await connection.execute(
        "INSERT INTO cameras (id, chain_id, store_id, name, url, credentials, analysis_fps, enabled, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        camera.id,
        chain_id,
        camera.store_id,
        camera.name,
        camera.url,
        camera.credentials,
        camera.analysis_fps,
        camera.enabled,
        camera.created_at,
    )


async def change_camera(connection: TenantConnection, camera: Camera) -> None:
    """Store what may change of a camera, and raise its revision."""
    await connection.execute(
        "UPDATE cameras SET name = $2, url = $3, credentials = $4, analysis_fps = $5, enabled = $6, floor = $7,"
        " revision = revision + 1 WHERE id = $1",
        camera.id,
        camera.name,
        camera.url,
        camera.credentials,
        camera.analysis_fps,
        camera.enabled,
        camera.floor,
    )


async def remove_camera(connection: TenantConnection, camera_id: uuid.UUID, now: datetime) -> None:
    """Mark as removed; what it recorded stays."""
    await connection.execute("UPDATE cameras SET deleted_at = $2, revision = revision + 1 WHERE id = $1", camera_id, now)


async def list_sessions(
    connection: TenantConnection, camera_id: uuid.UUID, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[StreamSession]:
    """Stream sessions of a camera, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        "SELECT id, camera_id, epoch, status, reason, width, height, codec, started_at, ended_at FROM stream_sessions"
        " WHERE camera_id = $1 AND ($2::timestamptz IS NULL OR (started_at, id) < ($2, $3))"
        " ORDER BY started_at DESC, id DESC LIMIT $4",
        camera_id,
        *(before or (None, None)),
        limit + 1,
    )
    return [StreamSession(**dict(row)) for row in rows]


async def lease_cameras(
    pool: "Pool[asyncpg.Record]", worker_id: uuid.UUID, capacity: int, lease: timedelta, stores: list[uuid.UUID] | None = None,
    key_id: uuid.UUID | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Renew a worker's cameras and give it free ones: of these stores, or of every chain's that have no workers of their own.
    Rows as the function `lease_cameras` returns them. ConflictError where the worker spoke with another key within a lease."""
    query = "SELECT * FROM lease_cameras($1, $2, $3, $4, $5)"
    try:
        async with pool.acquire(timeout=ACQUIRE_S) as connection:
            rows = await connection.fetch(query, worker_id, capacity, lease, stores, key_id)
    except asyncpg.ObjectInUseError as error:
        raise ConflictError(
            "Another worker says that it is this one, with another key. Give each a state folder; after a new key wait 10 s."
        ) from error
    return [dict(row) for row in rows]


async def relayed_cameras(pool: "Pool[asyncpg.Record]", stores: list[uuid.UUID] | None = None) -> list[dict[str, Any]]:
    """Enabled RTSP cameras, of whom as `lease_cameras`; rows as the function `relayed_cameras` returns them."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        rows = await connection.fetch("SELECT * FROM relayed_cameras($1::uuid[])", stores)
    return [dict(row) for row in rows]


async def strangers_to(connection: TenantConnection, store_id: uuid.UUID, cameras: Sequence[uuid.UUID]) -> bool:
    """Whether one of these is no camera of the store."""
    here: int = await connection.fetchval(
        "SELECT count(*) FROM cameras WHERE store_id = $1 AND deleted_at IS NULL AND id = ANY ($2)", store_id, list(cameras)
    )
    return here != len(cameras)
