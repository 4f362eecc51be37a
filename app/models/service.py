"""Push, promote, roll back, retire. While a version is checked, and when it is refused, the one in use serves untouched."""

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import IO, Final

import asyncpg

from app.audit.models import Act
from app.auth.models import Access
from app.inference.face_client import FACE_VERSION
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION
from app.inference.loading import CROP_MODELS
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, PennyError, UnavailableError
from app.kit.keeping import keep
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, tenant_transaction
from app.models import repository
from app.models.admission.service import Admission
from app.models.embeddings.models import lacks
from app.models.embeddings.repository import readiness
from app.models.folder import ModelFolder
from app.models.models import (
    FACE_EMBEDDING,
    OWN_FACES,
    POSE_MODEL,
    PUSHED,
    RELEASED_VERSION,
    ModelVersion,
    Pointer,
    promoted,
    without,
)
from app.models.moving import note, take_back, watched_on_all
from app.models.placement import Placement
from app.models.pushing import NO_PUSHED_FACES, Pushes
from app.models.replicas import Replicas
from app.models.shadows import repository as shadows
from app.models.shared.store import SharedVersions
from app.models.signing import UNTRUSTED
from app.models.trial import SLOWER, Serving
from app.models.watch import repository as watches
from app.models.watch.models import WATCHED, Limits, Watch
from app.tenancy.policy.models_in_use import face_models

DRAIN_S = 12.0
"""From a pointer's move until no worker asks for the version: a lease, and the longest request."""
LEVEL_EVERY_S: Final = 30.0
BIOMETRIC: Final = {**dict.fromkeys(CROP_MODELS, int(FACE_VERSION)), GAIT_MODEL: int(GAIT_VERSION)}
"""Models that no server loads at its start, in the order they load, and their version of this release."""
MOST_RELOADS: Final = 3
"""Of a replica that serves the same after each."""
LOOK_EVERY_S: Final = 5.0
LOOKS_PER_CHECK: Final = 6
"""Each of so many looks reads every file; the others see what a starting Triton set aside."""
NO_TRITON: Final = "The service knows no Triton (TRITON_URL); models are pushed where one serves."

log = logger(__name__)


