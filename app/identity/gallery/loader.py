"""Keeps this process's galleries as the database has them: woken by NOTIFY, sure by a poll twice a second.

What was deleted, suspended or retired is gone from memory with the next poll. What expires is refused by the clock at the
decision, whatever is held. When the database has not answered for `STALE_S` nothing is matched at all.
"""

import asyncio
import time
import uuid
from contextlib import suppress
from typing import Final

import asyncpg

from app.identity.decision.thresholds import Calibrated
from app.identity.gallery import repository
from app.identity.gallery.held import ChainGallery, Rules, local_thresholds
from app.identity.gallery.repository import Kind
from app.identity.templates.protection import Rotation, open_seed
from app.kit.errors import PennyError, UnavailableError
from app.kit.keys.provider import KeyLostError
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool

POLL_S: Final = 0.5
STALE_S: Final = 5.0
ANSWER_S: Final = 4.0
CHANNEL: Final = "gallery"

log = logger(__name__)


class Galleries:
    """The galleries of every chain this cell serves."""

    def __init__(self, pool: "Pool[asyncpg.Record]", vault: Vault) -> None:
        self._pool, self._vault = pool, vault
        self._chains: dict[uuid.UUID, ChainGallery] = {}
        self._woken = asyncio.Event()
        self._answered = -STALE_S
        self._failing: dict[uuid.UUID, int] = {}
        self.calibrated: Calibrated = {}

    def of(self, chain_id: uuid.UUID) -> ChainGallery | None:
        """A chain's gallery; None without one, and for all while the database has been silent too long."""
        if time.monotonic() - self._answered > STALE_S:
            return None
        return self._chains.get(chain_id)

    def __len__(self) -> int:
        return sum(len(gallery) for gallery in self._chains.values())

    def bytes(self) -> int:
        """Memory held for templates."""
        return sum(gallery.bytes() for gallery in self._chains.values())

    async def run(self, stop: asyncio.Event) -> None:
        """Poll until stopped, then wipe."""
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
        for gallery in self._chains.values():
            gallery.clear()
        self._chains.clear()

    async def refresh(self) -> None:
        """Bring every chain's gallery up to date."""
        asked = time.monotonic()
        async with self._pool.acquire(timeout=ANSWER_S) as connection:
            async with asyncio.timeout(ANSWER_S):
                current = await repository.revisions(connection)
                calibrated = await repository.calibrated(connection)
                if calibrated != self.calibrated:
                    self.calibrated = calibrated
            for chain_id in self._chains.keys() - current.keys():
                self._chains.pop(chain_id).clear()
            for chain_id, revision in current.items():
                gallery = self._chains.setdefault(chain_id, ChainGallery())
                if gallery.revision != revision:
                    await self._bring(connection, chain_id, gallery, revision)
        self._answered = asked

    async def _bring(
        self, connection: "repository.Connection[asyncpg.Record]", chain_id: uuid.UUID, held: ChainGallery, revision: int
    ) -> None:
        """Load one chain. What is wrong with its templates or its key stops its own matching, and nobody else's."""
        try:
            await self._load(connection, chain_id, held)
        except (PennyError, ValueError) as error:
            held.clear()
            if self._failing.get(chain_id) != revision:  # said once, tried again with every poll
                log.error("a gallery cannot be read; its chain is not matched", chain=str(chain_id), kind=type(error).__name__)
            self._failing[chain_id] = revision
        else:
            held.revision = revision
            self._failing.pop(chain_id, None)

    async def _load(self, connection: "repository.Connection[asyncpg.Record]", chain_id: uuid.UUID, held: ChainGallery) -> None:
        """What must no longer be found goes first; what moved to another rotation is found under one of them at any moment."""
        kinds = await repository.kinds(connection, chain_id)
        listed = {
            kind: {each.profile_id: each for each in await repository.entries(connection, chain_id, kind)} for kind in kinds
        }
        searched = {each for entries in listed.values() for each in entries}
        for kind in held.kinds():
            await asyncio.to_thread(held.forget, held.known(kind) - searched)
        rotations = await self._rotations(connection, chain_id, kinds)
        held.rules = Rules(
            tuple(await repository.assignments(connection, chain_id)),
            local_thresholds(await repository.thresholds(connection, chain_id)),
            await repository.suspended(connection, chain_id),
            {**held.rules.rotations, **rotations},
        )
        for kind, entries in listed.items():
            held.entries.update({each: entry for each, entry in entries.items() if each in held.entries})
            new = sorted(entries.keys() - held.known(kind))
            if new:
                vectors = await repository.vectors(connection, chain_id, kind, new)
                await asyncio.to_thread(held.put, kind, entries, vectors)
        for kind in held.kinds():
            await asyncio.to_thread(held.forget, held.known(kind) - listed.get(kind, {}).keys(), kind)
        held.rules.rotations = rotations
        log.info("gallery read", chain=str(chain_id), templates=len(held))

    async def _rotations(
        self, connection: "repository.Connection[asyncpg.Record]", chain_id: uuid.UUID, kinds: list[Kind]
    ) -> dict[int, Rotation]:
        """Those that templates need. One whose key is gone opens nothing: its templates are not searched any more."""
        opened = {}
        for seed in await repository.seeds(connection, chain_id):
            if any(kind.rotation == seed.version for kind in kinds):
                try:
                    opened[seed.version] = await open_seed(self._vault, seed.rotation_id, seed.version, seed.sealed)
                except TimeoutError as error:  # of this chain's key provider: the database answers
                    raise UnavailableError("The key of a chain's rotation does not answer.") from error
                except KeyLostError:
                    log.error("a rotation cannot be opened; its templates are not searched", chain=str(chain_id))
        return opened

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
