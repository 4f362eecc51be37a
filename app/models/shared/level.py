"""Bringing a folder that a Triton reads level with the store: what is fetched is checked before it has its name."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.kit.errors import PennyError
from app.kit.logs import logger
from app.models.admission.checking import admit, fault
from app.models.folder import ModelFolder
from app.models.shared.store import TRIALS, VERSIONS, Published, SharedVersions
from app.models.signing import trusted_keys

log = logger(__name__)


@dataclass(slots=True)
class Levelled:
    """What changed in a folder: (model, version) of each, and why something was refused."""

    came: list[tuple[str, int]] = field(default_factory=list)
    went: list[tuple[str, int]] = field(default_factory=list)
    refused: dict[tuple[str, int], str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """For a log."""
        said = [f"{model} {version} came" for model, version in self.came]
        said += [f"{model} {version} went" for model, version in self.went]
        return said + [f"{model} {version} is refused: {why}" for (model, version), why in self.refused.items()]


async def bring_level(shared: SharedVersions, folder: ModelFolder, keys: Path) -> Levelled:
    """Fetch what the folder lacks, take away what was retired, check what lies there. With the folder's lock.

    A version that the store knows nothing of stays: it was pushed before there was a store.

    Raises:
        ObjectStoreError: the store does not answer; what was there stays.
        SetupError: a key cannot be read, or the disk cannot be written.
    """
    done = Levelled()
    done.refused |= await asyncio.to_thread(admit, folder, keys)
    versions, trials = await shared.published(VERSIONS), await shared.published(TRIALS)
    open_trials = {each.version for each in trials}
    for each in versions:
        there = each.version in await asyncio.to_thread(folder.versions, each.model)
        if there and not each.place:
            await asyncio.to_thread(folder.leave, each.model, each.version)
            done.went.append((each.model, each.version))
        elif each.place and not there and each.version not in await asyncio.to_thread(folder.refused, each.model):
            await _take(shared, folder, keys, each, done)
    for number in await asyncio.to_thread(folder.trials):
        if number not in open_trials:
            await asyncio.to_thread(folder.close_trial, number)
    for each in trials:
        joined = each.version in await asyncio.to_thread(folder.versions, each.model)
        if not joined and each.version not in await asyncio.to_thread(folder.trials):
            await _take(shared, folder, keys, each, done)
    return done


async def check_store(shared: SharedVersions, folder: ModelFolder, keys: Path) -> dict[tuple[str, int], str]:
    """Set aside here what another Triton could not take from the store any more; which, and why. With the folder's lock."""
    refused = {}
    for each in await shared.published(VERSIONS):
        if not each.place or each.version not in await asyncio.to_thread(folder.versions, each.model):
            continue
        with folder.staging() as staged:
            await shared.fetch(each, staged)
            why = await asyncio.to_thread(fault, staged, each.model, trusted_keys(keys))
        if why:
            refused[each.model, each.version] = why
            await asyncio.to_thread(folder.set_aside, each.model, each.version, f"In the store: {why}")
    return refused


async def keep_level(
    shared: SharedVersions, folder: ModelFolder, keys: Path, every_s: float, tell: Callable[[str], None]
) -> None:
    """`bring_level` again and again; once, with its error, where `every_s` is 0."""
    while True:
        try:
            async with folder.locked():
                done = await bring_level(shared, folder, keys)
        except PennyError as error:
            if not every_s:
                raise
            log.warning("the folder is not brought level now", problem=error.detail)
        else:
            for line in done.lines():
                tell(line)
        if not every_s:
            return
        await asyncio.sleep(every_s)


async def _take(shared: SharedVersions, folder: ModelFolder, keys: Path, one: Published, done: Levelled) -> None:
    key = (one.model, one.version)
    if not (folder.root / one.model / "config.pbtxt").is_file():  # a model that this Triton does not serve
        return
    with folder.staging() as staged:
        await shared.fetch(one, staged)
        if why := await asyncio.to_thread(fault, staged, one.model, trusted_keys(keys)):
            done.refused[key] = why
            log.error("a version in the store is refused", model=one.model, version=one.version, reason=why)
            if one.kind == VERSIONS:
                await asyncio.to_thread(folder.set_aside, one.model, one.version, why)
            return
        await asyncio.to_thread(_place, folder, one, staged)
    done.came.append(key)


def _place(folder: ModelFolder, one: Published, staged: Path) -> None:
    if one.kind == TRIALS:
        folder.open_trial(one.model, one.version, staged)
        return
    if one.version not in folder.trials():
        folder.open_trial(one.model, one.version, staged)  # the way into the served ones, never loaded under this name
    folder.join(one.model, one.version)
    folder.close_trial(one.version)
