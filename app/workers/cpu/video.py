"""Hands a camera's encoded pictures to the viewers' relay on this machine, over a Unix socket only its owner can open."""

import asyncio
import contextlib
import os
import uuid
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from app.capture.units import AccessUnits
from app.contracts.video import AccessUnit, Admitted, Refused, WatchCamera, WhyNot, framed, read_message
from app.kit.logs import logger
from app.workers.telemetry import WorkerMetrics

ASK_S: Final = 5.0
SEND_S: Final = 5.0
MOST_WAITING: Final = 700
"""A whole group and a little: who does not take that is out of date, and goes on with the next keyframe."""
MOST_VIEWERS: Final = 128

log = logger(__name__)


class Waiting:
    """What one relay connection has not taken yet. `put` may be called from any thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._units: deque[AccessUnit] = deque()
        self._filled = asyncio.Event()
        self._ended: WhyNot | None = None
        self._to_keyframe = False
        self.dropped = 0

    def put(self, unit: AccessUnit | WhyNot) -> None:
        """Hand over to the event loop."""
        with contextlib.suppress(RuntimeError):  # the loop is closing
            self._loop.call_soon_threadsafe(self.add, unit)

    def add(self, unit: AccessUnit | WhyNot) -> None:
        """In the event loop: queue it. Pictures between a dropped one and the next keyframe are of no use and dropped too."""
        if isinstance(unit, WhyNot):
            self._ended = unit
        elif len(self._units) >= MOST_WAITING:
            self.dropped += len(self._units) + 1
            self._units.clear()
            self._to_keyframe = True
        elif self._to_keyframe and not unit.is_keyframe:
            self.dropped += 1
        else:
            self._to_keyframe = False
            self._units.append(unit)
        self._filled.set()

    async def take(self) -> AccessUnit | WhyNot:
        """The next one; the end once nothing waits."""
        while not self._units:
            if self._ended is not None:
                return self._ended
            self._filled.clear()
            await self._filled.wait()
        return self._units.popleft()


class VideoDoor:
    """Serves `units_of` cameras at `path` while `run` runs."""

    def __init__(self, path: Path, units_of: Callable[[uuid.UUID], AccessUnits | None], metrics: WorkerMetrics) -> None:
        self._path, self._units_of, self._metrics = path, units_of, metrics
        self._talks: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop`. Where nobody can listen here, live video is not to be had, and everything else goes on."""
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            server = await asyncio.start_unix_server(self._accept, str(self._path))
            os.chmod(self._path, 0o600)  # noqa: PTH101 - the socket itself
        except OSError as error:
            log.warning("encoded pictures are not served", error=str(error))
            return
        try:
            await stop.wait()
        finally:
            server.close()
            for talk in tuple(self._talks):
                talk.cancel()
            await asyncio.gather(*self._talks, return_exceptions=True)
            self._path.unlink(missing_ok=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._talks) >= MOST_VIEWERS:
            writer.close()
            return
        talk = asyncio.ensure_future(self._talk(reader, writer))
        self._talks.add(talk)
        talk.add_done_callback(self._talks.discard)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ASK_S):
                asked = await read_message(reader)
            if isinstance(asked, WatchCamera):
                await self._show(asked.camera_id, writer, asyncio.ensure_future(reader.read(1)))
        except (OSError, EOFError, ValueError, TimeoutError):
            pass  # the relay went, or is none
        finally:
            writer.close()

    async def _show(self, camera_id: uuid.UUID, writer: asyncio.StreamWriter, gone: "asyncio.Future[bytes]") -> None:
        waiting = Waiting(asyncio.get_running_loop())
        units = self._units_of(camera_id)
        group = units.watch(waiting.put) if units is not None else WhyNot.NOT_RUNNING
        try:
            if isinstance(group, WhyNot):
                await _send(writer, framed(Refused(group)))
                return
            for unit in group:
                waiting.add(unit)
            await _send(writer, framed(Admitted()))
            sending = asyncio.ensure_future(_pour(waiting, writer))
            either: set[asyncio.Future[Any]] = {sending, gone}
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        finally:
            gone.cancel()
            if units is not None:
                units.unwatch(waiting.put)
            self._metrics.units_dropped.inc(waiting.dropped)


async def _pour(waiting: Waiting, writer: asyncio.StreamWriter) -> None:
    """Everything that comes, until the worker or the camera ends it."""
    while not isinstance(unit := await waiting.take(), WhyNot):
        await _send(writer, framed(unit))
    await _send(writer, framed(Refused(unit)))


async def _send(writer: asyncio.StreamWriter, message: bytes) -> None:
    writer.write(message)
    async with asyncio.timeout(SEND_S):
        await writer.drain()
