"""The end of tracks: a row of boxes for each person who was in a picture, by day. Whole days go, of every chain."""

from typing import Final

import asyncpg

from app.evidence import metrics
from app.evidence.retention_repository import MOST_STRAYS, drop_detections
from app.kit.logs import logger
from app.kit.postgres import Pool

DAYS: Final = 90
"""How long they are kept where no setting says otherwise: longer than any report reads."""
MOST_CALLS: Final = 50
"""Of one run: a million rows that lay outside their days."""
LATER: Final = (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError, asyncpg.QueryCanceledError, TimeoutError)
"""What passes: recordings are not kept for longer because of it."""

log = logger(__name__)


async def drop_old(pool: "Pool[asyncpg.Record]", days: int) -> int:
    """Drop the days of tracks before `days` ago; how many. Where somebody reads one for long, the next run does it."""
    dropped = 0
    try:
        for _ in range(MOST_CALLS):
            gone, strays = await drop_detections(pool, days)
            dropped += gone
            if strays < MOST_STRAYS:
                break
    except LATER as error:
        metrics.failures.labels(type(error).__name__).inc()
        log.warning("old tracks are being read; the next run drops them", error=type(error).__name__)
    return dropped
