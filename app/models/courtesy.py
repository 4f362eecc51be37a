"""A push waits for cameras: one at a time, in quiet moments where there are any, and its checks leave pauses."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

from app.kit.errors import ConflictError

BUSY: Final = 0.7
"""0..1 of the instances' time that cameras' requests take; from here on a check costs frames."""
LOOK_S: Final = 2.0
PATIENCE_S: Final = 60.0
RESTS: Final = 2.0
"""Times as long as an answer took nothing is asked, so that checks take a third of one instance at most."""
LONGEST_REST_S: Final = 10.0
"""On a machine so busy that an answer takes seconds, too."""
MOST_WAITING: Final = 4

Busy = Callable[[float], Awaitable[float | None]]
"""The share of the instances' time that the last so many seconds took; None where nobody says."""


class Courtesy:
    """Of the pushes of one service.

    Attributes:
        said: what each push of this service does now, the oldest first.
    """

    def __init__(self, patience_s: float | None = None) -> None:
        self._patience_s = patience_s
        self._turn = asyncio.Lock()
        self.said: dict[object, str] = {}

    @asynccontextmanager
    async def turn(self) -> AsyncIterator["Progress"]:
        """Alone among the pushes of this service. ConflictError where many wait already."""
        if len(self.said) >= MOST_WAITING:
            raise ConflictError("Many pushes wait already; try again in some minutes.")
        told = Progress(self.said)
        try:
            told("waits for the push before it")
            async with self._turn:
                yield told
        finally:
            told.end()

    async def quiet(self, busy: Busy, told: "Progress", what: str) -> bool:
        """Whether a quiet moment came before patience ended; the push goes on all the same, and its report says so."""
        end = time.monotonic() + (PATIENCE_S if self._patience_s is None else self._patience_s)
        while (share := await busy(LOOK_S)) is not None and share >= BUSY:
            if time.monotonic() >= end:
                told(f"{what}, though cameras take {share:.0%} of Triton's time")
                return False
            told(f"waits to {what}: cameras take {share:.0%} of Triton's time")
        told(what)
        return True


class Progress:
    """What one push does now."""

    def __init__(self, said: dict[object, str]) -> None:
        self._said = said

    def __call__(self, what: str) -> None:
        """From now on."""
        self._said[self] = what

    def end(self) -> None:
        """Nothing any more."""
        self._said.pop(self, None)


async def rest(took_s: float) -> None:
    """After an answer that took so long."""
    await asyncio.sleep(min(RESTS * took_s, LONGEST_REST_S))
