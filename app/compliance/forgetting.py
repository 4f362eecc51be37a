"""Who asked and who complained is forgotten 90 days after the answer, which the database decides."""

import asyncio
from typing import Final

import asyncpg

from app.kit.keeping import keep
from app.kit.logs import logger
from app.kit.postgres import Pool

EVERY_S: Final = 3600.0
WAIT_S: Final = 5.0

log = logger(__name__)


async def forget_contacts(pool: "Pool[asyncpg.Record]") -> int:
    """Forget who was behind requests and complaints that were answered more than 90 days ago; of how many."""
    async with pool.acquire(timeout=WAIT_S) as connection:
        gone = int(await connection.fetchval("SELECT forget_answered_contacts()"))
    if gone:
        log.info("who was answered long ago was forgotten", count=gone)
    return gone


async def keep_forgetting_contacts(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """Every hour until `stop`; a database that is away is asked again an hour later."""
    await keep(lambda: forget_contacts(pool), EVERY_S, stop, "who was answered long ago could not be forgotten")
