"""The worker's way out: an outlet for each kind of message, to the two Redis servers."""

import abc
import asyncio
import contextlib
import uuid
from collections.abc import Callable, Sequence
from functools import partial

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from app.contracts.biometrics import KEEP_PROBES_MS, Probe, probes_stream
from app.contracts.live import camera_channel, pack_picture, picture_channel, watch_key
from app.contracts.tracked import (
    HEALTH_KEPT,
    KEEP_FRAMES_MS,
    TRACKLETS_KEPT,
    CameraHealth,
    TrackedFrame,
    TrackletClosed,
    frames_stream,
    health_stream,
    tracklets_stream,
)
from app.contracts.wire import encode
from app.kit.ids import shard_of
from app.workers.outlets import AWAY, SEND_TIMEOUT_S, Outlet, Parcel, RedisOutlet


class Emitter(abc.ABC):
    """Everything a worker says, each kind by an outlet of its own.

    Attributes:
        heard: told each tracked frame, whichever camera and worker it comes from; returns at once and never fails.
    """

    heard: Callable[[TrackedFrame], None] | None = None

    frames: Outlet
    pictures: Outlet
    probes: Outlet
    durable: Outlet

    @abc.abstractmethod
    async def watched(self, cameras: Sequence[uuid.UUID]) -> list[bool]:
        """Of each camera, whether somebody looks at it. `AWAY` where nobody can say."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Hang up."""

    def frame(self, frame: TrackedFrame) -> None:
        """A tracked frame: into its shard's stream and to whoever watches the camera."""
        stream = frames_stream(shard_of(frame.camera_id))
        channel = camera_channel(frame.camera_id)
        self.frames.offer(Parcel(encode(frame), stream, channel, keep_ms=KEEP_FRAMES_MS))
        if self.heard is not None:
            self.heard(frame)

    def picture(self, camera: uuid.UUID, captured_at_us: int, jpeg: bytes) -> None:
        """The JPEG of an analysed frame, to viewers only."""
        self.pictures.offer(Parcel(pack_picture(captured_at_us, jpeg), channel=picture_channel(camera)))

    def probe(self, probe: Probe, sendable: Callable[[], bool]) -> None:
        """A face's or a walk's embedding, into memory for seconds; dropped when `sendable` says no once its turn comes."""
        stream = probes_stream(shard_of(probe.camera_id))
        parcel = Parcel(encode(probe), stream, keep_ms=KEEP_PROBES_MS, expire_ms=KEEP_PROBES_MS, sendable=sendable)
        self.probes.offer(parcel)

    def tracklet(self, tracklet: TrackletClosed) -> None:
        """An ended track; waits while the bus is away."""
        stream = tracklets_stream(shard_of(tracklet.camera_id))
        self.durable.offer(Parcel(encode(tracklet), stream, keep_entries=TRACKLETS_KEPT))

    def health(self, health: CameraHealth) -> None:
        """A camera's state; waits while the bus is away."""
        stream = health_stream(shard_of(health.camera_id))
        self.durable.offer(Parcel(encode(health), stream, keep_entries=HEALTH_KEPT))

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`, flush once, close."""
        try:
            async with asyncio.TaskGroup() as group:
                for outlet in (self.frames, self.pictures, self.probes, self.durable):
                    group.create_task(outlet.run(stop))
        finally:
            with contextlib.suppress(*AWAY):
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await self.close()


class RedisEmitter(Emitter):
    """Frames, pictures and probes to the memory Redis, tracklets and health to the bus."""

    def __init__(self, memory_url: str, bus_url: str, on_drop: Callable[[str, int], None] = lambda _name, _n: None) -> None:
        self._memory, self._bus = _client(memory_url), _client(bus_url)
        self.frames = RedisOutlet("frames", self._memory, 512, partial(on_drop, "frames"))
        self.pictures = RedisOutlet("pictures", self._memory, 32, partial(on_drop, "pictures"), fleeting=True)
        self.probes = RedisOutlet("probes", self._memory, 64, partial(on_drop, "probes"))
        self.durable = RedisOutlet("durable", self._bus, 20_000, partial(on_drop, "durable"))

    async def watched(self, cameras: Sequence[uuid.UUID]) -> list[bool]:
        """In one look-up."""
        values = await self._memory.mget([watch_key(camera) for camera in cameras])
        return [value is not None for value in values]

    async def close(self) -> None:
        """Both connections."""
        for client in (self._memory, self._bus):
            with contextlib.suppress(*AWAY):
                await client.aclose()


def _client(url: str) -> "redis.Redis":
    once = Retry(NoBackoff(), 0)  # the outlets retry themselves, and count
    return redis.Redis.from_url(
        url, socket_timeout=SEND_TIMEOUT_S, socket_connect_timeout=SEND_TIMEOUT_S, max_connections=8, retry=once
    )
