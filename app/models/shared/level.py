"""Bringing a folder that a Triton reads level with the store: what is fetched is checked before it has its name."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.kit.errors import PennyError, UnavailableError
from app.kit.keeping import keep
from app.kit.logs import logger
from app.models.admission.checking import GONE, UNKNOWN, Digests, admit, fault
from app.models.folder import ModelFolder
from app.models.shared.store import TRIALS, VERSIONS, Published, SharedVersions
from app.models.signing import MANIFEST, SIGNATURE, UNTRUSTED, RefusedPackageError, signer_of, trusted_keys

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


async def bring_level(
    shared: SharedVersions, folder: ModelFolder, keys: Path, pushed: Digests = UNKNOWN, *, admits: bool = True
) -> Levelled:
    """Fetch what the folder lacks, take away what was retired, check what lies there. With the folder's lock.

    A version that the store knows nothing of stays: it was pushed before there was a store.

    Args:
        pushed: where it is known: another package under one of these numbers is not taken.
        admits: check what lies there already; otherwise the caller does.

    Raises:
        ObjectStoreError: the store does not answer; what was there stays.
        SetupError: a key cannot be read, or the disk cannot be written.
        UnavailableError: the disk does not answer.
    """
    done = Levelled()
    if admits:
        done.refused |= await asyncio.to_thread(admit, folder, keys, pushed)
    versions, trials = await shared.published(VERSIONS), await shared.published(TRIALS)
    open_trials = {each.version for each in trials}
    for each in versions:
        there = each.version in await asyncio.to_thread(folder.versions, each.model)
        if not each.place:
            await asyncio.to_thread(folder.leave, each.model, each.version)
            if there:
                done.went.append((each.model, each.version))
        elif not there and each.version not in await asyncio.to_thread(folder.refused, each.model):
            await _take(shared, folder, keys, each, done, pushed)
    for number in await asyncio.to_thread(folder.trials):
        if number not in open_trials:
            await asyncio.to_thread(folder.close_trial, number)
    for each in trials:
        joined = each.version in await asyncio.to_thread(folder.versions, each.model)
        if not joined and each.version not in await asyncio.to_thread(folder.trials):
            await _take(shared, folder, keys, each, done, UNKNOWN)
    return done


async def check_store(
    shared: SharedVersions, folder: ModelFolder, keys: Path, pushed: Digests = UNKNOWN, *, whole: bool = True
) -> dict[tuple[str, int], str]:
    """Set aside here what another Triton could not take from the store any more; which, and why. With the folder's lock.

    Args:
        whole: fetch every file; otherwise the manifests alone, which say whether it is the package that was pushed.
    """
    refused = {}
    for each in await shared.published(VERSIONS):
        if not each.place or each.version not in await asyncio.to_thread(folder.versions, each.model):
            continue
        why = await (_whole_fault if whole else _other_package)(shared, folder, keys, each, pushed)
        if why:
            refused[each.model, each.version] = why
            await asyncio.to_thread(folder.set_aside, each.model, each.version, f"In the store: {why}")
    return refused


async def _whole_fault(shared: SharedVersions, folder: ModelFolder, keys: Path, one: Published, pushed: Digests) -> str:
    with folder.staging() as staged:
        await shared.fetch(one, staged)
        trusted, known = await asyncio.to_thread(trusted_keys, keys), pushed.get((one.model, one.version), b"")
        why = await asyncio.to_thread(fault, staged, one.model, trusted, known)
    return "" if why == UNTRUSTED else why


async def _other_package(shared: SharedVersions, _folder: ModelFolder, _keys: Path, one: Published, pushed: Digests) -> str:
    manifest = await shared.read(one, MANIFEST) if (known := pushed.get((one.model, one.version))) else None
    if manifest is None or hashlib.sha256(manifest).digest() == known:
        return ""
    return "it is not the package that was pushed under this number"


async def keep_level(
    shared: SharedVersions, folder: ModelFolder, keys: Path, every_s: float, tell: Callable[[str], None], stop: asyncio.Event
) -> None:
    """`bring_level` again and again until `stop`; once, with its error, where `every_s` is 0."""

    async def look() -> None:
        async with folder.locked():
            done = await bring_level(shared, folder, keys)
        for line in done.lines():
            tell(line)

    if every_s:
        await keep(look, every_s, stop, "the folder is not brought level now", (PennyError, OSError))
    else:
        await look()


async def _take(shared: SharedVersions, folder: ModelFolder, keys: Path, one: Published, done: Levelled, pushed: Digests) -> None:
    key = (one.model, one.version)
    if not (folder.root / one.model / "config.pbtxt").is_file():  # a model that this Triton does not serve
        return
    trusted = await asyncio.to_thread(trusted_keys, keys)
    if await _waits_for_key(shared, one, trusted):
        log.warning("a version in the store waits for a trusted key", model=one.model, version=one.version)
        return
    with folder.staging() as staged:
        await shared.fetch(one, staged)
        if not (why := await asyncio.to_thread(fault, staged, one.model, trusted, pushed.get(key, b""))):
            why = await asyncio.to_thread(_place, folder, one, staged, trusted)
    if not why:
        done.came.append(key)
        return
    done.refused[key] = why
    log.error("a version in the store is refused", model=one.model, version=one.version, reason=why)
    if one.kind == VERSIONS:
        await asyncio.to_thread(folder.set_aside, one.model, one.version, why)


async def _waits_for_key(shared: SharedVersions, one: Published, trusted: dict[str, Ed25519PublicKey]) -> bool:
    """A host that has not been given a key yet refuses nothing."""
    manifest, signature = await shared.read(one, MANIFEST), await shared.read(one, SIGNATURE)
    try:
        signer_of(manifest or b"", signature or b"", trusted)
    except RefusedPackageError as error:
        return manifest is not None and signature is not None and error.detail == UNTRUSTED
    return False


def _place(folder: ModelFolder, one: Published, staged: Path, trusted: dict[str, Ed25519PublicKey]) -> str:
    """Put it in place; why it may not be there. The bytes that were checked join, whatever was tried."""
    if one.kind == TRIALS:
        folder.open_trial(one.model, one.version, staged)
        return ""
    digest = hashlib.sha256((staged / MANIFEST).read_bytes()).digest()
    if one.version in folder.trials() and fault(folder.trial_place(one.version), one.model, trusted, digest):
        folder.close_trial(one.version)
    if one.version not in folder.trials():
        folder.open_trial(one.model, one.version, staged)  # the way into the served ones, never loaded under this name
    folder.join(one.model, one.version)
    folder.close_trial(one.version)
    why = fault(folder.place(one.model, one.version), one.model, trusted, digest)
    if why == GONE:
        raise UnavailableError(f"Version {one.version} cannot be put in place now; it is tried again.")
    return why
