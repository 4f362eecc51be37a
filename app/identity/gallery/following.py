"""One chain's gallery, brought up to date by a task of its own: no other chain waits for its key provider or its size.

What may not be searched any more is taken out first, without the key; then the key's provider is asked, with no connection held;
then new templates are taken up, part by part. A revision that comes meanwhile begins anew with what is to be taken out.
"""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

import asyncpg

from app.identity.gallery import repository
from app.identity.gallery.held import ChainGallery, Listed, Rules, local_thresholds
from app.identity.gallery.repository import Entry, Kind, Seed
from app.identity.templates.protection import Rotation, open_seed
from app.kit.backoff import Backoff
from app.kit.errors import PennyError, UnavailableError
from app.kit.keys.provider import KeyLostError
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool

STALE_S: Final = 5.0
ANSWER_S: Final = 4.0
AGAIN: Final = Backoff(first_s=1.0, longest_s=15.0)
"""Before a revision that failed is tried again."""

log = logger(__name__)
Connection = asyncpg.pool.PoolConnectionProxy


class FollowedChain:
    """A chain's gallery and the task that loads it.

    Args:
        places: for loads of all chains, a step at a time.

    Attributes:
        failures: attempts that failed since the last one that did not.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", vault: Vault, chain_id: uuid.UUID, places: asyncio.Semaphore) -> None:
        self.gallery = ChainGallery()
        self._pool, self._vault, self._chain, self._places = pool, vault, chain_id, places
        self._wanted = self._confirmed = self._said = -1
        self._confirmed_at = self._not_before = -STALE_S
        self.failures = 0
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[dict[int, Rotation]] | None = None

    def current(self) -> ChainGallery | None:
        """The gallery; None until it was read once, while it cannot be read, and where it has been behind for `STALE_S`."""
        if self._confirmed < 0:
            return None
        behind = self._confirmed != self._wanted and time.monotonic() - self._confirmed_at > STALE_S
        return None if behind else self.gallery

    def follow(self, revision: int, asked: float) -> None:
        """Bring the gallery to the revision it had at `asked`, on the monotonic clock; at once where it is a new one."""
        if self._task is not None and self._task.done():
            task, self._task = self._task, None
            task.result()  # what nobody foresaw ends the process, as anywhere
        if revision != self._wanted:
            self._wanted, self._not_before = revision, asked
            self._changed.set()
        if self._confirmed == revision:
            self._confirmed_at = asked
        if self.gallery.revision != revision and self._task is None and asked >= self._not_before:
            self._task = asyncio.create_task(self._load())

    def close(self) -> asyncio.Task[None] | None:
        """Find nothing from now on, and wipe; the task that ends first, if there is one."""
        self._confirmed = -1
        if self._asking is not None:
            self._asking.cancel()
        if self._task is None or self._task.done():
            self.gallery.clear()
            return None
        self._task.add_done_callback(lambda _: self.gallery.clear())
        self._task.cancel()
        return self._task

    async def _load(self) -> None:
        """Until the newest revision is held, or it failed. What is wrong with a template or the key empties the gallery."""
        while self.gallery.revision != self._wanted:
            try:
                await self._bring()
            except (PennyError, ValueError) as error:
                self._confirmed = -1
                await _whole(self.gallery.clear)
                return self._fail(error)
            except DATABASE_ERRORS as error:
                return self._fail(error)
        self.failures, self._said = 0, -1
        return None

    def _fail(self, error: Exception) -> None:
        if not self._changed.is_set():  # a revision that came meanwhile waits for nothing
            self._not_before = time.monotonic() + AGAIN.delay_s(self.failures)
        self.failures += 1
        if self._said != self._wanted:  # said once a revision
            log.error("a gallery cannot be read; its chain is not matched", chain=str(self._chain), kind=type(error).__name__)
        self._said = self._wanted

    async def _bring(self) -> None:
        """One revision, or as much of it as was reached when the next came; what moved to another rotation is always found."""
        held, revision, began = self.gallery, self._wanted, time.monotonic()
        self._changed.clear()
        listed, seeds = await self._take_out()
        rotations = await self._opened(seeds)
        if rotations is None:
            return
        self._confirmed, self._confirmed_at = revision, began
        asked = {each.version for each in seeds}
        kept = {version: each for version, each in held.rules.rotations.items() if version not in asked}
        held.rules = replace(held.rules, rotations={**kept, **rotations})
        for kind, entries in listed.items():
            if not await self._take_up(kind, entries):
                return
        await _whole(held.forget_moved, listed)
        held.rules = replace(held.rules, rotations=rotations)
        held.revision = revision
        log.info("gallery read", chain=str(self._chain), templates=len(held))

    async def _take_out(self) -> tuple[Listed, list[Seed]]:
        """What may be searched, once everything else is out of memory; and the seeds of the rotations it needs."""
        held, chain = self.gallery, self._chain
        async with self._connection() as connection:
            kinds = await repository.kinds(connection, chain)
            listed = {kind: await repository.entries(connection, chain, kind) for kind in kinds}
            await _whole(held.keep_listed, listed)
            held.rules = Rules(
                tuple(await repository.assignments(connection, chain)),
                local_thresholds(await repository.thresholds(connection, chain)),
                await repository.suspended(connection, chain),
                held.rules.rotations,
            )
            needed = {kind.rotation for kind in kinds}
            return listed, [each for each in await repository.seeds(connection, chain) if each.version in needed]

    async def _take_up(self, kind: Kind, entries: Mapping[uuid.UUID, Entry]) -> bool:
        """Fetch and hold new templates; False where the gallery changed meanwhile, with at least one part taken up."""
        new = await asyncio.to_thread(self.gallery.missing, kind, entries)
        for first in range(0, len(new), repository.MOST_VECTORS):
            async with self._connection() as connection:
                part = new[first : first + repository.MOST_VECTORS]
                vectors = await repository.vectors(connection, self._chain, kind, part)
            await _whole(self.gallery.put, kind, entries, vectors)
            if self._changed.is_set():
                return False
        return True

    async def _opened(self, seeds: list[Seed]) -> dict[int, Rotation] | None:
        """Rotations by version; None where the gallery changed before the key's provider answered, who goes on being asked.

        An answer to an earlier revision's question only warms the vault: a key may have been destroyed since.
        """
        if self._asking is not None and await self._answer(self._asking) is None:
            return None
        self._asking = asyncio.create_task(self._open(seeds))
        return await self._answer(self._asking)

    async def _answer(self, asking: "asyncio.Task[dict[int, Rotation]]") -> dict[int, Rotation] | None:
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({asking, changed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            changed.cancel()
        if not asking.done():
            return None
        self._asking = None
        return asking.result()

    async def _open(self, seeds: list[Seed]) -> dict[int, Rotation]:
        """Those that templates need. One whose key is gone opens nothing: its templates are not searched any more."""
        opened = {}
        for seed in seeds:
            try:
                opened[seed.version] = await open_seed(self._vault, seed.rotation_id, seed.version, seed.sealed)
            except TimeoutError as error:  # of this chain's key provider: the database answers
                raise UnavailableError("The key of a chain's rotation does not answer.") from error
            except KeyLostError:
                log.error("a rotation cannot be opened; its templates are not searched", chain=str(self._chain))
        return opened

    @asynccontextmanager
    async def _connection(self) -> "AsyncIterator[Connection[asyncpg.Record]]":
        async with self._places, self._pool.acquire(timeout=ANSWER_S) as connection:
            yield connection


async def _whole(work: Callable[..., None], *arguments: object) -> None:
    """In a thread; a cancellation waits for its end, so that nobody else changes the gallery meanwhile."""
    done = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait([done])
        raise
