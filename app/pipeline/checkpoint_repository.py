"""SQL of a checkpoint: positions, rule state and everything they caused, in one transaction guarded by the fencing tokens."""

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from app.kit.postgres import Pool
from app.pipeline.alert_repository import change_alerts, raise_alerts
from app.pipeline.camera_repository import detections_rows, series_rows, session_rows, statuses_rows
from app.pipeline.leases import LEASE_S
from app.pipeline.occurrences import latest
from app.pipeline.pending import Pending
from app.pipeline.shard import Positions
from app.pipeline.transaction_repository import bounded_transaction

Connection = asyncpg.pool.PoolConnectionProxy
LEASE = timedelta(seconds=LEASE_S)
REFUSED_ROW = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError, ValueError, ArithmeticError)
"""A row that will never be written: the database says so, or the driver, which cannot put a value into its bytes."""


class StaleLeaseError(Exception):
    """Another pipeline holds these shards by now; nothing was written.

    `tokens`: by shard, the token that was presented and is not the present one. The shard may be held anew by a later one.
    """

    def __init__(self, tokens: Mapping[int, int]) -> None:
        super().__init__(f"the lease of shards {sorted(tokens)} has moved")
        self.tokens = tokens


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
    async with bounded_transaction(pool) as connection:
        await _positions(connection, owner, commits)
        alerts = [row for each in commits for row in each.pending.alerts]
        begun, changed = latest(alerts)
        raised: list[uuid.UUID] = []
        writer = _Writer(connection, apart)
        await writer.write(lambda at, rows: raise_alerts(at, rows, raised), begun)
        await writer.write(change_alerts, changed)
        await writer.write(detections_rows, [row for each in commits for row in each.pending.detections])
        await writer.write(series_rows, [row for each in commits for row in each.pending.series])
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
            except REFUSED_ROW as error:
                self.refused.append(str(error))


async def _positions(connection: "Connection[asyncpg.Record]", owner: uuid.UUID, commits: Sequence[ShardCommit]) -> None:
    """Positions and rule state of shards that are held by these tokens, and their leases renewed; else StaleLeaseError."""
    # Locked in order first: two pipelines that commit overlapping shards wait for each other instead of dead-locking.
    rows = await connection.fetch(
        "WITH given AS (SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bytea[])"
        " AS g(shard, token, frames_id, tracklets_id, health_id, rule_state)),"
        " locked AS (SELECT shard FROM shard_leases WHERE shard = ANY($1) ORDER BY shard FOR UPDATE),"
        " held AS (UPDATE shard_leases l SET expires_at = greatest(l.expires_at, now() + $8)"
        " FROM locked JOIN given ON given.shard = locked.shard"
        " WHERE l.shard = locked.shard AND l.token = given.token AND l.owner = $7 RETURNING l.shard)"
        " INSERT INTO checkpoints (shard, token, frames_id, tracklets_id, health_id, rule_state, committed_at)"
        " SELECT given.*, now() FROM given JOIN held ON held.shard = given.shard"
        " ON CONFLICT (shard) DO UPDATE SET token = excluded.token, frames_id = excluded.frames_id,"
        " tracklets_id = excluded.tracklets_id, health_id = excluded.health_id, rule_state = excluded.rule_state,"
        " committed_at = excluded.committed_at RETURNING shard",
        [each.shard for each in commits],
        [each.token for each in commits],
        [each.positions.frames for each in commits],
        [each.positions.tracklets for each in commits],
        [each.positions.health for each in commits],
        [each.rule_state for each in commits],
        owner,
        LEASE,
    )
    held = {row["shard"] for row in rows}
    stale = {each.shard: each.token for each in commits if each.shard not in held}
    if stale:
        raise StaleLeaseError(stale)
