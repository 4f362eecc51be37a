"""Who asked and who complained is forgotten 90 days after the answer, which the database decides."""

import asyncio
from contextlib import suppress
from typing import Final

import asyncpg

from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool

EVERY_S: Final = 3600.0
WAIT_S: Final = 5.0

log = logger(__name__)


async def forget_contacts(pool: "Pool[asyncpg.Record]") -> int:
    """Forget who was behind requests and complaints that were answered more than 90 days ago; of how many."""
    async with pool.acquire(timeout=WAIT_S) as connection:
        return int(await connection.fetchval("SELECT forget_answered_contacts()"))


async def keep_forgetting_contacts(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """Every hour until `stop`; a database that is away is asked again an hour later."""
    while not stop.is_set():
        try:
            if gone := await forget_contacts(pool):
                log.info("who was answered long ago was forgotten", count=gone)
        except DATABASE_ERRORS as error:
            log.warning("who was answered long ago could not be forgotten", error=str(error) or type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY_S)
