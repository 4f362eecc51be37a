"""Taking a promotion back by itself: every few seconds, by what workers reported since."""

import asyncio
import contextlib
import uuid
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction
from app.models import repository as pointers
from app.models.models import Pointer, rolled_back
from app.models.service import ModelService
from app.models.shadows import repository as shadows
from app.models.shadows.models import Agreement
from app.models.watch import repository
from app.models.watch.models import BASELINE, Watch, fault

EVERY_S: Final = 5.0
MINUTE: Final = timedelta(minutes=1)

log = logger(__name__)


class Watcher:
    """Watches the promotions of every chain of one installation; several services may, since each move holds the pointer."""

    def __init__(self, pool: "Pool[asyncpg.Record]", models: ModelService) -> None:
        self._pool, self._models = pool, models

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until `stop`."""
        while not stop.is_set():
            try:
                await self.round()
            except (*DATABASE_ERRORS, PennyError) as error:
                log.warning("promotions are not watched now", error=str(error) or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)

    async def round(self) -> int:
        """Look at every watched promotion once; how many were taken back."""
        done = 0
        for chain_id, model in await repository.watched(self._pool):
            done += await self._look(chain_id, model)
        return done

    async def _look(self, chain_id: uuid.UUID, model: str) -> bool:
        scope = TenantScope(chain_id)
        async with tenant_transaction(self._pool, scope) as connection:
            pointer = await pointers.lock_pointer(connection, chain_id, model)
            why = await self._fault(connection, pointer)
        if not why or not await self._models.serving.ready(model, pointer.stable if pointer.candidate else pointer.previous or 0):
            return False  # where the version before it does not answer either, the server is away and not the version at fault
        async with tenant_transaction(self._pool, scope) as connection:
            if await pointers.lock_pointer(connection, chain_id, model) != pointer:
                return False
            await _take_back(connection, chain_id, pointer, why)
        log.warning("a promotion was taken back", model=model, version=pointer.candidate or pointer.stable, reason=why)
        return True

    async def _fault(self, connection: TenantConnection, pointer: Pointer) -> str:
        watch = await repository.get(connection, pointer.model)
        if watch is None:
            return ""
        moment = now()
        if pointer.candidate is not None:
            return await _compared(connection, pointer.candidate, pointer.stable, pointer.model, watch, moment, together=True)
        if pointer.previous is None or watch.until is None or watch.until <= moment:
            return ""
        return await _compared(connection, pointer.stable, pointer.previous, pointer.model, watch, moment, together=False)


async def _compared(
    connection: TenantConnection, new: int, old: int, model: str, watch: Watch, moment: datetime, *, together: bool
) -> str:
    began, end = _next_minute(watch.changed_at), _next_minute(moment)
    answered = await repository.sums(connection, model, new, began, end)
    span = (began, end) if together else (watch.changed_at - BASELINE, began - MINUTE)
    before = await repository.sums(connection, model, old, *span)
    shadow, beside = await shadows.newest(connection, model), None
    if shadow is not None and shadow.version == new:
        beside = Agreement.of((await shadows.agreements(connection, shadow.id)).values())
    return fault(answered, before, beside, watch.limits)


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + MINUTE


async def _take_back(connection: TenantConnection, chain_id: uuid.UUID, pointer: Pointer, why: str) -> None:
    moved = rolled_back(pointer)
    watch = await repository.get(connection, pointer.model)
    await pointers.put_pointer(connection, chain_id, moved)
    if watch is not None:
        await repository.put(connection, pointer.model, watch.limits, None, why)
    told = {"model": pointer.model, "from": pointer.candidate or pointer.stable, "to": moved.stable, "reason": why[:500]}
    await audit.append(connection, AuditEntry(Act.MODEL_ROLLED_BACK, ActorKind.SYSTEM, None, chain_id, None, "model", None, told))
