"""A push: checked, tried at the Triton that serves, put in place, served. Whatever fails leaves the one in use untouched."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, Final

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Access
from app.inference.contract import PoseContract
from app.kit.clock import now
from app.kit.errors import PennyError, UnavailableError
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.postgres import Pool, tenant_transaction
from app.models import packages, repository
from app.models.admission.checking import fault
from app.models.courtesy import Courtesy, Progress
from app.models.embeddings.golden import ChipContract, check_embeddings
from app.models.folder import ModelFolder
from app.models.models import FACE_EMBEDDING, OWN_FACES, RELEASED_VERSION, ModelVersion, Pointer
from app.models.moving import note
from app.models.packages import Contract, Golden, Package
from app.models.placement import REACHES_S, Placement
from app.models.replicas import Replicas
from app.models.signing import MANIFEST, RefusedPackageError, trusted_keys, verify
from app.models.trial import SLOWER, Ask, Serving, check_golden, compare_latency

ASK_AGAIN_S: Final = 1.0
SYNC_EVERY_S: Final = 3.0
"""A little more than `models sync` waits between two looks."""

NO_PUSHED_FACES: Final = (
    "This installation uses face models of the operator's own (PENNYPROTECT_FACE_VERSION is not 1): exchange those; pushed"
    " versions of face_embedding are for the released detector and alignment."
)

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Checks:
    """Of one kind of model: its contract, and what holds its answers against the golden ones."""

    contract: Contract
    golden: Callable[[Ask, Golden], Awaitable[None]]


class Pushes:
    """Pushes of one installation.

    Args:
        serving: the Triton of now. UnavailableError without one.
        settle: called with the folder's lock before anything is loaded.
    """

    def __init__(
        self,
        pool: "Pool[asyncpg.Record]",
        folder: ModelFolder,
        keys: Path,
        serving: Callable[[], Serving | Replicas],
        placement: Placement,
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._pool, self._folder, self._keys = pool, folder, keys
        self._serving, self._placement, self._settle = serving, placement, settle
        self.courtesy = Courtesy()

    async def push(self, access: Access, package: IO[bytes], accept_licence: str, slower: float = SLOWER) -> ModelVersion:
        """Check a package (a tar) and serve it as a new version; no camera uses it before it is promoted.

        The same package pushed again is the version it became.

        Raises:
            RefusedPackageError: says what is wrong; also kept in the audit.
            UnavailableError, ConflictError, SetupError: it could not be tried now.
        """
        scope, who = access.whole_chain, access.principal
        try:
            async with self.courtesy.turn() as told:
                return await self._push(access, package, accept_licence, slower, told)
        except RefusedPackageError as error:
            async with tenant_transaction(self._pool, scope) as connection:
                details = {"reason": error.detail[:500]}
                entry = AuditEntry(Act.MODEL_REFUSED, who.kind, who.id, who.chain_id, None, "model-version", None, details)
                await audit.append(connection, entry)
            raise

    async def _push(self, access: Access, stream: IO[bytes], accept_licence: str, slower: float, told: Progress) -> ModelVersion:
        told("signature, hashes, contract")
        with self._folder.staging() as staged:
            await asyncio.to_thread(packages.unpack, stream, staged)
            signer = await asyncio.to_thread(self._verified, staged)
            package = Package.read(staged)
            if accept_licence != package.licence:
                raise RefusedPackageError(f"It is under {package.licence!r}; read that licence and say that you accept it.")
            checks = await self._checks(package, staged)
            golden = await asyncio.to_thread(Golden.read, staged, checks.contract)
            digest = hashlib.sha256((staged / MANIFEST).read_bytes()).digest()
            async with tenant_transaction(self._pool, access.whole_chain) as connection:
                if (known := await repository.find_pushed(connection, package.model, digest)) is not None:
                    return known
                number = await repository.next_number(connection)
                used = await repository.lock_pointer(connection, access.whole_chain.chain_id, package.model)
            try:
                report = await self._try(number, staged, package, checks, golden, used, slower, told)
                made = ModelVersion(
                    new_id(), package.model, number, "ready", package.artefact, package.publisher, package.licence,
                    package.training_data, digest, signer, report, access.principal.id, now(),
                )  # fmt: skip
                calm = await self.courtesy.quiet(partial(self._busy, package.model), told, "load it beside the others")
                made = replace(made, report={**made.report, "in_quiet": report["in_quiet"] and calm})
                await self._join(access, made, staged)
            finally:
                await asyncio.shield(self._end_trial(package.model, number))
        log.info("a model version is served", model=made.model, version=made.version)
        return made

    def _verified(self, staged: Path) -> str:
        trusted = trusted_keys(self._keys) if self._keys.exists() else {}
        if not trusted:
            raise RefusedPackageError(f"This installation trusts no key yet; put its public .pem file into {self._keys}.")
        return verify(staged, trusted)

    async def _try(
        self,
        number: int,
        staged: Path,
        package: Package,
        checks: Checks,
        golden: Golden,
        used: Pointer,
        slower: float,
        told: Progress,
    ) -> dict[str, Any]:
        calm = await self.courtesy.quiet(partial(self._busy, package.model), told, "load it for its checks")
        name = await self._placement.open_trial(package.model, number, staged)
        await self._until(lambda: self._serving().sees(name), f"Not every Triton has {name} in its folder")
        await self._serving().load(name)
        ask = partial(self._serving().ask, name, number, checks.contract)
        told(f"{len(golden.images)} golden images")
        await checks.golden(ask, golden)
        told(f"latency, against version {used.stable}")
        current = partial(self._serving().ask, package.model, used.stable, checks.contract)
        latency = await compare_latency(ask, current, golden.images[0], slower)
        return {"golden_images": len(golden.images), "compared_with": used.stable, "in_quiet": calm, **latency}

    async def _checks(self, package: Package, staged: Path) -> Checks:
        """How a package's kind of model is checked. RefusedPackageError where its contract is another one."""
        if package.model != FACE_EMBEDDING:
            pose = await asyncio.to_thread(packages.check_contract, staged, package, PoseContract.of)
            return Checks(pose, lambda ask, golden: check_golden(ask, golden, pose, package))
        if OWN_FACES:
            raise RefusedPackageError(NO_PUSHED_FACES)
        chips = await asyncio.to_thread(packages.check_contract, staged, package, ChipContract.of)
        if not await self._serving().ready(FACE_EMBEDDING, RELEASED_VERSION):
            raise UnavailableError(
                "Triton holds no face model now, so there is nothing to compare a version with: face models are loaded where a"
                " store's policy switches faces on. Push it while one does."
            )
        return Checks(chips, lambda ask, golden: check_embeddings(ask, golden, chips, package.cosine))

    async def _busy(self, model: str, seconds: float) -> float | None:
        return await self._serving().busy(model, seconds)

    async def _until(self, what: Callable[[], Awaitable[bool]], unless: str) -> None:
        """What is in the store reaches Tritons a little later; what is in their folder is there."""
        end = time.monotonic() + REACHES_S
        while self._placement.shared is not None and not await what():
            if time.monotonic() > end:
                raise UnavailableError(f"{unless} after {REACHES_S:.0f} s; look at the logs of `models sync` and push again.")
            await asyncio.sleep(ASK_AGAIN_S)

    async def _end_trial(self, model: str, number: int) -> None:
        """What fails here is not the result of the push."""
        try:
            try:
                await self._serving().unload(f"trial_{number}")
            finally:
                await self._placement.close_trial(model, number)
        except (PennyError, OSError) as error:
            log.warning("a trial is not cleared up now", model=model, version=number, problem=str(error))

    async def _join(self, access: Access, made: ModelVersion, staged: Path) -> None:
        """Among the served ones, row and audit in one transaction with it: whatever fails, it is not there."""
        scope = access.whole_chain
        async with self._folder.locked():
            joined = False
            await self._settle()
            try:
                async with tenant_transaction(self._pool, scope) as connection:
                    await repository.add_version(connection, scope.chain_id, made)
                    details = {
                        "licence": made.licence,
                        "signed_by": made.signed_by,
                        "slower_allowed": made.report["slower_allowed"],
                    }
                    await note(connection, access, Act.MODEL_PUSHED, made, details)
                    await self._placement.join(made.model, made.version, staged)
                    joined = True
                    await asyncio.to_thread(self._check_joined, made)
                    await self._load_everywhere(made)
                    if not await self._serving().ready(made.model, made.version):
                        raise UnavailableError(f"Triton does not serve version {made.version} after its load; push it again.")
            except BaseException:
                if joined:
                    await asyncio.shield(self._take_out(made))
                raise

    def _check_joined(self, made: ModelVersion) -> None:
        """What was tried lay in the folder meanwhile: what joined is what was signed, or it is not loaded."""
        place = self._folder.place(made.model, made.version)
        if why := fault(place, made.model, trusted_keys(self._keys), made.manifest_sha256):
            raise RefusedPackageError(f"It is not what was checked any more: {why}")

    async def _take_out(self, made: ModelVersion) -> None:
        try:
            try:
                await self._placement.leave(made.model, made.version)
            finally:  # a replica may have loaded it before another refused; faces stay away where they went meanwhile
                if made.model != FACE_EMBEDDING or await self._serving().ready(made.model, RELEASED_VERSION):
                    await self._serving().load(made.model)
        except (PennyError, OSError) as error:
            log.warning("a version that was not taken is not cleared up now", version=made.version, problem=str(error))

    async def _load_everywhere(self, made: ModelVersion) -> None:
        """On those, too, whose folder has it a little later."""
        if self._placement.shared is not None:
            await asyncio.sleep(SYNC_EVERY_S)
        await self._serving().load(made.model)

        async def served() -> bool:
            serving = self._serving()
            if isinstance(serving, Replicas) and not await serving.ready(made.model, made.version):
                await serving.level(made.model, [RELEASED_VERSION, made.version])
            return await serving.ready(made.model, made.version)

        await self._until(served, f"Not every Triton serves version {made.version}")
