"""The worker's way out: bounded queues to the two Redis servers. Offering never blocks and never fails."""

import abc
import asyncio
import contextlib
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import aiohttp
import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from app.contracts.biometrics import KEEP_PROBES_MS, ProbeEmbedding, probes_stream
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
from app.contracts.wire import FIELD, encode
from app.kit.backoff import Backoff
from app.kit.clock import now_us
from app.kit.ids import shard_of
from app.kit.logs import logger

BATCH: Final = 64
SEND_TIMEOUT_S: Final = 3.0
AWAY: Final = (RedisError, OSError, TimeoutError, aiohttp.ClientError)
"""What a server that does not answer looks like."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way: a stream entry, a publication, or both.

    Attributes:
        stream: stream to append to, or "".
        channel: pub/sub channel to publish on, or "".
        keep_ms: trim the stream to entries younger than this; 0: trim by `keep_entries`.
        expire_ms: the stream's key goes this long after its last entry, and both trims are exact; 0: it stays.
        sendable: asked when its turn comes; a message that may no longer be sent is dropped.
    """

    payload: bytes
    stream: str = ""
    channel: str = ""
    keep_ms: int = 0
    keep_entries: int = 0
    expire_ms: int = 0
    sendable: Callable[[], bool] | None = None


class Outlet(abc.ABC):
    """A bounded queue to a server and the task that empties it. When full, the oldest message is dropped and counted.

    Messages wait here while it is away. An entry may be written twice when a reply is lost: readers are idempotent.
    """

    at_once: int = BATCH

    def __init__(self, name: str, bound: int, on_drop: Callable[[int], None]) -> None:
        self._name, self._bound, self._on_drop = name, bound, on_drop
        self._waiting: deque[Parcel] = deque()
        self._filled = asyncio.Event()
        self.sent = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def offer(self, parcel: Parcel) -> None:
        """Queue a message; returns at once."""
        if len(self._waiting) >= self._bound:
            self._waiting.popleft()
            self._on_drop(1)
        self._waiting.append(parcel)
        self._filled.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`, then try once more to send what waits."""
        backoff, failures = Backoff(first_s=0.1, longest_s=3.0), 0
        while not stop.is_set():
            if not self._waiting:
                self._filled.clear()
                await _first_of(self._filled, stop)
                continue
            if await self._send_batch():
                failures = 0
                continue
            if failures == 0:
                log.warning("messages wait: the server does not answer", outlet=self._name, waiting=len(self._waiting))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), backoff.delay_s(failures))
            failures += 1
        while self._waiting and await self._send_batch():
            pass

    @abc.abstractmethod
    async def deliver(self, batch: list[Parcel]) -> int:
        """Hand messages over in one round trip; how many were refused for good. `AWAY` where there is no answer."""

    async def _send_batch(self) -> bool:
        """One round trip; whether the server answered."""
        batch = [self._waiting.popleft() for _ in range(min(self.at_once, len(self._waiting)))]
        allowed = [parcel for parcel in batch if parcel.sendable is None or parcel.sendable()]
        if len(allowed) < len(batch):
            self._on_drop(len(batch) - len(allowed))
            batch = allowed
        if not batch:
            return True
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                refused = await self.deliver(batch)
        except AWAY:
            self._put_back(batch)
            return False
        if refused:
            # Memory full or not permitted: sending again would not help, and newer messages wait behind.
            self._on_drop(refused)
            log.warning("messages were refused", outlet=self._name, refused=refused)
        self.sent += len(batch)
        return True

    def _put_back(self, batch: list[Parcel]) -> None:
        room = max(0, self._bound - len(self._waiting))
        lost = max(0, len(batch) - room)
        if lost:
            self._on_drop(lost)
        self._waiting.extendleft(reversed(batch[lost:]))


class RedisOutlet(Outlet):
    """To one Redis."""

    def __init__(self, name: str, client: "redis.Redis", bound: int, on_drop: Callable[[int], None]) -> None:
        super().__init__(name, bound, on_drop)
        self._client = client

    async def deliver(self, batch: list[Parcel]) -> int:
        """One pipeline."""
        pipe = self._client.pipeline(transaction=False)
        for parcel in batch:
            _add(pipe, parcel)
        replies = await pipe.execute(raise_on_error=False)
        return sum(isinstance(reply, ResponseError) for reply in replies)


def _add(pipe: Any, parcel: Parcel) -> None:
    if parcel.stream:
        trim: dict[str, Any] = {"approximate": not parcel.expire_ms}
        if parcel.keep_ms:
            trim["minid"] = now_us() // 1000 - parcel.keep_ms
        else:
            trim["maxlen"] = parcel.keep_entries
        pipe.xadd(parcel.stream, {FIELD: parcel.payload}, **trim)
        if parcel.expire_ms:
            pipe.pexpire(parcel.stream, parcel.expire_ms)
    if parcel.channel:
        pipe.publish(parcel.channel, parcel.payload)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class Emitter(abc.ABC):
    """Everything a worker says, each kind by an outlet of its own."""

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

    def picture(self, camera: uuid.UUID, captured_at_us: int, jpeg: bytes) -> None:
        """The JPEG of an analysed frame, to viewers only."""
        self.pictures.offer(Parcel(pack_picture(captured_at_us, jpeg), channel=picture_channel(camera)))

    def probe(self, probe: ProbeEmbedding, sendable: Callable[[], bool]) -> None:
        """A face's embedding, into memory for seconds; dropped when `sendable` says no once its turn comes."""
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
        self.pictures = RedisOutlet("pictures", self._memory, 32, partial(on_drop, "pictures"))
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
