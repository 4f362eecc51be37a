"""Where a version is put so that every Triton finds it: the folder that they read, or a store that theirs follow."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from app.kit.errors import PennyError
from app.kit.logs import logger
from app.models.admission.checking import UNKNOWN, Digests
from app.models.folder import ModelFolder
from app.models.models import POSE_MODEL
from app.models.shared.level import bring_level, check_store
from app.models.shared.store import TRIALS, VERSIONS, SharedVersions

REACHES_S: Final = 90.0
"""For what is in the store to reach every Triton's folder."""

log = logger(__name__)


class Placement:
    """Puts trials and versions in place, and takes them away.

    Args:
        folder: of this service; where there is no store, every Triton reads it.
        keys: folder of the public keys that may sign packages.
    """

    def __init__(self, folder: ModelFolder, keys: Path, shared: SharedVersions | None) -> None:
        self._folder, self._keys, self.shared = folder, keys, shared

    async def open_trial(self, model: str, number: int, staged: Path) -> str:
        """The name under which Tritons can load it, once they see it."""
        if self.shared is not None:
            await asyncio.to_thread(self._folder.begin, model)
            await self.shared.publish(TRIALS, model, number, staged)
            async with self._folder.locked():
                await self.level()
            return f"trial_{number}"
        return await asyncio.to_thread(self._folder.open_trial, model, number, staged)

    async def close_trial(self, model: str, number: int) -> None:
        """Gone for every Triton; a store that is away is told later (`clear`)."""
        try:
            if self.shared is not None:
                with _told_later("trial", model, number):
                    await self.shared.withdraw(TRIALS, model, number)
                    await self.shared.sweep()
        finally:
            await asyncio.to_thread(self._folder.close_trial, number)

    async def join(self, model: str, number: int, staged: Path) -> None:
        """A tried version among the served ones. With the folder's lock."""
        if self.shared is None:
            return await asyncio.to_thread(self._folder.join, model, number)
        await self.shared.publish(VERSIONS, model, number, staged)
        try:
            await self.level()
        except BaseException:
            with _told_later("version", model, number):
                await asyncio.shield(self.leave(model, number))
            raise

    async def leave(self, model: str, number: int) -> None:
        """Out of the served ones, here whatever the store says. With the folder's lock. ObjectStoreError."""
        try:
            if self.shared is not None:
                await self.shared.withdraw(VERSIONS, model, number)
        finally:
            await asyncio.to_thread(self._folder.leave, model, number)

    async def withdraw(self, model: str, number: int) -> None:
        """No Triton takes the version from the store any more; one that is away is told later (`clear`)."""
        if self.shared is not None:
            with _told_later("version", model, number):
                await self.shared.withdraw(VERSIONS, model, number)

    async def level(self, pushed: Digests = UNKNOWN) -> None:
        """This service's folder as the store says; nothing without one. What lies there stays unchecked. With its lock."""
        if self.shared is not None:
            for model in {POSE_MODEL, *(each for each, _ in pushed)}:
                await asyncio.to_thread(self._folder.begin, model)
            await bring_level(self.shared, self._folder, self._keys, pushed, admits=False)

    async def look_again(self, pushed: Digests, *, whole: bool) -> None:
        """Is what this service has still whole in the store, or at least the package that was pushed? With the folder's lock."""
        if self.shared is not None:
            await check_store(self.shared, self._folder, self._keys, pushed, whole=whole)

    async def clear(self, known: Collection[tuple[str, int]]) -> None:
        """Withdraw what pushes and refusals could not: versions that are not `known`, and old trials. With the folder's lock."""
        if self.shared is not None:
            for each in await self.shared.withdraw_orphans(known):
                log.warning("a record without a version is withdrawn", kind=each.kind, model=each.model, version=each.version)


@contextmanager
def _told_later(what: str, model: str, number: int) -> Iterator[None]:
    try:
        yield
    except PennyError as error:
        log.warning("the store of models is told later what is over", what=what, model=model, version=number, problem=str(error))
