"""Switches off what no longer stands on its papers, every few seconds: a test or photo too old, a place a newer pack denies."""

import asyncio
from typing import Final

import asyncpg

from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.keeping import keep
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantScope, tenant_transaction
from app.tenancy.policy import repository, service
from app.tenancy.policy.packs import Pack

EVERY_S: Final = 2.0
FAILURES: Final = (*DATABASE_ERRORS, PennyError)

log = logger(__name__)


async def enforce(pool: "Pool[asyncpg.Record]", pack: Pack, *, demo_allowed: bool = False) -> int:
    """One round over the stores that have something on; how many were switched off."""
    done = 0
    # One store that cannot be checked keeps no other one on.
    for chain_id, store_id in await repository.stores_with_biometrics(pool):
        try:
            async with tenant_transaction(pool, TenantScope(chain_id, frozenset({store_id}))) as connection:
                done += await service.switch_off_lapsed(connection, chain_id, store_id, pack, now(), demo_allowed=demo_allowed)
        except FAILURES as error:
            log.warning("a site policy could not be checked", store=str(store_id), error=str(error) or type(error).__name__)
    if done:
        log.warning("biometric switches were switched off: their papers have lapsed", stores=done)
    return done


async def keep_enforcing(pool: "Pool[asyncpg.Record]", pack: Pack, stop: asyncio.Event, *, demo_allowed: bool = False) -> None:
    """Rounds until `stop`. A database that is away is asked again; workers stop by themselves meanwhile."""
    sentence = "site policies could not be checked"
    await keep(lambda: enforce(pool, pack, demo_allowed=demo_allowed), EVERY_S, stop, sentence, FAILURES)
