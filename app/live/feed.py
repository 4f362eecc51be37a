"""A camera's encoded pictures from the worker, as one viewer should get them."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from app.contracts.video import CLOCK_RATE, AccessUnit, Admitted, Refused, WatchCamera, WhyNot, framed, read_message
from app.kit.errors import ConflictError, UnavailableError

OPEN_S: Final = 3.0
SILENCE_S: Final = 15.0
LIVE_WITHIN_US: Final = 500_000
HURRIED: Final = CLOCK_RATE // 500
"""Ticks between pictures of the past: a browser that gets a whole group at once shows the last of it at once."""

SENTENCES: Final = {
    WhyNot.MASKED: "This camera has privacy masks, which encoded video cannot carry; its masked pictures are at /live/pictures.",
    WhyNot.CODEC: "This camera does not send H.264, which browsers need; its pictures are at /live/pictures.",
    WhyNot.REORDERED: "This camera sends B-frames, which WebRTC cannot carry; switch them off, or use /live/pictures.",
    WhyNot.NOT_RUNNING: "This camera gives no pictures right now.",
}


class NoVideoError(ConflictError):
    """The camera's encoded pictures cannot be passed on."""

    title = "No video of this camera"


class Hurry:
    """Presentation times for one viewer: pictures that were kept come two milliseconds apart and end where live begins. Pure."""

    def __init__(self) -> None:
        self._shift: int | None = None
        self._last = 0

    def at(self, unit: AccessUnit, now_us: int) -> int:
        """Ticks to send `unit` with, rising."""
        if self._shift is None and now_us - unit.captured_at_us > LIVE_WITHIN_US and self._last:
            self._last += HURRIED
            return self._last
        if self._last == 0 and now_us - unit.captured_at_us > LIVE_WITHIN_US:
            self._last = unit.pts
            return self._last
        if self._shift is None:
            self._shift = self._last + HURRIED - unit.pts if self._last else 0
        self._last = max(self._last + 1, unit.pts + self._shift)
        return self._last


@contextlib.asynccontextmanager
async def open_feed(path: Path, camera_id: uuid.UUID) -> AsyncIterator[AsyncIterator[AccessUnit]]:
    """The camera's pictures from its newest keyframe on; the iterator ends when the worker ends it or falls silent.

    Raises:
        NoVideoError: the worker refuses; `why` says what for.
        UnavailableError: the worker does not answer.
    """
    try:
        async with asyncio.timeout(OPEN_S):
            reader, writer = await asyncio.open_unix_connection(str(path))
            writer.write(framed(WatchCamera(camera_id)))
            answer = await read_message(reader)
    except (OSError, EOFError, ValueError) as error:  # a time-out is an OSError
        raise UnavailableError("No worker hands out live video on this machine right now; try again soon.") from error
    try:
        if isinstance(answer, Refused):
            raise NoVideoError(SENTENCES[answer.why], why=answer.why.value)
        if not isinstance(answer, Admitted):
            raise UnavailableError("The worker speaks another version of this protocol; restart the product.")
        yield _units(reader)
    finally:
        writer.close()


async def _units(reader: asyncio.StreamReader) -> AsyncIterator[AccessUnit]:
    while True:
        try:
            async with asyncio.timeout(SILENCE_S):
                message = await read_message(reader)
        except (OSError, EOFError, ValueError):
            return
        if not isinstance(message, AccessUnit):
            return
        yield message
