"""Keeps this process's galleries as the database has them: woken by NOTIFY, sure by a poll twice a second.

The poll asks for revisions alone; each chain is loaded by a task of its own. What was deleted, suspended or retired is gone from
memory with the next poll. What expires is refused by the clock at the decision, whatever is held. When the database has not
answered for `STALE_S` nothing is matched at all; a chain that stays behind its revision for as long is not matched alone.
"""

import asyncio
import time
import uuid
from contextlib import suppress
from typing import Final

import asyncpg

from app.identity.decision.thresholds import Calibrated
from app.identity.gallery import repository
from app.identity.gallery.following import ANSWER_S, STALE_S, FollowedChain
from app.identity.gallery.held import ChainGallery
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool

POLL_S: Final = 0.5
MOST_LOADS: Final = 2
"""Chains whose queries run at once: the pool's other connections are for leads, alerts and the poll."""

CHANNEL: Final = "gallery"

log = logger(__name__)


class Galleries:
    """The galleries of every chain this cell serves."""

    def __init__(self, pool: "Pool[asyncpg.Record]", vault: Vault) -> None:
        self._pool, self._vault = pool, vault
        self._chains: dict[uuid.UUID, FollowedChain] = {}
        self._places = asyncio.Semaphore(MOST_LOADS)
        self._woken = asyncio.Event()
        self._answered = -STALE_S
        self.calibrated: Calibrated = {}

    def of(self, chain_id: uuid.UUID) -> ChainGallery | None:
        """A chain's gallery; None without one that is up to date, and for all while the database has been silent too long."""
        if time.monotonic() - self._answered > STALE_S:
            return None
        chain = self._chains.get(chain_id)
        return None if chain is None else chain.current()

    def failed(self, chain_id: uuid.UUID) -> int:
        """How often a chain's gallery could not be read since it last could."""
        chain = self._chains.get(chain_id)
        return 0 if chain is None else chain.failures

    def __len__(self) -> int:
        return sum(len(chain.gallery) for chain in self._chains.values())

    def bytes(self) -> int:
        """Memory held for templates."""
        return sum(chain.gallery.bytes() for chain in self._chains.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until stopped, then wipe."""
        try:
            async with asyncio.TaskGroup() as group:
                listening = group.create_task(self._listen(stop))
                failing = False
                while not stop.is_set():
                    self._woken.clear()
                    try:
                        await self.refresh()
                        failing = False
                    except DATABASE_ERRORS as error:
                        if not failing:
                            log.warning("the gallery cannot be read; matching stops", error=str(error) or type(error).__name__)
                        failing = True
                    await _either(stop, self._woken, POLL_S)
                listening.cancel()
        finally:
            await self.close()

    async def refresh(self) -> None:
        """Learn every chain's revision, and let each that has another one be loaded."""
        asked = time.monotonic()
        async with asyncio.timeout(ANSWER_S), self._pool.acquire(timeout=ANSWER_S) as connection:
            current = await repository.revisions(connection)
            calibrated = await repository.calibrated(connection)
        if calibrated != self.calibrated:
            self.calibrated = calibrated
        self._answered = asked
        for chain_id in self._chains.keys() - current.keys():
            self._chains.pop(chain_id).close()
        for chain_id, revision in current.items():
            if chain_id not in self._chains:
                self._chains[chain_id] = FollowedChain(self._pool, self._vault, chain_id, self._places)
            self._chains[chain_id].follow(revision, asked)

    async def close(self) -> None:
        """Wipe everything; loads end first."""
        ending = [task for chain in self._chains.values() if (task := chain.close()) is not None]
        self._chains.clear()
        if ending:
            await asyncio.wait(ending, timeout=ANSWER_S)

    async def _listen(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            with suppress(*DATABASE_ERRORS):
                async with self._pool.acquire(timeout=ANSWER_S) as connection:
                    ended = asyncio.Event()
                    connection.add_termination_listener(lambda _connection, ended=ended: ended.set())
                    await connection.add_listener(CHANNEL, lambda *_notice: self._woken.set())
                    await _either(stop, ended, None)
            await _either(stop, None, 1.0)


async def _either(stop: asyncio.Event, other: asyncio.Event | None, seconds: float | None) -> None:
    waits = [asyncio.ensure_future(each.wait()) for each in (stop, other) if each is not None]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
