"""The end of tracks: a row of boxes for each person who was in a picture, by day. Whole days go, of every chain."""

from typing import Final

import asyncpg

from app.kit.logs import logger
from app.kit.postgres import Pool

DAYS: Final = 90
"""How long they are kept where no setting says otherwise: longer than any report reads."""

log = logger(__name__)


async def drop_old(pool: "Pool[asyncpg.Record]", days: int) -> int:
    """Drop the days of tracks before `days` ago; how many. Where somebody reads one for long, the next run does it."""
    try:
        async with pool.acquire(timeout=5) as connection:
            row = await connection.fetchrow("SELECT days, strays FROM drop_detection_partitions($1)", days)
    except asyncpg.LockNotAvailableError:
        log.warning("old tracks are being read; the next run drops them")
        return 0
    return 0 if row is None else int(row["days"])
