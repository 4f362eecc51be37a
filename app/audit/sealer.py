"""The sealer: chains unsealed audit rows within a second, anchors the heads outside the database, and verifies now and then.

Several may run; a lease and the row lock of each sealing transaction make one of them write. A crash loses nothing: a row is
deleted in the transaction that seals it.
"""

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import asyncpg

from app.audit import metrics
from app.audit.anchors import Anchors
from app.audit.ledger_repository import Head, heads_of, leave_lease, oldest_unsealed_s, open_ledgers, reading, seal_batch
from app.audit.places import open_anchors
from app.audit.verify import verify_all
from app.kit.backoff import Backoff
from app.kit.errors import PennyError, SetupError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.opening import until_open
from app.kit.operations import serve_operations
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.settings import Settings

POLL_S = 0.2
BATCH = 2000
ANCHOR_S = 60.0
ANCHOR_LIMIT_S = 120.0
LAST_S = 3.0
BACKOFF = Backoff(first_s=0.2, longest_s=3.0)

log = logger(__name__)


@dataclass(slots=True)
class Times:
    """How often what is done, seconds."""

    anchor_s: float = ANCHOR_S
    verify_s: float = 3600.0


class Sealer:
    """One sealing process."""

    def __init__(self, pool: "Pool[asyncpg.Record]", anchors: Anchors, times: Times) -> None:
        self.pool = pool
        self.anchors = anchors
        self.times = times
        self.me = new_id()
        self.leads = False
        self._anchored: dict[uuid.UUID, Head] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Seal until stopped, through any outage of the database."""
        failures = 0
        while not stop.is_set():
            try:
                rows = await self.seal()
                failures = 0
            except DATABASE_ERRORS as error:
                if not failures:
                    log.warning("cannot seal the audit", error=str(error) or type(error).__name__)
                metrics.outages.labels("database").inc()
                self._lead(False)
                await _pause(stop, BACKOFF.delay_s(failures))
                failures += 1
                continue
            if rows < BATCH:
                await _pause(stop, POLL_S)

    async def seal(self) -> int:
        """Chain what waits; how many rows."""
        waited_s = await oldest_unsealed_s(self.pool)
        metrics.oldest_unsealed.set(waited_s or 0.0)
        if self.leads and waited_s is None:
            return 0
        sealed = await seal_batch(self.pool, self.me, BATCH)
        self._lead(sealed is not None)
        if sealed is None:
            return 0
        metrics.sealed.inc(sealed.rows)
        for lag in sealed.lags_s:
            metrics.lag.observe(max(0.0, lag))
        return sealed.rows

    def _lead(self, leads: bool) -> None:
        if leads != self.leads:
            log.info("this sealer leads" if leads else "another sealer leads, or the database is away")
        self.leads = leads
        metrics.leading.set(leads)

    async def keep_anchoring(self, stop: asyncio.Event) -> None:
        """Anchor new heads every minute while leading."""
        while not stop.is_set():
            await _pause(stop, self.times.anchor_s)
            if self.leads:
                await self.anchor()

    async def anchor(self) -> None:
        """Write the heads that moved; a failure is told and tried again next time."""
        try:
            async with asyncio.timeout(ANCHOR_LIMIT_S):
                async with reading(self.pool) as connection:
                    heads = await heads_of(connection)
                moved = [head for head in heads if self._anchored.get(head.ledger) != head]
                if moved:
                    await self.anchors.write(moved)
                    self._anchored |= {head.ledger: head for head in moved}
                    metrics.anchored.inc()
        except (*DATABASE_ERRORS, PennyError) as error:
            metrics.outages.labels("anchors").inc()
            log.warning("the audit's heads could not be anchored", where=self.anchors.where, error=str(error))

    async def keep_verifying(self, stop: asyncio.Event) -> None:
        """Verify every ledger at the start and then each hour, while leading."""
        while not stop.is_set():
            await _pause(stop, min(5.0, self.times.verify_s))
            if not self.leads:
                continue
            try:
                findings = await verify_all(self.pool, self.anchors, record=True)
                metrics.broken.set(sum(finding.broken is not None for finding in findings))
            except (*DATABASE_ERRORS, PennyError) as error:
                metrics.outages.labels("verify").inc()
                log.warning("the audit could not be verified", error=str(error))
            await _pause(stop, self.times.verify_s)

    async def leave(self) -> None:
        """Seal and anchor what there is, and let go of the lease; as far as a few seconds allow."""
        with suppress(*DATABASE_ERRORS):
            async with asyncio.timeout(LAST_S):
                if self.leads:
                    await self.seal()
                    await self.anchor()
                    await leave_lease(self.pool, self.me)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run the sealer until `stop`; survives restarts of PostgreSQL and of the anchors' store.

    Raises:
        SetupError: DATABASE_URL is not set.
    """
    if not settings.database_dsn:
        raise SetupError("DATABASE_URL is not set; the sealer needs a database with the role pennyprotect_sealer.")
    pool = await until_open(partial(open_ledgers, settings.database_dsn, largest=3), stop)
    if pool is None:
        return
    sealer = Sealer(pool, open_anchors(settings), Times())
    try:
        async with serve_operations(settings.metrics, settings.home, "sealer"), asyncio.TaskGroup() as group:
            group.create_task(sealer.run(stop))
            group.create_task(sealer.keep_anchoring(stop))
            group.create_task(sealer.keep_verifying(stop))
        await sealer.leave()
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await pool.close()
