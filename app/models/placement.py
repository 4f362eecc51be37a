"""Where a version is put so that every Triton finds it: the folder that they read, or a store that theirs follow."""

import asyncio
from pathlib import Path
from typing import Final

from app.models.folder import ModelFolder
from app.models.models import POSE_MODEL
from app.models.shared.level import bring_level, check_store
from app.models.shared.store import TRIALS, VERSIONS, SharedVersions

REACHES_S: Final = 90.0
"""For what is in the store to reach every Triton's folder."""


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
            await self.shared.publish(TRIALS, model, number, staged)
            async with self._folder.locked():
                await self.level()
            return f"trial_{number}"
        return await asyncio.to_thread(self._folder.open_trial, model, number, staged)

    async def close_trial(self, model: str, number: int) -> None:
        """Gone for every Triton."""
        if self.shared is not None:
            await self.shared.withdraw(TRIALS, model, number)
            await self.shared.sweep()
        await asyncio.to_thread(self._folder.close_trial, number)

    async def join(self, model: str, number: int, staged: Path) -> None:
        """A tried version among the served ones. With the folder's lock."""
        if self.shared is None:
            return await asyncio.to_thread(self._folder.join, model, number)
        await self.shared.publish(VERSIONS, model, number, staged)
        try:
            await self.level()
        except BaseException:
            await self.shared.withdraw(VERSIONS, model, number)
            raise

    async def leave(self, model: str, number: int) -> None:
        """Out of the served ones. With the folder's lock."""
        if self.shared is not None:
            await self.shared.withdraw(VERSIONS, model, number)
        await asyncio.to_thread(self._folder.leave, model, number)

    async def level(self) -> None:
        """This service's folder as the store says; nothing without one. With the folder's lock."""
        if self.shared is not None:
            await asyncio.to_thread(self._folder.begin, POSE_MODEL)
            await bring_level(self.shared, self._folder, self._keys)

    async def look_again(self) -> None:
        """Where a Triton lacks what this service has: is it still whole in the store? With the folder's lock."""
        if self.shared is not None:
            await check_store(self.shared, self._folder, self._keys)
