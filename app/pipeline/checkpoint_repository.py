"""SQL of a checkpoint: positions, rule state and everything they caused, in one transaction guarded by the fencing tokens."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from app.kit.postgres import Pool
from app.pipeline.camera_repository import detections_rows, session_rows, statuses_rows
from app.pipeline.leases import LEASE_S
from app.pipeline.occurrences import AlertRow, changed_message, latest, raised_message
from app.pipeline.outbox_repository import Told, announce
from app.pipeline.shard import Pending, Positions
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
        await writer.write(detections_rows, [row for each in commits for row in each.pending.detections])
        for row in (row for each in commits for row in each.pending.sessions):
            await writer.write(session_rows, [row])
        await writer.write(statuses_rows, [row for each in commits for row in each.pending.statuses.values()])
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
    await announce(
        connection,
        "alert-raised",
        [Told(row.chain_id, row.alert.store_id, raised_message(row), row.trace_parent) for row in rows if row.alert.id in new],
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
        " explanation = given.explanation, track_ids = given.track_ids, epoch = given.epoch,"
        " changed_at = greatest(a.changed_at, given.raised_at)"
        " FROM jsonb_to_recordset($1) AS given(id uuid, score real, explanation jsonb, track_ids numeric[], epoch bigint,"
        " ended_at timestamptz, raised_at timestamptz) WHERE a.id = given.id RETURNING a.id, a.state, a.raised_at, a.changed_at",
        [_alert_values(row) for row in rows],
    )
    stored = {row["id"]: row for row in updated}
    await announce(
        connection,
        "alert-changed",
        [
            Told(row.chain_id, row.alert.store_id, _changed(row, found), row.trace_parent)
            for row in rows
            if (found := stored.get(row.alert.id)) is not None
        ],
    )


def _changed(row: AlertRow, found: asyncpg.Record) -> dict[str, Any]:
    return changed_message(row, found["state"], found["raised_at"], found["changed_at"])
