"""SQL of a checkpoint: positions, rule state and everything they caused, in one transaction guarded by the fencing tokens."""

import base64
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from app.contracts.tracked import CameraHealth, CameraState
from app.kit.clock import from_us
from app.kit.ids import new_id
from app.kit.postgres import Pool
from app.pipeline.configuration import CameraSetup
from app.pipeline.health import SESSION_STATUS
from app.pipeline.leases import LEASE_S
from app.pipeline.occurrences import AlertRow, changed_message, detection_id, latest, raised_message
from app.pipeline.shard import Pending, Positions, Status
from app.pipeline.transaction_repository import bound_transaction

Connection = asyncpg.pool.PoolConnectionProxy
LEASE = timedelta(seconds=LEASE_S)


class StaleLeaseError(Exception):
    """Another pipeline holds these shards by now; nothing was written."""

    def __init__(self, shards: frozenset[int]) -> None:
        super().__init__(f"the lease of shards {sorted(shards)} has moved")
        self.shards = shards


@dataclass(frozen=True, slots=True)
class ShardCommit:
    """What one shard's checkpoint writes."""

    shard: int
    token: int
    positions: Positions
    rule_state: bytes
    pending: Pending


@dataclass(frozen=True, slots=True)
class Written:
    """What a commit did: alerts that are new, and rows the database refused (only when written apart)."""

    raised: tuple[uuid.UUID, ...]
    refused: tuple[str, ...]


async def commit(
    pool: "Pool[asyncpg.Record]", owner: uuid.UUID, commits: Sequence[ShardCommit], *, apart: bool = False
) -> Written:
    """Write all of it, or nothing.

    `apart` puts each row into a savepoint of its own, so that one the database refuses (its camera is gone) costs only itself.

    Raises:
        StaleLeaseError: a token is not the present one.
        asyncpg.PostgresError, OSError, TimeoutError: not known to be written; writing it again is safe.
    """
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        await _guard(connection, owner, commits)
        await _positions(connection, commits)
        alerts = [row for each in commits for row in each.pending.alerts]
        begun, changed = latest(alerts)
        raised: list[uuid.UUID] = []
        writer = _Writer(connection, apart)
        await writer.write(lambda at, rows: _raise(at, rows, raised), begun)
        await writer.write(_change, changed)
        await writer.write(_detections, [row for each in commits for row in each.pending.detections])
        for row in (row for each in commits for row in each.pending.sessions):
            await writer.write(_session, [row])
        await writer.write(_statuses, [row for each in commits for row in each.pending.statuses.values()])
        return Written(tuple(raised), tuple(writer.refused))


class _Writer:
    def __init__(self, connection: "Connection[asyncpg.Record]", apart: bool) -> None:
        self.connection = connection
        self.apart = apart
        self.refused: list[str] = []

    async def write(self, write: "Callable[[Connection[asyncpg.Record], list[Any]], Awaitable[None]]", rows: list[Any]) -> None:
        if not rows:
            return
        if not self.apart:
            await write(self.connection, rows)
            return
        for row in rows:
            try:
                async with self.connection.transaction():
                    await write(self.connection, [row])
            except (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError) as error:
                self.refused.append(str(error))


async def _guard(connection: "Connection[asyncpg.Record]", owner: uuid.UUID, commits: Sequence[ShardCommit]) -> None:
    await bound_transaction(connection)
    shards, tokens = [each.shard for each in commits], [each.token for each in commits]
    # Locked in order first: two pipelines that commit overlapping shards wait for each other instead of dead-locking.
    rows = await connection.fetch(
        "WITH held AS (SELECT shard FROM shard_leases WHERE shard = ANY($1::smallint[]) ORDER BY shard FOR UPDATE)"
        " UPDATE shard_leases l SET expires_at = greatest(l.expires_at, now() + $4)"
        " FROM held JOIN unnest($1::smallint[], $2::bigint[]) AS mine(shard, token) ON mine.shard = held.shard"
        " WHERE l.shard = held.shard AND l.token = mine.token AND l.owner = $3 RETURNING l.shard",
        shards,
        tokens,
        owner,
        LEASE,
    )
    stale = frozenset(shards) - {row["shard"] for row in rows}
    if stale:
        raise StaleLeaseError(stale)


async def _positions(connection: "Connection[asyncpg.Record]", commits: Sequence[ShardCommit]) -> None:
    await connection.execute(
        "INSERT INTO checkpoints (shard, token, frames_id, tracklets_id, health_id, rule_state, committed_at)"
        " SELECT *, now() FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[])"
        " ON CONFLICT (shard) DO UPDATE SET token = excluded.token, frames_id = excluded.frames_id,"
        " tracklets_id = excluded.tracklets_id, health_id = excluded.health_id, rule_state = excluded.rule_state,"
        " committed_at = excluded.committed_at",
        [each.shard for each in commits],
        [each.token for each in commits],
        [each.positions.frames for each in commits],
        [each.positions.tracklets for each in commits],
        [each.positions.health for each in commits],
        [each.rule_state for each in commits],
    )


