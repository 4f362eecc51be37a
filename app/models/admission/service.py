"""Taking cameras from a version that must not be loaded, and the version from the folder."""

import asyncio
from pathlib import Path

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction
from app.models import repository as pointers
from app.models.admission import repository
from app.models.admission.checking import fault
from app.models.admission.repository import Served
from app.models.folder import ModelFolder
from app.models.models import RELEASED_VERSION, Pointer, without_refused
from app.models.shadows import repository as shadows
from app.models.signing import trusted_keys
from app.models.watch import repository as watches
from app.models.watch.models import Limits

log = logger(__name__)


class Admission:
    """Looks after the pushed versions in the folder that Triton reads; several services may.

    Args:
        keys: folder of the public keys that may sign packages.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", folder: ModelFolder, keys: Path) -> None:
        self._pool, self._folder, self._keys = pool, folder, keys

    async def has_any(self) -> bool:
        """Whether anything was pushed, so that there is something to look after."""
        return bool(await repository.served(self._pool))

    async def settle(self, *, whole: bool = True) -> bool:
        """Refuse what must not be loaded, with the folder's lock held; whether cameras used it (they follow by heartbeat).

        Args:
            whole: read every file; otherwise only take note of what a starting Triton set aside.

        Raises:
            SetupError: a key cannot be read.
        """
        moved = False
        for each in await repository.served(self._pool):
            if why := await asyncio.to_thread(self._why, each, whole):
                moved |= await self._refuse(each, why)
                await asyncio.to_thread(self._folder.set_aside, each.model, each.version, why)
        return moved

    def _why(self, one: Served, whole: bool) -> str:
        if why := self._folder.refused(one.model).get(one.version):
            return why
        if not whole or RELEASED_VERSION not in self._folder.versions(one.model):  # the folder itself is away
            return ""
        place = self._folder.root / one.model / str(one.version)
        try:
            return fault(place, one.model, trusted_keys(self._keys), one.manifest_sha256)
        except OSError as error:
            log.warning("a version's files cannot be checked now", model=one.model, version=one.version, problem=str(error))
            return ""

    async def _refuse(self, one: Served, why: str) -> bool:
        """Whether cameras used it."""
        async with tenant_transaction(self._pool, TenantScope(one.chain_id)) as connection:
            pointer = await pointers.lock_pointer(connection, one.chain_id, one.model)
            if not await repository.refuse(connection, one.id, why):
                return False
            runs = await shadows.running(connection, one.model)
            if runs is not None and runs.version == one.version:
                await shadows.end(connection, runs.id)
            told = {"model": one.model, "version": one.version, "reason": why[:500]}
            await _note(connection, one, Act.MODEL_REFUSED, told)
            used = one.version in (pointer.stable, pointer.candidate)
            if (left := without_refused(pointer, one.version)) != pointer:
                await self._move(connection, one, pointer, left, used, why)
        log.error("a served version of a model is refused", model=one.model, version=one.version, reason=why, in_use=used)
        return used

    async def _move(self, connection: TenantConnection, one: Served, old: Pointer, new: Pointer, used: bool, why: str) -> None:
        await pointers.put_pointer(connection, one.chain_id, new)
        if not used:
            return
        reason = f"Version {one.version} is refused: {why}"[:500]
        await watches.put(connection, one.model, Limits(), None, reason)
        told = {"model": one.model, "from": old.candidate or old.stable, "to": new.stable, "reason": reason}
        await _note(connection, one, Act.MODEL_ROLLED_BACK, told)


async def _note(connection: TenantConnection, one: Served, act: Act, told: dict[str, object]) -> None:
    await audit.append(connection, AuditEntry(act, ActorKind.SYSTEM, None, one.chain_id, None, "model-version", one.id, told))
