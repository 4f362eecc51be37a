"""The database pool of a role that waits for its database, and what a database that is away raises."""

import asyncio
from contextlib import suppress

import asyncpg

from app.kit.backoff import Backoff
from app.kit.errors import SetupError
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS, Pool, connect_pool
from app.settings import Settings

DATABASE_BACKOFF = Backoff(first_s=0.2, longest_s=3.0)

log = logger(__name__)


async def open_pool(settings: Settings, role: str, stop: asyncio.Event) -> "Pool[asyncpg.Record] | None":
    """A pool, as soon as the database answers; None when stopped before.

    Raises:
        SetupError: DATABASE_URL is not set.
    """
    url = settings.database_dsn
    if not url:
        raise SetupError(f"DATABASE_URL is not set; the {role} needs a database with the role pennyprotect_{role}.")
    failures = 0
    while not stop.is_set():
        try:
            return await connect_pool(url, role=role, smallest=1, largest=8, prepared=settings.prepared)
        except DATABASE_ERRORS as error:
            log.warning("cannot connect to the database yet", error=str(error) or type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(DATABASE_BACKOFF.delay_s(failures)):
                    await stop.wait()
            failures += 1
    return None
