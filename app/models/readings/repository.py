"""SQL of what workers measured."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import asyncpg
import msgspec

from app.contracts.models import Disagreement, ModelReading, ModelReport, ShadowReading
from app.kit.clock import from_us
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool

MINUTES_KEPT: Final = timedelta(hours=6)
HOURS_KEPT: Final = timedelta(days=35)
STILLS_KEPT: Final = timedelta(days=7)
MOST_STILLS_KEPT: Final = 60
"""Of one shadow run: the newest."""
FORGET_EVERY_S: Final = 600.0
ACQUIRE_S: Final = 5.0

log = logger(__name__)


async def note_report(pool: "Pool[asyncpg.Record]", report: ModelReport) -> None:
    """Add a report's sums to what is known, in one transaction."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection, connection.transaction():
        if report.readings:
            await connection.execute("SELECT note_model_readings($1)", _rows(report.readings))
        if report.shadows:
            await connection.execute("SELECT note_model_comparisons($1)", _rows(report.shadows))
        for each in report.disagreements:
            await _keep(connection, each)


async def _keep(connection: "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]", each: Disagreement) -> None:
    await connection.execute(
        "SELECT keep_model_disagreement($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        new_id(), each.camera_id, each.model, each.version, each.against, from_us(each.captured_at_us), each.only_old,
        each.only_new, each.likeness, each.still, MOST_STILLS_KEPT,
    )  # fmt: skip


def _rows(several: Sequence[ModelReading | ShadowReading]) -> object:
    return msgspec.to_builtins(several)


async def forget_old(pool: "Pool[asyncpg.Record]") -> int:
    """Delete what is too old, of every chain; how many rows."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        query = "SELECT forget_model_readings($1, $2, $3)"
        return int(await connection.fetchval(query, MINUTES_KEPT, HOURS_KEPT, STILLS_KEPT) or 0)


async def keep_forgetting(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """`forget_old` now and then until `stop`."""
    while not stop.is_set():
        try:
            await forget_old(pool)
        except DATABASE_ERRORS as error:
            log.warning("old readings of models are not deleted now", error=str(error) or type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), FORGET_EVERY_S)
