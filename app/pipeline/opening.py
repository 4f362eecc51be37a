"""The database pool of a role that waits for its database."""

import asyncio
from functools import partial

import asyncpg

from app.kit.errors import SetupError
from app.kit.opening import until_open
from app.kit.postgres import Pool, connect_pool
from app.settings import Settings


async def open_pool(settings: Settings, role: str, stop: asyncio.Event) -> "Pool[asyncpg.Record] | None":
    """A pool, as soon as the database answers; None when stopped before.

    Raises:
        SetupError: DATABASE_URL is not set.
    """
    url = settings.database_dsn
    if not url:
        raise SetupError(f"DATABASE_URL is not set; the {role} needs a database with the role pennyprotect_{role}.")
    return await until_open(partial(connect_pool, url, role=role, smallest=1, largest=8, prepared=settings.prepared), stop)
