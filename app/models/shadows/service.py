"""Starting and ending a shadow run, and what it shows."""

import asyncio
import dataclasses
import uuid
from typing import Any, Final

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Access
from app.kit.clock import now
from app.kit.errors import ConflictError, NotFoundError, PennyError
from app.kit.ids import new_id
from app.kit.keeping import keep
from app.kit.keys.models import DISAGREEMENT
from app.kit.keys.provider import KeyLostError
from app.kit.keys.vault import Vault
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction
from app.models.models import POSE_MODEL
from app.models.service import ModelService
from app.models.shadows import repository
from app.models.shadows.models import Shadow, ShadowReport

END_EVERY_S: Final = 600.0


class ShadowService:
    """Shadow runs of one installation."""

    def __init__(self, pool: "Pool[asyncpg.Record]", models: ModelService, vault: Vault) -> None:
        self._pool, self._models, self._vault = pool, models, vault

    async def start(self, access: Access, version_id: uuid.UUID, share: float) -> Shadow:
        """Have a share of the cameras ask this version, too, without effects; another share of the one that runs starts anew.

        Raises:
            UnavailableError: Triton does not serve it now.
            ConflictError: it is retired, serves all cameras, or another version is shadowed.
        """
        async with self._models.with_ready_version(access, version_id) as (connection, pointer, known):
            if known.model != POSE_MODEL:
                raise ConflictError(
                    f"Versions of {known.model} are not compared on cameras: a face would be embedded twice. Compare them on"
                    " pictures: `pennyprotect models evaluate FOLDER --model face_pipeline`."
                )
            if known.version == pointer.stable:
                raise ConflictError(f"Version {known.version} serves all cameras already; there is nothing to compare it with.")
            if (runs := await repository.running(connection, known.model)) is not None:
                if runs.version != known.version:
                    raise ConflictError(f"Version {runs.version} is shadowed; end that first.")
                await repository.end(connection, runs.id)
            made = Shadow(new_id(), known.model, known.version, share, now())
            await repository.start(connection, access.whole_chain.chain_id, made, access.principal.id)
            await _note(connection, access, Act.MODEL_SHADOW_STARTED, known.id, made, {"share": share})
        return made

    async def end(self, access: Access, model: str) -> Shadow:
        """End the run; what it showed stays. ConflictError where none runs."""
        async with tenant_transaction(self._pool, access.whole_chain) as connection:
            runs = await repository.running(connection, model)
            if runs is None:
                raise ConflictError(f"No version of {model[:80]} is shadowed.")
            await repository.end(connection, runs.id)
            await _note(connection, access, Act.MODEL_SHADOW_ENDED, None, runs, {})
        return dataclasses.replace(runs, ended_at=now())

    async def report(self, access: Access, model: str) -> ShadowReport:
        """What the run that goes on, or the last one, showed. NotFoundError where none ever ran."""
        async with tenant_transaction(self._pool, access.whole_chain) as connection:
            found = await repository.newest(connection, model)
            if found is None:
                raise NotFoundError(f"No version of {model[:80]} was shadowed yet.")
            total, cameras = await repository.total(connection, found.id), await repository.agreements(connection, found.id)
            kept = await repository.disagreements(connection, found.id)
        return ShadowReport(found, total, cameras, kept)

    async def still(self, access: Access, disagreement_id: uuid.UUID) -> bytes:
        """The picture of a disagreement; looking at it leaves an audit row. NotFoundError once it, or its key, is gone."""
        async with tenant_transaction(self._pool, access.whole_chain) as connection:
            camera_id, store_id, sealed = await repository.still(connection, disagreement_id)
            try:
                jpeg = await self._vault.open_bytes(DISAGREEMENT, disagreement_id, sealed)
            except KeyLostError as error:
                raise NotFoundError("The key of this picture is gone, and the picture with it.") from error
            who = access.principal
            told = {"disagreement": str(disagreement_id)}
            entry = AuditEntry(Act.MODEL_STILL_SHOWN, who.kind, who.id, who.chain_id, store_id, "camera", camera_id, told)
            await audit.append(connection, entry)
        return jpeg


async def end_overdue(pool: "Pool[asyncpg.Record]") -> int:
    """End the runs of every chain that nobody ended in time; how many."""
    ended = 0
    for chain_id, model in await repository.overdue(pool):
        async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
            runs = await repository.running(connection, model)
            if runs is None or runs.started_at + repository.LONGEST > now():
                continue
            await repository.end(connection, runs.id)
            told = {"model": runs.model, "version": runs.version, "reason": f"{repository.LONGEST.days} days are over"}
            entry = AuditEntry(Act.MODEL_SHADOW_ENDED, ActorKind.SYSTEM, None, chain_id, None, "model-version", None, told)
            await audit.append(connection, entry)
            ended += 1
    return ended


async def keep_ending(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """`end_overdue` now and then until `stop`."""
    sentence = "overdue shadow runs are not ended now"
    await keep(lambda: end_overdue(pool), END_EVERY_S, stop, sentence, (*DATABASE_ERRORS, PennyError))


async def _note(
    connection: TenantConnection, access: Access, act: Act, subject: uuid.UUID | None, of: Shadow, details: dict[str, Any]
) -> None:
    who = access.principal
    told = {"model": of.model, "version": of.version, **details}
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, None, "model-version", subject, told))