async def _raise(connection: "Connection[asyncpg.Record]", rows: list[AlertRow], raised: list[uuid.UUID]) -> None:
    """Insert what is new; only that is announced."""
    inserted = await connection.fetch(
        "INSERT INTO alerts (id, chain_id, store_id, camera_id, zone_id, kind, threat, score, threshold, explanation, track_ids,"
        " epoch, started_at, ended_at, raised_at, changed_at)"
        " SELECT id, chain_id, store_id, camera_id, zone_id, kind, threat, score, threshold, explanation, track_ids, epoch,"
        " started_at, ended_at, raised_at, raised_at FROM jsonb_to_recordset($1) AS given(id uuid, chain_id uuid, store_id uuid,"
        " camera_id uuid, zone_id uuid, kind text, threat text, score real, threshold real, explanation jsonb,"
        " track_ids numeric[], epoch bigint, started_at timestamptz, ended_at timestamptz, raised_at timestamptz)"
        " ON CONFLICT (id) DO NOTHING RETURNING id",
        [_alert_values(row) for row in rows],
    )
    new = {row["id"] for row in inserted}
    raised.extend(new)
    await _announce(
        connection,
        "alert-raised",
        [(row.chain_id, row.alert.store_id, raised_message(row)) for row in rows if row.alert.id in new],
    )


def _alert_values(row: AlertRow) -> dict[str, Any]:
    alert = row.alert
    return {
        "id": alert.id,
        "chain_id": row.chain_id,
        "store_id": alert.store_id,
        "camera_id": alert.camera_id,
        "zone_id": alert.zone_id,
        "kind": alert.kind,
        "threat": alert.threat,
        "score": alert.score,
        "threshold": alert.threshold,
        "explanation": alert.explanation,
        "track_ids": list(alert.track_ids),
        "epoch": alert.epoch,
        "started_at": alert.started_at,
        "ended_at": alert.ended_at,
        "raised_at": alert.raised_at,
    }


async def _change(connection: "Connection[asyncpg.Record]", rows: list[AlertRow]) -> None:
    """Bring alerts of acts that go on up to date, whatever people have done with them meanwhile."""
    updated = await connection.fetch(
        "UPDATE alerts a SET ended_at = greatest(a.ended_at, given.ended_at), score = given.score,"
        " explanation = given.explanation, track_ids = given.track_ids, changed_at = given.raised_at"
        " FROM jsonb_to_recordset($1) AS given(id uuid, score real, explanation jsonb, track_ids numeric[], ended_at timestamptz,"
        " raised_at timestamptz) WHERE a.id = given.id RETURNING a.id, a.state, a.raised_at",
        [_alert_values(row) for row in rows],
    )
    now = {row["id"]: row for row in updated}
    await _announce(
        connection,
        "alert-changed",
        [
            (row.chain_id, row.alert.store_id, changed_message(row, now[row.alert.id]["state"], now[row.alert.id]["raised_at"]))
            for row in rows
            if row.alert.id in now
        ],
    )


async def _announce(
    connection: "Connection[asyncpg.Record]", kind: str, messages: list[tuple[uuid.UUID, uuid.UUID, dict[str, Any]]]
) -> None:
    if messages:
        await connection.execute(
            "INSERT INTO outbox (id, chain_id, store_id, kind, payload)"
            " SELECT id, chain_id, store_id, $1, payload"
            " FROM jsonb_to_recordset($2) AS given(id uuid, chain_id uuid, store_id uuid, payload jsonb)",
            kind,
            [
                {"id": new_id(), "chain_id": chain_id, "store_id": store_id, "payload": payload}
                for chain_id, store_id, payload in messages
            ],
        )


async def _detections(connection: "Connection[asyncpg.Record]", rows: list[tuple[CameraSetup, Any]]) -> None:
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


async def _session(connection: "Connection[asyncpg.Record]", rows: list[tuple[CameraSetup, CameraHealth]]) -> None:
    """LIVE opens or continues the epoch's session; any other state ends whatever is open."""
    for setup, health in rows:
        at = from_us(health.at_us)
        live = health.state is CameraState.LIVE
        await connection.execute(
            "UPDATE stream_sessions SET status = $4, reason = $5, ended_at = greatest(started_at, $3)"
            " WHERE camera_id = $1 AND ended_at IS NULL AND (epoch < $2 OR (epoch = $2 AND NOT $6))",
            setup.camera_id,
            health.epoch,
            at,
            "ended" if live else SESSION_STATUS[health.state],
            "" if live else health.reason,
            live,
        )
        if live:
            await connection.execute(
                "INSERT INTO stream_sessions (id, chain_id, store_id, camera_id, epoch, status, width, height, codec, started_at)"
                " VALUES ($1, $2, $3, $4, $5, 'active', $6, $7, $8, $9) ON CONFLICT (camera_id, epoch) DO UPDATE SET"
                " status = 'active', reason = '', ended_at = NULL, width = excluded.width, height = excluded.height,"
                " codec = excluded.codec",
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


async def _statuses(connection: "Connection[asyncpg.Record]", rows: list[Status]) -> None:
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
    await _announce(
        connection,
        "camera-status",
        [
            (row.setup.chain_id, row.setup.store_id, {name: value for name, value in each.items() if name != "chain_id"})
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
