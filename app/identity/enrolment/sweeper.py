"""Ends enrolments whose time is over, within a second. Whoever decides compares with an own clock and waits for nobody.

Names of persons who were never enrolled go too, a day after they were given.
"""

import asyncio
import contextlib
import time
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.identity.enrolment import erasure, repository
from app.identity.enrolment.image_repository import expired_enrolments
from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, TenantScope, tenant_transaction

EVERY_S: Final = 0.5
AT_ONCE: Final = 100
NAMES_EVERY_S: Final = 60.0
NAME_KEPT: Final = timedelta(hours=25)
"""Without an enrolment that stands: a day for a better picture, and longer than answers are kept for repeated requests."""

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


async def forget_names(pool: "Pool[asyncpg.Record]", moment: datetime) -> int:
    """One round: how many persons whom no enrolment is about were forgotten. One that cannot be keeps no other one."""
    await repository.forget_old_answers(pool)
    done = 0
    for chain_id, person_id in await repository.persons_without_entry(pool, moment - NAME_KEPT, AT_ONCE):
        try:
            async with tenant_transaction(pool, TenantScope(chain_id)) as connection:
                # Locked before it is looked at again: somebody may enrol this person at this moment.
                person = await repository.get_person(connection, person_id, lock=True)
                if await repository.forget_person(connection, person_id, moment):
                    entry = AuditEntry(
                        Act.PERSON_FORGOTTEN, ActorKind.SYSTEM, None, chain_id, person.store_id, "person", person_id, {}
                    )
                    await audit.append(connection, entry)
                    done += 1
        except FAILURES as error:
            log.warning("a name could not be forgotten", person=str(person_id), error=_said(error))
    return done


async def keep_sweeping(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """Rounds until `stop`. A database that is away is asked again."""
    names_at = 0.0
    while not stop.is_set():
        try:
            if done := await sweep(pool, now()):
                log.info("enrolments ended: their time was over", count=done)
            if time.monotonic() >= names_at:
                names_at = time.monotonic() + NAMES_EVERY_S
                if done := await forget_names(pool, now()):
                    log.info("names forgotten that no enrolment was about", count=done)
        except FAILURES as error:
            log.warning("expired enrolments could not be looked for", error=_said(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__
