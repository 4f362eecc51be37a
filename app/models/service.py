"""Push, promote, roll back, retire. While a version is checked, and when it is refused, the one in use serves untouched."""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Access
from app.inference.contract import PoseContract
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, PennyError, UnavailableError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.postgres import Pool, TenantConnection, tenant_transaction
from app.models import packages, repository
from app.models.folder import ModelFolder
from app.models.models import POSE_MODEL, RELEASED_VERSION, ModelVersion, Pointer, promoted, rolled_back, without
from app.models.packages import Golden, Package, RefusedPackageError
from app.models.replicas import Replicas
from app.models.shadows import repository as shadows
from app.models.trial import SLOWER, Serving, check_golden, compare_latency
from app.models.watch import repository as watches
from app.models.watch.models import WATCHED, Limits, Watch

DRAIN_S = 12.0
"""From a pointer's move until no worker asks for the version: a lease, and the longest request."""
LEVEL_EVERY_S: Final = 30.0
NO_TRITON: Final = "The service knows no Triton (TRITON_URL); models are pushed where one serves."

log = logger(__name__)


class ModelService:
    """The acts on models of one installation.

    Args:
        keys: folder of the public keys that may sign packages.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", folder: ModelFolder, keys: Path, serving: Serving | Replicas | None) -> None:
        self._pool, self._folder, self._keys, self._serving = pool, folder, keys, serving

    @property
    def has_triton(self) -> bool:
        """Whether there is one to ask."""
        return self._serving is not None

    @property
    def serving(self) -> Serving | Replicas:
        """The Triton. UnavailableError without one."""
        if self._serving is None:
            raise UnavailableError(NO_TRITON)
        return self._serving

    async def push(self, access: Access, package: IO[bytes], accept_licence: str, slower: float = SLOWER) -> ModelVersion:
        """Check a package (a tar) and serve it as a new version; no camera uses it before it is promoted.

        The same package pushed again is the version it became.

        Raises:
            RefusedPackageError: says what is wrong; also kept in the audit.
            UnavailableError, ConflictError, SetupError: it could not be tried now.
        """
        scope, who = access.whole_chain, access.principal
        _ = self.serving
        try:
            return await self._push(access, package, accept_licence, slower)
        except RefusedPackageError as error:
            async with tenant_transaction(self._pool, scope) as connection:
                details = {"reason": error.detail[:500]}
                entry = AuditEntry(Act.MODEL_REFUSED, who.kind, who.id, who.chain_id, None, "model-version", None, details)
                await audit.append(connection, entry)
            raise

    async def _push(self, access: Access, stream: IO[bytes], accept_licence: str, slower: float) -> ModelVersion:
        with self._folder.staging() as staged:
            await asyncio.to_thread(packages.unpack, stream, staged)
            signer = await asyncio.to_thread(self._verified, staged)
            package = Package.read(staged)
            if accept_licence != package.licence:
                raise RefusedPackageError(f"It is under {package.licence!r}; read that licence and say that you accept it.")
            contract = await asyncio.to_thread(packages.check_contract, staged, package)
            golden = await asyncio.to_thread(Golden.read, staged, contract)
            digest = hashlib.sha256((staged / packages.MANIFEST).read_bytes()).digest()
            async with tenant_transaction(self._pool, access.whole_chain) as connection:
                if (known := await repository.find_pushed(connection, package.model, digest)) is not None:
                    return known
                number = await repository.next_number(connection)
                used = await repository.lock_pointer(connection, access.whole_chain.chain_id, package.model)
            try:
                report = await self._try(number, staged, package, contract, golden, used, slower)
                made = ModelVersion(
                    new_id(), package.model, number, "ready", package.artefact, package.publisher, package.licence,
                    package.training_data, digest, signer, report, access.principal.id, now(),
                )  # fmt: skip
                await self._join(access, made)
            finally:
                await asyncio.shield(self._end_trial(number))
        log.info("a model version is served", model=made.model, version=made.version)
        return made

    def _verified(self, staged: Path) -> str:
        trusted = packages.trusted_keys(self._keys)
        if not trusted:
            raise RefusedPackageError(f"This installation trusts no key yet; put its public .pem file into {self._keys}.")
        return packages.verify(staged, trusted)

    async def _try(
        self, number: int, staged: Path, package: Package, contract: PoseContract, golden: Golden, used: Pointer, slower: float
    ) -> dict[str, Any]:
        name = await asyncio.to_thread(self._folder.open_trial, package.model, number, staged)
        await self.serving.load(name)
        ask = partial(self.serving.ask, name, number, contract)
        await check_golden(ask, golden, contract, package)
        current = partial(self.serving.ask, package.model, used.stable, contract)
        latency = await compare_latency(ask, current, golden.images[0], slower)
        return {"golden_images": len(golden.images), "compared_with": used.stable, **latency}

    async def _end_trial(self, number: int) -> None:
        await self.serving.unload(f"trial_{number}")
        await asyncio.to_thread(self._folder.close_trial, number)

    async def _join(self, access: Access, made: ModelVersion) -> None:
        """Among the served ones, row and audit in one transaction with it: whatever fails, it is not there."""
        scope = access.whole_chain
        async with self._folder.locked():
            joined = False
            try:
                async with tenant_transaction(self._pool, scope) as connection:
                    await repository.add_version(connection, scope.chain_id, made)
                    details = {
                        "licence": made.licence,
                        "signed_by": made.signed_by,
                        "slower_allowed": made.report["slower_allowed"],
                    }
                    await _note(connection, access, Act.MODEL_PUSHED, made, details)
                    await asyncio.to_thread(self._folder.join, made.model, made.version)
                    joined = True
                    await self.serving.load(made.model)
                    if not await self.serving.ready(made.model, made.version):
                        raise UnavailableError(f"Triton does not serve version {made.version} after its load; push it again.")
            except BaseException:
                if joined:
                    await asyncio.to_thread(self._folder.leave, made.model, made.version)
                    with contextlib.suppress(PennyError):  # a replica may have loaded it before another refused
                        await self.serving.load(made.model)
                raise

    @asynccontextmanager
    async def with_ready_version(
        self, access: Access, version_id: uuid.UUID
    ) -> AsyncIterator[tuple[TenantConnection, Pointer, ModelVersion]]:
        """A transaction that holds the pointer of a version that Triton serves now.

        Raises:
            UnavailableError: Triton does not serve it.
            ConflictError: it is retired.
        """
        scope = access.whole_chain
        async with tenant_transaction(self._pool, scope) as connection:
            known = await repository.get_version(connection, version_id)
        if not await self.serving.ready(known.model, known.version):
            raise UnavailableError(f"Triton does not serve version {known.version} of {known.model} now; nothing was changed.")
        async with tenant_transaction(self._pool, scope) as connection:
            pointer = await repository.lock_pointer(connection, scope.chain_id, known.model)
            known = await repository.get_version(connection, version_id)
            if known.state != "ready":
                raise ConflictError(f"Version {known.version} was retired; push it again.")
            yield connection, pointer, known

    async def promote(self, access: Access, version_id: uuid.UUID, share: float, limits: Limits) -> Pointer:
        """Point `share` of the chain's cameras, or all (1), at a version that Triton serves now; it is then watched."""
        async with self.with_ready_version(access, version_id) as (connection, pointer, known):
            moved = promoted(pointer, known.version, share)
            if moved.candidate is not None and await _watched_on_all(connection, pointer):
                raise ConflictError(
                    f"Version {pointer.stable} serves all cameras since a short while and is watched; try another after that."
                )
            await repository.put_pointer(connection, access.whole_chain.chain_id, moved)
            await watches.put(connection, known.model, limits, now() + WATCHED, "")
            await _note(connection, access, Act.MODEL_PROMOTED, known, {"share": share, "limits": asdict(limits)})
        return moved

    async def roll_back(self, access: Access, model: str) -> Pointer:
        """Take the last promotion back: only the pointer moves, both versions are loaded."""
        scope, who = access.whole_chain, access.principal
        if model != POSE_MODEL:
            raise BadInputError(f"There is no pointer of a model {model[:80]!r}.")
        async with tenant_transaction(self._pool, scope) as connection:
            pointer = await repository.lock_pointer(connection, scope.chain_id, model)
            return await take_back(connection, scope.chain_id, pointer, who.kind, who.id, Limits())

    async def retire(self, access: Access, version_id: uuid.UUID) -> ModelVersion:
        """Unload a version that no camera uses, once the last request for it can be over; again after a failure goes on."""
        scope = access.whole_chain
        async with tenant_transaction(self._pool, scope) as connection:
            known = await repository.get_version(connection, version_id)
            pointer = await repository.lock_pointer(connection, scope.chain_id, known.model)
            known = await repository.get_version(connection, version_id)
            if known.state == "retired":
                raise ConflictError(f"Version {known.version} of {known.model} is retired already.")
            runs = await shadows.running(connection, known.model)
            if runs is not None and runs.version == known.version:
                raise ConflictError(f"Version {known.version} is shadowed; end that first.")
            left = without(pointer, known.version)
            if left != pointer and await _watched_on_all(connection, pointer):
                raise ConflictError(
                    f"Version {pointer.stable} is watched, and cameras may go back to {known.version}; retire it after that."
                )
            if left != pointer:
                await repository.put_pointer(connection, scope.chain_id, left)
            await repository.set_state(connection, known.id, "retiring")
            await _note(connection, access, Act.MODEL_RETIRED, known, {})
        await asyncio.sleep(DRAIN_S)
        async with self._folder.locked():
            await asyncio.to_thread(self._folder.leave, known.model, known.version)
            await self.serving.load(known.model)
        async with tenant_transaction(self._pool, scope) as connection:
            await repository.set_state(connection, known.id, "retired")
            return await repository.get_version(connection, known.id)

    async def keep_level(self, stop: asyncio.Event) -> None:
        """Until `stop`: a replica that read the folder before a push and was ready after it loads what it lacks."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LEVEL_EVERY_S)
                return
            if not isinstance(self._serving, Replicas) or len(await asyncio.to_thread(self._folder.versions, POSE_MODEL)) < 2:
                continue
            try:
                async with self._folder.locked():
                    versions = await asyncio.to_thread(self._folder.versions, POSE_MODEL)  # a push may have held the lock
                    behind = await self._serving.level(POSE_MODEL, versions)
            except (PennyError, OSError) as error:
                log.info("the replicas of Triton are not compared now", problem=str(error))
                continue
            if behind:
                log.warning("replicas of Triton lacked versions and loaded them", model=POSE_MODEL, replicas=behind)

    async def listed(self, access: Access) -> tuple[list[Pointer], list[ModelVersion], dict[str, Watch]]:
        """Pointers, versions newest first, and the watches of pointers that were ever moved."""
        async with tenant_transaction(self._pool, access.everywhere) as connection:
            versions, known = await repository.list_versions(connection), await watches.every(connection)
        pointers = [pointer for pointer, _ in known]
        if not any(each.model == POSE_MODEL for each in pointers):
            pointers.append(Pointer(POSE_MODEL, RELEASED_VERSION))
        return pointers, versions, {pointer.model: watch for pointer, watch in known}


async def take_back(
    connection: TenantConnection, chain_id: uuid.UUID, pointer: Pointer, kind: ActorKind, who: uuid.UUID | None, limits: Limits,
    reason: str = "",
) -> Pointer:  # fmt: skip
    """The pointer before its last promotion, which is watched no longer; `reason` where nobody asked for it."""
    moved = rolled_back(pointer)
    await repository.put_pointer(connection, chain_id, moved)
    await watches.put(connection, pointer.model, limits, None, reason)
    details = {"model": pointer.model, "from": pointer.candidate or pointer.stable, "to": moved.stable}
    if reason:
        details["reason"] = reason[:500]
    await audit.append(connection, AuditEntry(Act.MODEL_ROLLED_BACK, kind, who, chain_id, None, "model", None, details))
    return moved


async def _watched_on_all(connection: TenantConnection, pointer: Pointer) -> bool:
    """Whether the version of all cameras may still be taken back by itself."""
    watch = await watches.get(connection, pointer.model)
    return pointer.candidate is None and watch is not None and watch.until is not None and watch.until > now()


async def _note(connection: TenantConnection, access: Access, act: Act, of: ModelVersion, details: dict[str, Any]) -> None:
    who = access.principal
    entry = AuditEntry(
        act, who.kind, who.id, who.chain_id, None, "model-version", of.id, {"model": of.model, "version": of.version, **details}
    )
    await audit.append(connection, entry)
