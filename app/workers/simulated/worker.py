"""A worker of simulated cameras only, over HTTP: heartbeats for cameras, then `POST /api/v1/ingest/tracked-frames`.

It plays one script on every camera it is given, whatever the address says: give it a service of its own, or one whose other
workers have no free place. It needs a key of the platform with the permission `worker`.
"""

import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec

from app.contracts.control import DesiredCamera
from app.contracts.tracked import CameraHealth, TrackedFrame, TrackletClosed
from app.kit.ids import new_id
from app.kit.logs import logger
from app.workers.control import ControlLoop
from app.workers.simulated.acts import Script
from app.workers.simulated.lane import SimulatedLane

SEND_EVERY_S: Final = 0.1
SEND_LIMIT_S: Final = 5.0
MOST_WAITING: Final = 2000
BATCH: Final = 100

log = logger(__name__)


class HttpOutlet:
    """Frames wait here, the oldest let go beyond a bound; what else a camera says has no way over HTTP.

    Attributes:
        sent, dropped: frames.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url, self._key = url.rstrip("/") + "/api/v1/ingest/tracked-frames", key
        self._waiting: deque[TrackedFrame] = deque()
        self.sent = self.dropped = 0

    def frame(self, frame: TrackedFrame) -> None:
        """Queue it."""
        if len(self._waiting) >= MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(frame)

    def tracklet(self, tracklet: TrackletClosed) -> None:
        """Not sent."""

    def health(self, health: CameraHealth) -> None:
        """Not sent."""

    def picture(self, camera: uuid.UUID, captured_at_us: int, jpeg: bytes) -> None:
        """Not sent."""

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; a batch that is not taken is sent again, which the service counts once."""
        timeout = aiohttp.ClientTimeout(total=SEND_LIMIT_S)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/vnd.msgpack"}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            while not stop.is_set():
                batch = list(self._waiting)[:BATCH]
                if batch and await self._send(session, batch):
                    for _ in batch:
                        self._waiting.popleft()
                    self.sent += len(batch)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), SEND_EVERY_S)

    async def _send(self, session: aiohttp.ClientSession, batch: list[TrackedFrame]) -> bool:
        try:
            async with session.post(self._url, data=msgspec.msgpack.encode(batch)) as reply:
                if reply.status != 200:
                    log.warning("frames are refused", status=reply.status)
                return reply.status == 200
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("frames cannot be sent", problem=type(error).__name__)
            return False


async def play(
    url: str, key: str, script: Script, stop: asyncio.Event, *, capacity: int = 1, seconds: float | None = None
) -> HttpOutlet:
    """Play a script on up to `capacity` cameras until `stop`, or for so long; the outlet tells what was sent."""
    outlet, lanes = HttpOutlet(url, key), dict[uuid.UUID, SimulatedLane]()
    async with asyncio.TaskGroup() as group:

        def want(wanted: dict[uuid.UUID, DesiredCamera]) -> None:
            for camera_id in [held for held in lanes if held not in wanted]:
                lanes.pop(camera_id).stop()
            for camera_id, camera in wanted.items():
                if camera_id not in lanes:
                    lanes[camera_id] = SimulatedLane(camera, script, outlet)
                    group.create_task(lanes[camera_id].run())

        running: Callable[[], list[uuid.UUID]] = lambda: list(lanes)  # noqa: E731 - typed
        control = ControlLoop(url, key, new_id(), "simulated", capacity, running, want)
        group.create_task(control.run(stop))
        group.create_task(outlet.run(stop))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        stop.set()
        want({})
    return outlet
