"""Audit rows of views that ended. A viewer's leaving cancels whatever served it, so a writer of its own writes them."""

import asyncio
import time
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.dashboard import counters
from app.kit.backoff import Backoff
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantScope, tenant_transaction

MOST_WAITING = 10_000
AT_ONCE = 100
LAST_S = 3.0
TRY_S = 8.0
BACKOFF = Backoff(first_s=0.2, longest_s=5.0)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """One camera that somebody watches live, from the row of its beginning on."""

    who: Principal
    camera_id: uuid.UUID
    store_id: uuid.UUID
    began_s: float

    @classmethod
    def of(cls, who: Principal, camera_id: uuid.UUID, store_id: uuid.UUID) -> Self:
        """A view that begins now."""
        return cls(who, camera_id, store_id, time.monotonic())


class Endings:
    """Writes the row of each view's end, in order, through outages of the database."""

    def __init__(self, pool: "Pool[asyncpg.Record]") -> None:
        self._pool = pool
        self._waiting: deque[tuple[uuid.UUID, AuditEntry]] = deque()
        self._arrived = asyncio.Event()

    def note(self, view: View) -> None:
        """The view ended now. Never waits; beyond `MOST_WAITING` the oldest is given up and counted."""
        who = view.who
        if who.chain_id is None:
            return  # nobody without a chain sees a camera
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            counters.endings_lost.inc()
        details = {"seconds": round(time.monotonic() - view.began_s, 1)}
        entry = AuditEntry(Act.LIVE_VIEW_ENDED, who.kind, who.id, who.chain_id, view.store_id, "camera", view.camera_id, details)
        self._waiting.append((who.chain_id, entry))
        self._arrived.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Write until stopped."""
        failures = 0
        while not stop.is_set():
            try:
                async with asyncio.timeout(TRY_S):
                    await self._write()
                failures = 0
            except DATABASE_ERRORS as error:
                if not failures:
                    log.warning("the ends of views wait for the database", error=str(error) or type(error).__name__)
                await _pause(stop, BACKOFF.delay_s(failures))
                failures += 1
                continue
            self._arrived.clear()
            if not self._waiting:
                await _first(stop, self._arrived)

    async def finish(self) -> None:
        """What still waits when everybody was let go, as far as a few seconds allow."""
        try:
            async with asyncio.timeout(LAST_S):
                await self._write()
        except DATABASE_ERRORS as error:
            counters.endings_lost.inc(len(self._waiting))
            log.warning("ends of views were not written", count=len(self._waiting), error=str(error) or type(error).__name__)

    async def _write(self) -> None:
        while self._waiting:
            chain = self._waiting[0][0]
            entries = [entry for of, entry in list(self._waiting)[:AT_ONCE] if of == chain]
            async with tenant_transaction(self._pool, TenantScope(chain)) as connection:
                for entry in entries:
                    await audit.append(connection, entry)
            written = set(map(id, entries))
            self._waiting = deque(each for each in self._waiting if id(each[1]) not in written)


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _first(*events: asyncio.Event) -> None:
    """Until one of them is set."""
    tasks = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