class ModelService:
    """The acts on models of one installation.

    Args:
        keys: folder of the public keys that may sign packages.
        shared: where versions are put for Tritons that do not read `folder`.
    """

    def __init__(
        self,
        pool: "Pool[asyncpg.Record]",
        folder: ModelFolder,
        keys: Path,
        serving: Serving | Replicas | None,
        shared: SharedVersions | None = None,
    ) -> None:
        self._pool, self._folder, self._keys, self._serving = pool, folder, keys, serving
        self._placement = Placement(folder, keys, shared)
        self._admission = Admission(pool, folder, keys, self._placement, self._may_serve)
        self._pushes = Pushes(pool, folder, keys, lambda: self.serving, self._placement, self._settle)

    @property
    def pushing(self) -> list[str]:
        """What each push of this service does now."""
        return list(self._pushes.courtesy.said.values())

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
        """`Pushes.push`. UnavailableError without a Triton."""
        _ = self.serving
        return await self._pushes.push(access, package, accept_licence, slower)

    async def _settle(self) -> None:
        """Before each load, with the folder's lock: nothing lies there that no trusted key signed, and no camera waits for it."""
        if await self._admission.settle(loads=True):
            await asyncio.sleep(DRAIN_S)

    async def _may_serve(self, model: str, version: int) -> bool:
        """Also where no Triton answers, or not all of them serve the released version, so that nothing can be said."""
        return await self.serving.ready(model, version) or not await self.serving.ready(model, RELEASED_VERSION)

    async def keep_admitting(self, stop: asyncio.Event) -> None:
        """Until `stop`: cameras leave what a starting Triton refused, or what was changed since, without waiting for a load."""
        rounds = itertools.count()

        async def look() -> None:
            whole = next(rounds) % LOOKS_PER_CHECK == 0
            if not await self._admission.pushed():
                return
            async with self._folder.locked():
                await self._admission.settle(whole=whole)

        if not self.has_triton:
            await stop.wait()
            return
        failures = (*DATABASE_ERRORS, PennyError, OSError)
        await keep(look, LOOK_EVERY_S, stop, "pushed models are not checked now", failures)

    @asynccontextmanager
    async def with_ready_version(
        self, access: Access, version_id: uuid.UUID
    ) -> AsyncIterator[tuple[TenantConnection, Pointer, ModelVersion]]:
        """A transaction that holds the pointer of a version that Triton serves now.

        Raises:
            UnavailableError: Triton does not serve it.
            ConflictError: it is retired, refused or held.
        """
        scope = access.whole_chain
        async with tenant_transaction(self._pool, scope) as connection:
            known = await repository.get_version(connection, version_id)
        if (known.model, known.version) in await self._held():
            raise ConflictError(f"Version {known.version} of {known.model} is held: {UNTRUSTED}")
        if not await self.serving.ready(known.model, known.version):
            raise UnavailableError(f"Triton does not serve version {known.version} of {known.model} now; nothing was changed.")
        async with tenant_transaction(self._pool, scope) as connection:
            pointer = await repository.lock_pointer(connection, scope.chain_id, known.model)
            known = await repository.get_version(connection, version_id)
            if known.state == "refused":
                raise ConflictError(f"Version {known.version} is refused: {known.refused_because[:200]}; push it again.")
            if known.state != "ready":
                raise ConflictError(f"Version {known.version} was retired; push it again.")
            yield connection, pointer, known

    async def promote(self, access: Access, version_id: uuid.UUID, share: float, limits: Limits, may_miss: int = 0) -> Pointer:
        """Point `share` of the chain's cameras, or all (1), at a version that Triton serves now; it is then watched.

        A face embedding must have the chain's lists embedded (all but `may_miss` entries), a calibrated threshold, and a passed
        acceptance test in each store that runs faces. ConflictError says what is missing.
        """
        async with self.with_ready_version(access, version_id) as (connection, pointer, known):
            moved = promoted(pointer, known.version, share)
            if known.model == FACE_EMBEDDING:
                if OWN_FACES:
                    raise ConflictError(NO_PUSHED_FACES)
                found = await readiness(connection, known.version, face_models(known.version, known.manifest_sha256))
                if why := lacks(known.version, found, may_miss):
                    raise ConflictError(why)
            if moved.candidate is not None and await watched_on_all(connection, pointer):
                raise ConflictError(
                    f"Version {pointer.stable} serves all cameras since a short while and is watched; try another after that."
                )
            await repository.put_pointer(connection, access.whole_chain.chain_id, moved)
            await watches.put(connection, known.model, limits, now() + WATCHED, "")
            await note(connection, access, Act.MODEL_PROMOTED, known, {"share": share, "limits": asdict(limits)})
        return moved

    async def roll_back(self, access: Access, model: str) -> Pointer:
        """Take the last promotion back: only the pointer moves, both versions are loaded."""
        scope, who = access.whole_chain, access.principal
        if model not in PUSHED:
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
            if known.state in ("retired", "refused"):
                raise ConflictError(f"Version {known.version} of {known.model} is {known.state} already.")
            runs = await shadows.running(connection, known.model)
            if runs is not None and runs.version == known.version:
                raise ConflictError(f"Version {known.version} is shadowed; end that first.")
            left = without(pointer, known.version)
            if left != pointer and await watched_on_all(connection, pointer):
                raise ConflictError(
                    f"Version {pointer.stable} is watched, and cameras may go back to {known.version}; retire it after that."
                )
            if left != pointer:
                await repository.put_pointer(connection, scope.chain_id, left)
            await repository.set_state(connection, known.id, "retiring")
            await note(connection, access, Act.MODEL_RETIRED, known, {})
        await asyncio.sleep(DRAIN_S)
        async with self._folder.locked():
            await self._settle()
            await self._placement.leave(known.model, known.version)
            if await self._is_loaded(known.model):
                await self.serving.load(known.model)
        async with tenant_transaction(self._pool, scope) as connection:
            await repository.set_state(connection, known.id, "retired")
            return await repository.get_version(connection, known.id)

    async def _is_loaded(self, model: str) -> bool:
        """A face model that no store's policy asks for now is not loaded by anything done here."""
        return model == POSE_MODEL or await self.serving.ready(model, RELEASED_VERSION)

    async def keep_level(self, stop: asyncio.Event) -> None:
        """Until `stop`: a replica that read the folder before a push and was ready after it loads what it lacks."""
        sentence = "the replicas of Triton are not compared now"
        await keep(self._bring_level, LEVEL_EVERY_S, stop, sentence, (*DATABASE_ERRORS, PennyError))

    async def _bring_level(self) -> None:
        serving, shared = self._serving, self._placement.shared is not None
        if not isinstance(serving, Replicas):
            return
        if not shared and len(await serving.servings()) < 2 and not await asyncio.to_thread(self._has_more_than_released):
            return
        async with self._folder.locked():
            await self._settle()
            behind = {model: await self._level(serving, model) for model in (POSE_MODEL, *BIOMETRIC)}
            if shared:
                pushed = await self._admission.pushed()
                await self._placement.look_again(pushed, whole=any(behind.values()))
                await self._placement.clear(pushed.keys())
        for model, count in behind.items():
            if count:
                log.warning("replicas of Triton lacked versions and loaded them", model=model, replicas=count)

    def _has_more_than_released(self) -> bool:
        return any(len(self._folder.versions(model)) > 1 for model in PUSHED)

    async def _level(self, serving: Replicas, model: str) -> int:
        """How many loaded it. What a store's policy had loaded somewhere is missing where a server started anew since."""
        versions = await asyncio.to_thread(self._folder.versions, model)  # a push may have held the lock
        if (released := BIOMETRIC.get(model)) is not None:
            return await serving.level(model, sorted({released, *versions}), MOST_RELOADS, beside=POSE_MODEL)
        return await serving.level(model, versions, MOST_RELOADS) if len(versions) > 1 else 0

    async def _held(self) -> set[tuple[str, int]]:
        """(model, version) of those that wait for a trusted key; none where the disk does not answer."""
        try:
            return set(await asyncio.to_thread(self._folder.held))
        except OSError:
            return set()

    async def listed(self, access: Access) -> tuple[list[Pointer], list[ModelVersion], dict[str, Watch]]:
        """Pointers, versions newest first, and the watches of pointers that were ever moved.

        A version that lies aside until its key is trusted again is `held` here, with the reason; its row stays `ready`.
        """
        async with tenant_transaction(self._pool, access.everywhere) as connection:
            versions, known = await repository.list_versions(connection), await watches.every(connection)
        held = await self._held()
        versions = [
            replace(each, state="held", refused_because=UNTRUSTED)
            if each.state == "ready" and (each.model, each.version) in held
            else each
            for each in versions
        ]
        pointers = [pointer for pointer, _ in known]
        moved = {each.model for each in pointers}
        for model in sorted({POSE_MODEL, *(each.model for each in versions)} - moved):
            pointers.append(Pointer(model, RELEASED_VERSION))
        return pointers, versions, {pointer.model: watch for pointer, watch in known}
