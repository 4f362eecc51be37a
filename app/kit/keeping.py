"""Work that is done again and again beside requests, until the process stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from app.kit.cancellation import heed_cancellation
from app.kit.logs import logger
from app.kit.postgres import DATABASE_ERRORS

log = logger(__name__)


async def keep(
    act: Callable[[], Awaitable[object]],
    every_s: float,
    stop: asyncio.Event,
    sentence: str,
    failures: tuple[type[Exception], ...] = DATABASE_ERRORS,
) -> None:
    """`act` at once and then every `every_s` seconds until `stop`.

    One of `failures` is logged as `sentence`, and `act` is tried again after the same time; any other error ends it.
    """
    while not stop.is_set():
        try:
            await act()
        except failures as error:
            heed_cancellation()
            log.warning(sentence, error=str(error) or type(error).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every_s)
