"""The escalating loop: wakes snoozed alerts and moves those that nobody reacts to. Runs beside each dispatcher; one leads.

What is due is decided by the database's clock alone, so that hosts with other clocks cannot disagree. A step is a
compare-and-set in the transaction that renews the lease: a crash leaves none of it or all of it.
"""

import asyncio
from contextlib import suppress
from datetime import datetime

import asyncpg

from app.alerts.escalation import next_step
from app.alerts.rota.models import RotaEntry
from app.kit.backoff import Backoff
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.pipeline import metrics
from app.pipeline.escalation_repository import Candidate, candidates, leading, leave_lease, rotas, take_step

POLL_S = 1.0
BATCH = 200
BACKOFF = Backoff(first_s=0.5, longest_s=5.0)

log = logger(__name__)


class Escalator:
    """One escalating loop."""

    def __init__(self, pool: "Pool[asyncpg.Record]") -> None:
        self.pool = pool
        self.me = new_id()

    async def run(self, stop: asyncio.Event) -> None:
        """Work until stopped, through any outage of the database."""
        failures = 0
        while not stop.is_set():
            try:
                await self.advance()
                failures, pause = 0, POLL_S
            except DATABASE_ERRORS as error:
                if not failures:
                    log.warning("cannot escalate", error=str(error) or type(error).__name__)
                metrics.outages.labels("escalator").inc()
                pause = BACKOFF.delay_s(failures)
                failures += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await stop.wait()
        with suppress(*DATABASE_ERRORS):
            async with asyncio.timeout(2):
                await leave_lease(self.pool, self.me)

    async def advance(self, at: datetime | None = None) -> int:
        """Take every step that is due at `at`, by default the database's present; how many. 0 where another loop leads."""
        taken = 0
        async with leading(self.pool, self.me) as connection:
            if connection is None:
                return 0
            moment: datetime = at or await connection.fetchval("SELECT clock_timestamp()")
            found = await candidates(connection, moment, BATCH)
            known = await rotas(connection, list({each.chain_id for each in found})) if found else {}
            for each in found:
                step = next_step(each.waiting, _rota_of(each, known.get(each.chain_id, [])), moment)
                if step is not None and await take_step(connection, each, step, moment):
                    taken += 1
                    metrics.escalation_steps.labels("escalated" if step.escalates else "woken").inc()
        return taken


def _rota_of(alert: Candidate, entries: list[RotaEntry]) -> list[RotaEntry]:
    """The entries that concern the alert's store."""
    return [entry for entry in entries if entry.region_id is None or entry.region_id == alert.region_id]
