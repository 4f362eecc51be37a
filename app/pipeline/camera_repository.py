"""SQL of what a checkpoint writes about cameras: tracklets, stream sessions, status."""

import base64
from typing import Any

import asyncpg

from app.contracts.tracked import CameraHealth, CameraState, TrackletClosed
from app.kit.clock import from_us
from app.kit.ids import new_id
from app.pipeline.configuration import CameraSetup
from app.pipeline.health import SESSION_STATUS
from app.pipeline.occurrences import detection_id
from app.pipeline.outbox_repository import Told, announce
from app.pipeline.pending import Status
from app.pipeline.series import SeriesRow

Connection = asyncpg.pool.PoolConnectionProxy


async def detections_rows(connection: "Connection[asyncpg.Record]", rows: list[tuple[CameraSetup, TrackletClosed]]) -> None:
    """Insert tracklets; one that is there already stays."""
    await connection.execute(
        "INSERT INTO ai_detections (id, chain_id, store_id, camera_id, epoch, track_id, started_at, ended_at, frames, mean_score,"
        " width, height, boxes)"
        " SELECT id, chain_id, store_id, camera_id, epoch, track_id, started_at, ended_at, frames, mean_score, width, height,"
        " decode(boxes, 'base64') FROM jsonb_to_recordset($1) AS given(id uuid, chain_id uuid, store_id uuid, camera_id uuid,"
        " epoch bigint, track_id numeric, started_at timestamptz, ended_at timestamptz, frames integer, mean_score real,"
        " width integer, height integer, boxes text) ON CONFLICT DO NOTHING",
        [
            {
                "id": detection_id(setup.camera_id, tracklet.epoch, tracklet.track_id),
                "chain_id": setup.chain_id,
                "store_id": setup.store_id,
                "camera_id": setup.camera_id,
                "epoch": tracklet.epoch,
                "track_id": tracklet.track_id,
                "started_at": from_us(tracklet.started_at_us),
                "ended_at": from_us(tracklet.ended_at_us),
                "frames": tracklet.frames,
                "mean_score": tracklet.mean_score,
                "width": tracklet.width,
                "height": tracklet.height,
                "boxes": base64.b64encode(tracklet.boxes).decode(),
            }
            for setup, tracklet in rows
        ],
    )


async def series_rows(connection: "Connection[asyncpg.Record]", rows: list[tuple[CameraSetup, SeriesRow]]) -> None:
    """Insert what rules measured; a piece that is there already stays."""
    await connection.executemany(
        "INSERT INTO rule_series (camera_id, epoch, started_at, chain_id, store_id, ended_at, frames, samples, series)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        [
            (setup.camera_id, row.epoch, from_us(row.started_at_us), setup.chain_id, setup.store_id, from_us(row.ended_at_us),
             row.frames, row.samples, row.series)
            for setup, row in rows
        ],
    )  # fmt: skip


async def session_rows(connection: "Connection[asyncpg.Record]", rows: list[tuple[CameraSetup, CameraHealth]]) -> None:
    """LIVE opens or continues the epoch's session; any other state ends it. One that ended stays so: every return is a new epoch.

    A new epoch ends an older one that nobody ended (its worker is gone) when the camera was last heard of, as its status says,
    which is written after this. Epoch 0 is a worker that has seen no picture yet: it opens nothing; what is open is another's.
    """
    for setup, health in rows:
        at = from_us(health.at_us)
        live = health.state is CameraState.LIVE
        await connection.execute(
            "UPDATE stream_sessions SET status = $4, reason = $5, ended_at = greatest(started_at, CASE WHEN epoch = $2 THEN $3"
            " ELSE least($3, (SELECT reported_at FROM camera_status WHERE camera_id = $1)) END)"
            " WHERE camera_id = $1 AND ended_at IS NULL AND (epoch < $2 OR $2 = 0 OR (epoch = $2 AND NOT $6))",
            setup.camera_id,
            health.epoch,
            at,
            "ended" if live else SESSION_STATUS[health.state],
            "" if live else health.reason,
            live,
        )
        if live and health.epoch > 0:
            await connection.execute(
                "INSERT INTO stream_sessions (id, chain_id, store_id, camera_id, epoch, status, width, height, codec, started_at)"
                " VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9) ON CONFLICT (camera_id, epoch) DO UPDATE SET"
                " status = 'active', reason = '', width = excluded.width, height = excluded.height, codec = excluded.codec"
                " WHERE stream_sessions.ended_at IS NULL",
                new_id(),
                setup.chain_id,
                setup.store_id,
                setup.camera_id,
                health.epoch,
                health.width,
                health.height,
                health.codec,
                at,
            )


async def statuses_rows(connection: "Connection[asyncpg.Record]", rows: list[Status]) -> None:
    """Write cameras' latest health, and announce what viewers must hear."""
    values = [_status_values(row) for row in rows]
    await connection.execute(
        "INSERT INTO camera_status (camera_id, chain_id, store_id, state, reason, width, height, codec, fps_in, fps_analysed,"
        " dropped, reconnects, last_frame_at, reported_at)"
        " SELECT * FROM jsonb_to_recordset($1) AS given(camera_id uuid, chain_id uuid, store_id uuid, state text, reason text,"
        " width integer, height integer, codec text, fps_in real, fps_analysed real, dropped bigint, reconnects integer,"
        " last_frame_at timestamptz, reported_at timestamptz)"
        " ON CONFLICT (camera_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, width = excluded.width,"
        " height = excluded.height, codec = excluded.codec, fps_in = excluded.fps_in, fps_analysed = excluded.fps_analysed,"
        " dropped = excluded.dropped, reconnects = excluded.reconnects, last_frame_at = excluded.last_frame_at,"
        " reported_at = excluded.reported_at",
        values,
    )
    await announce(
        connection,
        "camera-status",
        [
            Told(row.setup.chain_id, row.setup.store_id, {name: value for name, value in each.items() if name != "chain_id"})
            for row, each in zip(rows, values, strict=True)
            if row.changed
        ],
    )


def _status_values(row: Status) -> dict[str, Any]:
    health = row.health
    return {
        "camera_id": row.setup.camera_id,
        "chain_id": row.setup.chain_id,
        "store_id": row.setup.store_id,
        "state": str(health.state),
        "reason": health.reason,
        "width": health.width,
        "height": health.height,
        "codec": health.codec,
        "fps_in": health.fps_in,
        "fps_analysed": health.fps_analysed,
        "dropped": health.dropped,
        "reconnects": health.reconnects,
        "last_frame_at": from_us(health.last_frame_at_us) if health.last_frame_at_us > 0 else None,
        "reported_at": from_us(health.at_us),
    }
