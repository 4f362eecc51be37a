"""Follows visits across cameras in stores whose re-identification switch is on, and forgets them in time.

Every pipeline process runs it for the stores whose shard it holds; all that it knows stands in the database, so any of them may
go on, and what one worked out is written only where no other one was faster. Where no store has the switch on nothing is read,
joined or written; a store's visits go within a look of its switch going off. A database that is away delays visits and loses none
that its tracks are there for.
"""

import asyncio
import math
import time
import uuid
from collections.abc import Callable, Collection
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Final

import asyncpg

from app.kit.ids import shard_of
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.perception.ground import Ground
from app.pipeline import metrics
from app.pipeline.shard import Setups
from app.pipeline.visit_repository import (
    UNDECIDED,
    forget_visits,
    passages_of,
    present,
    put_changes,
    short_transaction,
    tracks_of,
)
from app.visits.linking import predecessors, prepare
from app.visits.models import KEEP, KEEP_CLOSED, Passage, Track
from app.visits.visits import Changes, changes

LOOK_EVERY_S: Final = 10.0
FORGET_EVERY_S: Final = 60.0
JOIN_S: Final = 5.0

log = logger(__name__)
Store = tuple[uuid.UUID, uuid.UUID]
"""Chain, store."""


class Follower:
    """The visits of the stores whose shard this process holds."""

    def __init__(self, pool: "Pool[asyncpg.Record]", setups: Callable[[], Setups], shards: Callable[[], Collection[int]]) -> None:
        self._pool, self._setups, self._shards = pool, setups, shards
        self._followed: frozenset[Store] = frozenset()
        self._forgets_owed = 0
        self._forgotten_s = -math.inf
        self._last: Store | None = None
        # Not the executor that faces are matched in: a join that ran over its time goes on in its thread.
        self._threads = ThreadPoolExecutor(1, "visits")
        self._joining: Future[Changes] | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Look until stopped, through any outage."""
        while not stop.is_set():
            began = time.monotonic()
            try:
                await self.look()
            except Exception as error:  # a path is worth less than the alerts that this process raises
                _passed_over("visits are not followed for now", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(max(1.0, began + LOOK_EVERY_S - time.monotonic())):
                    await stop.wait()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def look(self) -> int:
        """Forget what is due, and look at each store of a held shard once; how many tracks were put to a visit.

        A look ends after LOOK_EVERY_S, so that a switch that goes off waits no longer for its visits to be forgotten; the next
        one goes on where it ended.
        """
        followed = frozenset((each.chain_id, each.store_id) for each in self._setups().values() if each.policy.re_identification)
        if self._followed - followed:
            # Twice: a transaction that began before the switch went off may write until after the first time.
            self._forgets_owed = 2
        self._followed = followed
        await self._forget()
        held = self._shards()
        mine = sorted(each for each in followed if shard_of(each[1]) in held)
        if mine:
            await asyncio.to_thread(prepare)
        put, began, last = 0, time.monotonic(), self._last
        for store in sorted(mine, key=lambda each: (last is not None and each <= last, each)):
            if self._busy() or time.monotonic() - began > LOOK_EVERY_S:
                break
            self._last = store
            try:
                put += await self._look_at(*store)
            except asyncpg.InsufficientPrivilegeError:  # its switch went off while we looked
                log.info("a store's visits are not followed any more", store=str(store[1]))
            except Exception as error:  # one store costs no other store its visits
                _passed_over("a store's visits are passed over", error, store=str(store[1]))
        return put

    async def _forget(self) -> None:
        """What is due. While it fails nothing is followed either."""
        if not self._forgets_owed and time.monotonic() - self._forgotten_s < FORGET_EVERY_S:
            return
        gone = await forget_visits(self._pool, KEEP, KEEP_CLOSED)
        if gone is not None:
            metrics.sightings_forgotten.inc(gone)
            self._forgotten_s, self._forgets_owed = time.monotonic(), max(0, self._forgets_owed - 1)

    async def _look_at(self, chain_id: uuid.UUID, store_id: uuid.UUID) -> int:
        floors = {each.camera_id: each.ground for each in self._setups().values() if each.store_id == store_id and each.ground}
        began = time.perf_counter()
        async with short_transaction(self._pool) as connection:
            at = await present(connection)
            tracks = await tracks_of(connection, store_id, at)
            passages = await passages_of(connection, store_id) if tracks else []
        if not tracks:
            return 0
        done = await self._join(tracks, passages, floors, (at - UNDECIDED).timestamp())
        written = not (done.put or done.dropped)
        if not written:
            async with short_transaction(self._pool) as connection:
                written = await put_changes(connection, chain_id, store_id, tracks, done)
        metrics.visits_look.observe(time.perf_counter() - began)
        return len(done.put) if written else 0

    async def _join(
        self, tracks: list[Track], passages: list[Passage], floors: dict[uuid.UUID, Ground], ended_after_s: float
    ) -> Changes:
        """TimeoutError after JOIN_S; see `_busy`."""
        self._joining = self._threads.submit(joined, tracks, passages, floors, ended_after_s)
        async with asyncio.timeout(JOIN_S):
            return await asyncio.wrap_future(self._joining)

    def _busy(self) -> bool:
        """Whether a join that nobody waits for any more still runs."""
        return self._joining is not None and not self._joining.done()


def _passed_over(what: str, error: Exception, **where: str) -> None:
    metrics.outages.labels("visits").inc()
    if isinstance(error, DATABASE_ERRORS):
        log.info(what, error=type(error).__name__, **where)
    else:
        log.error(what, exc_info=error, **where)


def joined(tracks: list[Track], passages: list[Passage], floors: dict[uuid.UUID, Ground], ended_after_s: float) -> Changes:
    """What the visits of these tracks become. CPU work: call it in a thread."""
    before = predecessors(tracks, passages, floors, ended_after_s)
    # Not our usual ids, which tell when they were made.
    return changes(tracks, before, [each.ended_s <= ended_after_s for each in tracks], uuid.uuid4)
