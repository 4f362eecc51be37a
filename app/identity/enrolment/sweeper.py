"""Ends enrolments whose time is over, within a second. Whoever decides compares with an own clock and waits for nobody."""

import asyncio
import contextlib
from datetime import datetime
from typing import Final

import asyncpg

from app.identity.enrolment import erasure
from app.identity.enrolment.image_repository import expired_enrolments
from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantScope, tenant_transaction

EVERY_S: Final = 0.5
AT_ONCE: Final = 100
FAILURES: Final = (*DATABASE_ERRORS, PennyError)

log = logger(__name__)


async def sweep(pool: "Pool[asyncpg.Record]", moment: datetime) -> int:
    """One round: how many enrolments were ended. One that cannot be ended keeps no other one."""
    done = 0
    for chain_id, enrolment_id in await expired_enrolments(pool, moment, AT_ONCE):
        try:
            async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
                done += await erasure.expire(connection, chain_id, enrolment_id, moment)
        except FAILURES as error:
            log.warning("an enrolment could not be ended", enrolment=str(enrolment_id), error=_said(error))
    return done


async def keep_sweeping(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """Rounds until `stop`. A database that is away is asked again."""
    while not stop.is_set():
        try:
            if done := await sweep(pool, now()):
                log.info("enrolments ended: their time was over", count=done)
        except FAILURES as error:
            log.warning("expired enrolments could not be looked for", error=_said(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
