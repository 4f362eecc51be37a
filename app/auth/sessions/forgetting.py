"""Ended log-ins leave device and address behind: they go 30 days after, which the database decides."""

import asyncio
from typing import Final

import asyncpg

from app.kit.keeping import keep
from app.kit.logs import logger
from app.kit.postgres import Pool

EVERY_S: Final = 3600.0
WAIT_S: Final = 5.0

log = logger(__name__)


async def forget_ended(pool: "Pool[asyncpg.Record]") -> tuple[int, int]:
    """Delete sessions that ended, and recovery codes that were used, more than 30 days ago; how many of each."""
    async with pool.acquire(timeout=WAIT_S) as connection:
        row = await connection.fetchrow("SELECT sessions, codes FROM forget_ended_sign_ins()")
    sessions, codes = (row["sessions"], row["codes"]) if row else (0, 0)
    if sessions or codes:
        log.info("what ended log-ins left behind was deleted", sessions=sessions, recovery_codes=codes)
    return sessions, codes


async def keep_forgetting(pool: "Pool[asyncpg.Record]", stop: asyncio.Event) -> None:
    """Every hour until `stop`; a database that is away is asked again an hour later."""
    await keep(lambda: forget_ended(pool), EVERY_S, stop, "ended log-ins could not be deleted")
