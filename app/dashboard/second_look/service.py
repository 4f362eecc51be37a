"""The loop beside the service: a few alerts at a time, each claimed by one replica, looked at once."""

import asyncio
import contextlib

import asyncpg

from app.alerts.models import LookState
from app.dashboard import counters
from app.dashboard.channels import Channels
from app.dashboard.pictures import Pictures
from app.dashboard.second_look import repository
from app.dashboard.second_look.client import Endpoint, ask
from app.dashboard.second_look.models import ASSUMED_TOKENS, Allowance, Looked, allowance, sentence_of
from app.dashboard.second_look.repository import Due
from app.dashboard.second_look.stills import blurred_still
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantScope, tenant_transaction
from app.kit.redis import RedisError

EVERY_S = 2.0
AT_ONCE = 4
"""What waits longer than half a minute is passed over: the queue needs no other bound."""
FAILURES = (*DATABASE_ERRORS, PennyError, RedisError)

log = logger(__name__)


class SecondLook:
    """Looks again at alerts, on the service's own pictures."""

    def __init__(self, pool: "Pool[asyncpg.Record]", pictures: Pictures, channels: Channels, endpoint: Endpoint) -> None:
        self._pool, self._pictures, self._channels, self._endpoint = pool, pictures, channels, endpoint

    async def run(self, stop: asyncio.Event) -> None:
        """Rounds until `stop`; an outage costs looks, nothing else. Without a key it does nothing."""
        while not stop.is_set() and self._endpoint.key:
            try:
                found = await repository.due(self._pool, AT_ONCE)
                await asyncio.gather(*(self._guarded(alert) for alert in found))
            except FAILURES as error:
                log.warning("alerts cannot be looked at again", error=str(error) or type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY_S)
        await stop.wait()

    async def _guarded(self, alert: Due) -> None:
        try:
            await self.look(alert)
        except FAILURES as error:
            log.warning(
                "an alert could not be looked at again", alert=str(alert.alert_id), error=str(error) or type(error).__name__
            )

    async def look(self, alert: Due) -> None:
        """Claim, look, write. A crash in between leaves the look as asked, and its assumed cost counted."""
        scope = TenantScope(alert.chain_id, frozenset({alert.store_id}))
        async with tenant_transaction(self._pool, TenantScope(alert.chain_id)) as connection:
            used = await repository.tokens_today(connection, alert.chain_id)
            if not await repository.claim(connection, alert, self._endpoint.model):
                return
            allowed = allowance(used, self._endpoint.tokens_a_day)
            if allowed is Allowance.YES:
                await repository.reserve(connection, alert.alert_id, ASSUMED_TOKENS)
        looked = await self._looked(alert) if allowed is Allowance.YES else Looked(LookState.OVER_ALLOWANCE)
        counters.second_looks.labels(looked.state.value).inc()
        async with tenant_transaction(self._pool, scope) as connection:
            await repository.finish(connection, alert, looked, self._endpoint.model)

    async def _looked(self, alert: Due) -> Looked:
        still = await blurred_still(self._pictures, self._channels, alert.camera_id)
        if still is None:
            return Looked(LookState.NO_PICTURE)
        return await ask(self._endpoint, sentence_of(alert.kind, alert.explanation), still)
