"""Counts how high strangers score, and measures thresholds on those counts. Nothing of a single stranger is kept anywhere.

Counts of fewer than `TOGETHER` tracks are never written: what stands in the database is of many people at once.
"""

import asyncio
import time
import uuid
from collections.abc import Mapping
from typing import Final

import asyncpg

from app.identity.decision.strangers import LEAST_SEARCHES, StrangerScores, calibrate_strangers
from app.identity.decision.tail import threshold_for
from app.identity.decision.thresholds import WANTED_FPIR, details_of
from app.kit.errors import BadInputError
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.pipeline import metrics
from app.pipeline import stranger_repository as repository
from app.pipeline.probes import Seen, Tracklet
from app.pipeline.shard import Setups
from app.pipeline.stranger_repository import Made

TOGETHER: Final = 50
MOST_PLACES: Final = 5_000
WRITE_EVERY_S: Final = 60.0
MEASURE_EVERY_S: Final = 3600.0
WITHIN_DAYS: Final = 28
MOVED: Final = 0.0005
"""A threshold that a new measurement moves by less stands."""

Place = tuple[uuid.UUID, uuid.UUID, str, str]
"""Chain, store, model, version."""

log = logger(__name__)


class Strangers:
    """The counts of one process since they were last written."""

    def __init__(self) -> None:
        self._counts: dict[Place, StrangerScores] = {}

    def note(self, gone: list[tuple[Tracklet, Seen]], setups: Setups) -> None:
        """Tracks that ended; those that were a lead are judged by reviewers instead."""
        for tracklet, seen in gone:
            setup = setups.get(tracklet[0])
            if setup is None or seen.told or not seen.templates:
                continue
            place = (setup.chain_id, setup.store_id, *seen.model)
            if place in self._counts or len(self._counts) < MOST_PLACES:
                self._counts.setdefault(place, StrangerScores()).note(seen.top, seen.templates)

    def take(self) -> Mapping[Place, StrangerScores]:
        """What is to be written; too few wait for more."""
        ready = {place: counts for place, counts in self._counts.items() if counts.searches >= TOGETHER}
        for place in ready:
            del self._counts[place]
        return ready


async def keep_counting(pool: "Pool[asyncpg.Record]", strangers: Strangers, stop: asyncio.Event) -> None:
    """Write counts each minute and measure each hour, until stopped. A database that is away loses counts, never an alert."""
    measured_s = time.monotonic() - MEASURE_EVERY_S + WRITE_EVERY_S
    while not stop.is_set():
        try:
            for place, counts in strangers.take().items():
                await repository.add_counts(pool, place, counts)
            if time.monotonic() - measured_s > MEASURE_EVERY_S:
                measured_s = time.monotonic()
                await measure(pool)
        except DATABASE_ERRORS as error:
            metrics.outages.labels("strangers").inc()
            log.info("counts of strangers were lost", error=type(error).__name__)
        try:
            await asyncio.wait_for(stop.wait(), WRITE_EVERY_S)
        except TimeoutError:
            continue


async def measure(pool: "Pool[asyncpg.Record]") -> int:
    """Calibrate every chain and model version on its strangers; how many thresholds were written. Old counts go.

    No connection is held while the tails are fitted. Two processes that measure at once write one row: the second finds that the
    threshold it began with no longer stands.
    """
    async with pool.acquire(timeout=5) as connection:
        await repository.forget_counts(connection)
        waiting = await repository.to_measure(connection, LEAST_SEARCHES, WITHIN_DAYS)
    return sum([await _measure(pool, *each) for each in waiting])


async def _measure(pool: "Pool[asyncpg.Record]", chain_id: uuid.UUID, model: str, version: str, before: float | None) -> bool:
    async with pool.acquire(timeout=5) as connection:
        days = await repository.counts_of(connection, chain_id, model, version, WITHIN_DAYS)
        false = await repository.false_leads(connection, chain_id, model, version, WITHIN_DAYS)
    try:
        found = await asyncio.to_thread(calibrate_strangers, days, false)
    except BadInputError as error:
        log.info("strangers do not give a tail yet", chain=str(chain_id), reason=str(error))
        return False
    threshold = threshold_for(found, 1, WANTED_FPIR).high
    if before is not None and abs(before - threshold) <= MOVED:
        return False
    details = details_of(found, WANTED_FPIR) | {"measured_on": "strangers", "within_days": WITHIN_DAYS}
    async with pool.acquire(timeout=5) as connection:
        return await repository.add_calibration(
            connection, Made(chain_id, model, version, WANTED_FPIR, threshold, details), before
        )
