"""Taking cameras from a version that must not be loaded, and the version from the folder."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.kit.errors import PennyError, UnavailableError
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction
from app.models import repository as pointers
from app.models.admission import repository
from app.models.admission.checking import GONE, Digests, admit
from app.models.admission.repository import Served
from app.models.folder import ModelFolder
from app.models.models import RELEASED_VERSION, Pointer, without_refused
from app.models.placement import Placement
from app.models.shadows import repository as shadows
from app.models.signing import UNTRUSTED
from app.models.watch import repository as watches
from app.models.watch.models import Limits

log = logger(__name__)


class Admission:
    """Looks after the pushed versions in the folder that Triton reads; several services may.

    Args:
        keys: folder of the public keys that may sign packages.
        may_serve: whether a Triton answers for a version, or none says.
    """

    def __init__(
        self,
        pool: "Pool[asyncpg.Record]",
        folder: ModelFolder,
        keys: Path,
        placement: Placement,
        may_serve: Callable[[str, int], Awaitable[bool]],
    ) -> None:
        self._pool, self._folder, self._keys, self._placement, self._may_serve = pool, folder, keys, placement, may_serve

    async def pushed(self) -> Digests:
        """What should be served, of every chain."""
        return {(each.model, each.version): each.manifest_sha256 for each in await repository.served(self._pool)}

    async def settle(self, *, whole: bool = True, loads: bool = False) -> bool:
        """Refuse what must not be loaded, with the folder's lock held; whether cameras used it (they follow by heartbeat).

        Args:
            whole: read every file; otherwise only take note of what a starting Triton set aside.
            loads: a load follows.

        Raises:
            SetupError: a key cannot be read, or the disk cannot be written.
            UnavailableError: the disk does not answer, or a load would take a version away that cameras use.
        """
        rows = await repository.served(self._pool)
        if whole:
            await self._level({(each.model, each.version): each.manifest_sha256 for each in rows})
        held = set(await asyncio.to_thread(self._folder.held))
        moved = False
        for each in rows:
            if why := (await asyncio.to_thread(self._folder.refused, each.model)).get(each.version):
                moved |= await self._refuse(each, why)
            elif (each.model, each.version) in held:
                moved |= await self._lead_back(each, UNTRUSTED)
            elif whole and await asyncio.to_thread(self._is_gone, each):
                moved |= await self._miss(each, loads)
        return moved

    async def _level(self, pushed: Digests) -> None:
        """The store is asked before anything is missed, and what lies there is checked whether it answers or not."""
        try:
            await self._placement.level(pushed)
        except (PennyError, OSError) as error:
            log.warning("the folder of models is not brought level now", problem=str(error))
        await asyncio.to_thread(admit, self._folder, self._keys, pushed)

    def _is_gone(self, one: Served) -> bool:
        there = self._folder.versions(one.model)
        return RELEASED_VERSION in there and one.version not in there  # else the folder itself is away

    async def _miss(self, one: Served, loads: bool) -> bool:
        """Its files are not here now, which says nothing about it: it is never refused. Whether cameras left it."""
        if not await self._may_serve(one.model, one.version):
            return await self._lead_back(one, GONE)
        log.warning("the files of a served version are not here", model=one.model, version=one.version)
        if loads and await self._is_used(one):
            raise UnavailableError(
                f"The files of version {one.version} of {one.model}, which cameras use, are gone from {self._folder.root}, and"
                " a load would take it from them; put the files back, or roll back first."
            )
        return False

    async def _is_used(self, one: Served) -> bool:
        async with tenant_transaction(self._pool, TenantScope(one.chain_id)) as connection:
            pointer = await pointers.lock_pointer(connection, one.chain_id, one.model)
        return one.version in (pointer.stable, pointer.candidate)

    async def _lead_back(self, one: Served, why: str) -> bool:
        """Cameras leave a version that is not served now, and may come back; whether they used it."""
        async with tenant_transaction(self._pool, TenantScope(one.chain_id)) as connection:
            pointer = await pointers.lock_pointer(connection, one.chain_id, one.model)
            if not (used := one.version in (pointer.stable, pointer.candidate)):
                return False
            reason = f"Version {one.version} is not served: {why}"
            await self._move(connection, one, pointer, without_refused(pointer, one.version), used, reason)
        log.error("cameras leave a version of a model that is not served", model=one.model, version=one.version, reason=why)
        return True

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
                await self._move(connection, one, pointer, left, used, f"Version {one.version} is refused: {why}"[:500])
        await self._placement.withdraw(one.model, one.version)
        log.error("a served version of a model is refused", model=one.model, version=one.version, reason=why, in_use=used)
        return used

    async def _move(self, connection: TenantConnection, one: Served, old: Pointer, new: Pointer, used: bool, reason: str) -> None:
        await pointers.put_pointer(connection, one.chain_id, new)
        if not used:
            return
        await watches.put(connection, one.model, Limits(), None, reason)
        told = {"model": one.model, "from": old.candidate or old.stable, "to": new.stable, "reason": reason}
        await _note(connection, one, Act.MODEL_ROLLED_BACK, told)


async def _note(connection: TenantConnection, one: Served, act: Act, told: dict[str, object]) -> None:
    await audit.append(connection, AuditEntry(act, ActorKind.SYSTEM, None, one.chain_id, None, "model-version", one.id, told))
