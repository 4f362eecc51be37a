"""Live pictures: asked of the workers while somebody watches, newest first, for every viewer in this process."""

import asyncio
import contextlib
import math
import time
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from functools import partial

from app.contracts.live import picture_channel, unpack_picture, watch_key
from app.dashboard import counters
from app.dashboard.analysis import captured_at_text
from app.dashboard.channels import Channels
from app.kit.logs import logger
from app.kit.redis import Redis, RedisError

WATCH_S = 5
REFRESH_S = 2.0
BOUNDARY = "pennyprotect-picture"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
LARGEST_PICTURE = 4 << 20
STILL_EVERY_S = 2.0
"""A camera that a viewer wants as a still: one picture in this time at most, so that a wall of thumbnails stays cheap."""

log = logger(__name__)
Picture = tuple[uuid.UUID, int, bytes]
"""(camera, captured_at_us, JPEG)."""


class NewestPictures:
    """The newest picture of each camera that one viewer has not taken yet; cameras take turns."""

    def __init__(self, stills: frozenset[uuid.UUID] = frozenset(), clock: Callable[[], float] = time.monotonic) -> None:
        self._newest: dict[uuid.UUID, bytes] = {}
        self._arrived = asyncio.Event()
        self._due = dict.fromkeys(stills, -math.inf)
        self._clock = clock

    def put(self, camera: uuid.UUID, message: bytes) -> None:
        """Replace what waits of this camera; a still that came too soon after the last one is passed over."""
        if not 8 < len(message) <= LARGEST_PICTURE:
            counters.messages_unreadable.labels("picture").inc()
            return
        if camera in self._due:
            if (moment := self._clock()) < self._due[camera]:
                return
            self._due[camera] = moment + STILL_EVERY_S
        if camera in self._newest:
            counters.pictures_skipped.inc()
        self._newest[camera] = message
        self._arrived.set()

    @property
    def waiting(self) -> int:
        """Of how many cameras a picture waits."""
        return len(self._newest)

    async def take(self) -> Picture:
        """The next picture: of the camera that waits longest."""
        while not self._newest:
            self._arrived.clear()
            await self._arrived.wait()
        camera = next(iter(self._newest))
        return camera, *unpack_picture(self._newest.pop(camera))


class Pictures:
    """Who watches which cameras, and the keys that tell the workers."""

    def __init__(self, memory: Redis, channels: Channels) -> None:
        self._memory = memory
        self._channels = channels
        self._watched: Counter[uuid.UUID] = Counter()

    @contextlib.asynccontextmanager
    async def watch(
        self, cameras: Iterable[uuid.UUID], stills: frozenset[uuid.UUID] = frozenset()
    ) -> AsyncIterator[NewestPictures]:
        """Pictures of these cameras while the block runs, of `stills` among them a few only. RedisError when the memory Redis
        does not answer."""
        wanted = set(cameras)
        newest = NewestPictures(stills)
        listeners = [(picture_channel(camera), partial(newest.put, camera)) for camera in wanted]
        for channel, listener in listeners:
            self._channels.listen(channel, listener)
        self._watched.update(wanted)
        counters.picture_viewers.inc()
        try:
            await self._ask(wanted)
            yield newest
        finally:
            counters.picture_viewers.dec()
            self._watched.subtract(wanted)
            self._watched += Counter()  # forgets those that nobody watches
            for channel, listener in listeners:
                self._channels.leave(channel, listener)

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the keys of watched cameras alive until stopped."""
        while not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), REFRESH_S)
            try:
                await self._ask(set(self._watched))
            except (RedisError, OSError) as error:
                log.warning("workers cannot be asked for pictures", error=str(error) or type(error).__name__)

    async def _ask(self, cameras: set[uuid.UUID]) -> None:
        if not cameras:
            return
        async with self._memory.pipeline(transaction=False) as pipe:
            for camera in cameras:
                pipe.set(watch_key(camera), b"1", ex=WATCH_S)
            await pipe.execute()


def picture_part(picture: Picture) -> bytes:
    """One part of the multipart stream."""
    camera, captured_at_us, jpeg = picture
    head = (
        f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Camera-Id: {camera}\r\n"
        f"X-Captured-At-Us: {captured_at_us}\r\nX-Captured-At: {captured_at_text(captured_at_us)}\r\n\r\n"
    )
    return head.encode() + jpeg + b"\r\n"
