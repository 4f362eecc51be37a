"""SQL of watched promotions."""

import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Final

import asyncpg

from app.contracts.models import ModelSums
from app.kit.postgres import Pool, TenantConnection
from app.models.models import Pointer
from app.models.readings.models import Sums
from app.models.readings.repository import summed
from app.models.watch.models import Limits, Watch

ACQUIRE_S: Final = 5.0
_MINUTES: Final = (
    "WITH of_it AS (SELECT * FROM model_readings WHERE model = $1 AND version = $2 AND span = 'minute' AND since >= $3"
    " AND since < $4 AND camera_id NOT IN (SELECT id FROM cameras WHERE store_id = ANY ((SELECT stores_with_workers())::uuid[])))"
)
"""Workers that stand in a store ask a Triton of their own, and nothing but the released version: they follow no pointer."""

_EACH: Final = " SELECT sum(frames)::bigint AS frames, sum(failures)::bigint AS failures FROM of_it GROUP BY since"
_SUMS: Final = " SELECT " + summed(ModelSums) + " FROM of_it"  # noqa: S608 - names of fields
_WATCH: Final = (
    "SELECT model, stable, candidate, share, previous, changed_at, limits, watched_until, reason, away_at FROM model_pointers "
)


async def watched(pool: "Pool[asyncpg.Record]") -> list[tuple[uuid.UUID, str]]:
    """(chain, model) of every pointer that is watched now."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        return [(row["chain_id"], row["model"]) for row in await connection.fetch("SELECT * FROM watched_model_pointers()")]


async def every(connection: TenantConnection) -> list[tuple[Pointer, Watch]]:
    """Every pointer that was ever moved, as it is watched: of one moment, since a watcher may move it between two queries."""
    rows = await connection.fetch(_WATCH + "ORDER BY model")
    names = ("model", "stable", "candidate", "share", "previous")
    return [(Pointer(**{name: row[name] for name in names}), _watch(row)) for row in rows]


async def get(connection: TenantConnection, model: str) -> Watch | None:
    """Of a pointer that was ever moved."""
    row = await connection.fetchrow(_WATCH + "WHERE model = $1", model)
    return None if row is None else _watch(row)


def _watch(row: "asyncpg.Record") -> Watch:
    return Watch(row["changed_at"], Limits.of(row["limits"]), row["watched_until"], row["reason"], row["away_at"])


async def note_away(connection: TenantConnection, model: str) -> None:
    """The version before the promoted one does not answer now."""
    await connection.execute("UPDATE model_pointers SET away_at = now() WHERE model = $1", model)


async def put(connection: TenantConnection, model: str, limits: Limits, until: datetime | None, reason: str) -> None:
    """Of a pointer that was moved in this transaction."""
    query = "UPDATE model_pointers SET limits = $2, watched_until = $3, reason = $4 WHERE model = $1"
    await connection.execute(query, model, asdict(limits), until, reason[:500])


async def sums(connection: TenantConnection, model: str, version: int, since: datetime, until: datetime) -> Sums:
    """What a version answered in the whole minutes between, over the cameras that follow the pointer."""
    row = await connection.fetchrow(_MINUTES + _SUMS, model, version, since, until)
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    return Sums(**dict(row))


async def minutes(
    connection: TenantConnection, model: str, version: int, since: datetime, until: datetime
) -> list[tuple[int, int]]:
    """(answers, failures) of each minute of the same."""
    rows = await connection.fetch(
        _MINUTES + _EACH,
        model, version, since, until,
    )  # fmt: skip
    return [(row["frames"], row["failures"]) for row in rows]
