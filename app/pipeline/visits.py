"""Follows visits across cameras in stores whose re-identification switch is on, and forgets them in time.

Every pipeline process runs it; a store is looked at by one of them at a time, and all that it knows stands in the database, so
any of them may go on. Where no store has the switch on nothing is read, joined or written; a store's visits go within a look of
its switch going off. A database that is away delays visits and loses none that its tracks are there for.
"""

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import asyncpg

from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.perception.ground import Ground
from app.pipeline import metrics
from app.pipeline.shard import Setups
from app.pipeline.visit_repository import (
    UNDECIDED,
    forget_visits,
    looking_at,
    passages_of,
    present,
    put_changes,
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
    """The visits of the stores that one process knows."""

    def __init__(self, pool: "Pool[asyncpg.Record]", setups: Callable[[], Setups]) -> None:
        self._pool, self._setups = pool, setups
        self._followed: set[Store] = set()
        self._forgotten_s = -FORGET_EVERY_S

    async def run(self, stop: asyncio.Event) -> None:
        """Look until stopped, through any outage."""
        while not stop.is_set():
            try:
                await self.look()
            except DATABASE_ERRORS as error:
                metrics.outages.labels("visits").inc()
                log.info("visits are not followed for now", error=type(error).__name__)
            except Exception:  # a path is worth less than the alerts that this process raises
                metrics.outages.labels("visits").inc()
                log.exception("visits cannot be followed")
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()

    async def look(self) -> int:
        """Look at every store once, and forget what is due; how many tracks were put to a visit."""
        followed = {(each.chain_id, each.store_id) for each in self._setups().values() if each.policy.re_identification}
        ended, self._followed = self._followed - followed, followed
        if ended or time.monotonic() - self._forgotten_s >= FORGET_EVERY_S:
            self._forgotten_s = time.monotonic()
            metrics.sightings_forgotten.inc(await forget_visits(self._pool, KEEP, KEEP_CLOSED))
        if followed:
            await asyncio.to_thread(prepare)
        put = 0
        for store in sorted(followed):
            try:
                put += await self._look_at(*store)
            except asyncpg.InsufficientPrivilegeError:  # its switch went off while we looked
                log.info("a store's visits are not followed any more", store=str(store[1]))
        return put

    async def _look_at(self, chain_id: uuid.UUID, store_id: uuid.UUID) -> int:
        floors = {each.camera_id: each.ground for each in self._setups().values() if each.store_id == store_id and each.ground}
        began = time.perf_counter()
        async with looking_at(self._pool, store_id) as connection:
            if connection is None:
                return 0
            at = await present(connection)
            tracks = await tracks_of(connection, store_id, at)
            if not tracks:
                return 0
            passages = await passages_of(connection, store_id)
            async with asyncio.timeout(JOIN_S):
                done = await asyncio.to_thread(joined, tracks, passages, floors, (at - UNDECIDED).timestamp())
            await put_changes(connection, chain_id, store_id, tracks, done)
        metrics.visits_look.observe(time.perf_counter() - began)
        return len(done.put)


def joined(tracks: list[Track], passages: list[Passage], floors: dict[uuid.UUID, Ground], ended_after_s: float) -> Changes:
    """What the visits of these tracks become. CPU work: call it in a thread."""
    before = predecessors(tracks, passages, floors, ended_after_s)
    return changes(tracks, before, [each.ended_s <= ended_after_s for each in tracks], new_id)
