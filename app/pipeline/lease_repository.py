"""SQL of the shard leases: who lives, who holds what, and the checkpoint a new holder starts from."""

import uuid
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from app.kit.postgres import Pool
from app.pipeline.leases import LEASE_S, fair_share
from app.pipeline.shard import Positions
from app.pipeline.transaction_repository import bounded_transaction

LEASE = timedelta(seconds=LEASE_S)


@dataclass(frozen=True, slots=True)
class Grant:
    """A shard this process now holds, and where its last holder stopped."""

    shard: int
    token: int
    positions: Positions
    rule_state: bytes


@dataclass(frozen=True, slots=True)
class Review:
    """What a look at the leases showed.

    Attributes:
        kept: shards still held, renewed.
        excess: of these, what a fair share hands back.
        granted: shards newly held.
    """

    kept: frozenset[int]
    excess: tuple[int, ...]
    granted: tuple[Grant, ...]


async def review_leases(pool: "Pool[asyncpg.Record]", me: uuid.UUID, tokens: dict[int, int]) -> Review:
    """Say that this pipeline lives, renew what it holds by (shard, token), and take what its fair share still lacks."""
    async with bounded_transaction(pool) as connection:
        await connection.execute(
            "INSERT INTO pipelines (id, expires_at) VALUES ($1, now() + $2)"
            " ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at",
            me,
            LEASE,
        )
        await connection.execute("DELETE FROM pipelines WHERE expires_at < now() - interval '1 minute'")
        live = await connection.fetch("SELECT id FROM pipelines WHERE expires_at > now()")
        renewed = await connection.fetch(
            "WITH held AS (SELECT shard FROM shard_leases WHERE shard = ANY($1::smallint[]) AND owner = $3"
            " ORDER BY shard FOR UPDATE)"
            " UPDATE shard_leases l SET expires_at = now() + $4"
            " FROM held JOIN unnest($1::smallint[], $2::bigint[]) AS mine(shard, token) ON mine.shard = held.shard"
            " WHERE l.shard = held.shard AND l.token = mine.token AND l.owner = $3 RETURNING l.shard",
            list(tokens),
            list(tokens.values()),
            me,
            LEASE,
        )
        kept = frozenset(row["shard"] for row in renewed)
        share = fair_share(str(me), [str(row["id"]) for row in live], sorted(kept))
        granted = await _take(connection, me, share.take) if share.take else ()
        return Review(kept, share.release, granted)


async def _take(connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", me: uuid.UUID, most: int) -> tuple[Grant, ...]:
    """Free or run-out shards; one that another transaction has locked is left to it."""
    rows = await connection.fetch(
        "UPDATE shard_leases SET owner = $1, token = token + 1, expires_at = now() + $2 WHERE shard IN ("
        "SELECT shard FROM shard_leases WHERE owner IS NULL OR expires_at < now() ORDER BY shard LIMIT $3 FOR UPDATE SKIP LOCKED)"
        " RETURNING shard, token",
        me,
        LEASE,
        most,
    )
    tokens = {row["shard"]: row["token"] for row in rows}
    stored = await connection.fetch(
        "SELECT shard, frames_id, tracklets_id, health_id, rule_state FROM checkpoints WHERE shard = ANY($1::smallint[])",
        list(tokens),
    )
    known = {row["shard"]: row for row in stored}
    return tuple(
        Grant(shard, token, _positions(known.get(shard)), known[shard]["rule_state"] if shard in known else b"")
        for shard, token in tokens.items()
    )


def _positions(row: "asyncpg.Record | None") -> Positions:
    return Positions() if row is None else Positions(row["frames_id"], row["tracklets_id"], row["health_id"])


async def release_leases(pool: "Pool[asyncpg.Record]", me: uuid.UUID, tokens: dict[int, int], *, leaving: bool = False) -> None:
    """Hand shards back at once; `leaving`: also stop counting as a live pipeline."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        await connection.execute(
            "UPDATE shard_leases l SET owner = NULL, expires_at = '-infinity'"
            " FROM unnest($1::smallint[], $2::bigint[]) AS mine(shard, token)"
            " WHERE l.shard = mine.shard AND l.token = mine.token AND l.owner = $3",
            list(tokens),
            list(tokens.values()),
            me,
        )
        if leaving:
            await connection.execute("DELETE FROM pipelines WHERE id = $1", me)
