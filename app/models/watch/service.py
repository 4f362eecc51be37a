"""Taking a promotion back by itself: every few seconds, by what workers reported since."""

import asyncio
import uuid
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from app.audit.models import ActorKind
from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.keeping import keep
from app.kit.logs import logger
from app.kit.metrics import counter
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantConnection, TenantScope, tenant_transaction
from app.models import repository as pointers
from app.models.models import Pointer
from app.models.moving import take_back
from app.models.readings.models import Sums
from app.models.service import ModelService
from app.models.shadows import repository as shadows
from app.models.watch import repository
from app.models.watch.models import BASELINE, Watch, fault, lasts

EVERY_S: Final = 5.0
MINUTE: Final = timedelta(minutes=1)
TAKEN_BACK: Final = counter("model_promotions_taken_back", "Promotions of a model's version that were taken back.", ("model",))
FAILURES: Final = (*DATABASE_ERRORS, PennyError)
Span = tuple[datetime, datetime]

log = logger(__name__)


class Watcher:
    """Watches the promotions of every chain of one installation; several services may, since each move holds the pointer."""

    def __init__(self, pool: "Pool[asyncpg.Record]", models: ModelService) -> None:
        self._pool, self._models = pool, models

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until `stop`."""
        await keep(self.round, EVERY_S, stop, "promotions are not watched now", FAILURES)

    async def round(self) -> int:
        """Look at every watched promotion once; how many were taken back."""
        done, answers = 0, dict[tuple[str, int], bool]()
        for chain_id, model in await repository.watched(self._pool):
            try:
                done += await self._look(chain_id, model, answers)
            except FAILURES as error:  # of this chain; the others are watched all the same
                problem = str(error) or type(error).__name__
                log.warning("a promotion is not watched now", chain=str(chain_id), model=model, error=problem)
        return done

    async def _look(self, chain_id: uuid.UUID, model: str, answers: dict[tuple[str, int], bool]) -> bool:
        """`answers`: which versions answered already in this round."""
        scope = TenantScope(chain_id)
        async with tenant_transaction(self._pool, scope) as connection:
            pointer = await pointers.lock_pointer(connection, chain_id, model)
        if (before := pointer.stable if pointer.candidate is not None else pointer.previous) is None:
            return False
        key = (model, before)
        if key not in answers:
            answers[key] = await self._models.serving.ready(*key)
        if not answers[key]:  # the server is away, and not the version at fault
            async with tenant_transaction(self._pool, scope) as connection:
                await repository.note_away(connection, model)
            return False
        async with tenant_transaction(self._pool, scope) as connection:
            if await pointers.lock_pointer(connection, chain_id, model) != pointer:
                return False
            if (watch := await repository.get(connection, model)) is None:
                return False
            if why := await _fault(connection, pointer, watch):
                await take_back(connection, chain_id, pointer, ActorKind.SYSTEM, None, watch.limits, why)
        if why:
            TAKEN_BACK.labels(model).inc()
            log.warning("a promotion was taken back", model=model, version=pointer.candidate or pointer.stable, reason=why)
        return bool(why)


async def _fault(connection: TenantConnection, pointer: Pointer, watch: Watch) -> str:
    moment = now()
    span = (_next_minute(watch.since), _next_minute(moment))
    if pointer.candidate is not None:
        before = await repository.sums(connection, pointer.model, pointer.stable, *span)
        return await _compared(connection, pointer.model, pointer.candidate, pointer.stable, watch, before, span, together=True)
    if pointer.previous is None or watch.until is None or watch.until <= moment:
        return ""
    earlier = (watch.changed_at - BASELINE, _next_minute(watch.changed_at) - MINUTE)
    before = await repository.sums(connection, pointer.model, pointer.previous, *earlier)
    return await _compared(connection, pointer.model, pointer.stable, pointer.previous, watch, before, span, together=False)


async def _compared(
    connection: TenantConnection, model: str, new: int, old: int, watch: Watch, before: Sums, span: Span, *, together: bool
) -> str:
    answered = await repository.sums(connection, model, new, *span)
    lasting = together or lasts(await repository.minutes(connection, model, new, *span))
    shadow, beside = await shadows.newest_of(connection, model, new), None
    if shadow is not None:
        beside = await shadows.total(connection, shadow.id, old)
    return fault(answered, before, beside, watch.limits, together=together, lasting=lasting)


def _next_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0) + MINUTE
