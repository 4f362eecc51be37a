"""Opening a pool of a database that may not answer yet."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import asyncpg

from app.kit.backoff import Backoff
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS

BACKOFF: Final = Backoff(first_s=0.2, longest_s=3.0)
AnyPool = TypeVar("AnyPool", bound="asyncpg.Pool[Any]")

log = logger(__name__)


async def until_open(connect: Callable[[], Awaitable[AnyPool]], stop: asyncio.Event) -> AnyPool | None:
    """What `connect` makes, as soon as the database answers; None when stopped before."""
    failures = 0
    while not stop.is_set():
        try:
            return await connect()
        except DATABASE_ERRORS as error:
            log.warning("cannot connect to the database yet", error=str(error) or type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(BACKOFF.delay_s(failures)):
                    await stop.wait()
            failures += 1
    return None
