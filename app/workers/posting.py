"""The way out of a worker that cannot reach Redis: everything it says goes to the service, `POST /api/v1/ingest/messages`."""

import ssl
import time
import uuid
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import aiohttp
import msgspec

from app.contracts.live import WatchedPicture
from app.contracts.wire import encode
from app.kit.decoding import one_error
from app.kit.errors import SetupError
from app.kit.logs import logger
from app.kit.tls import trust
from app.settings import Settings
from app.workers.emitter import Emitter, RedisEmitter
from app.workers.outlets import SEND_TIMEOUT_S, Outlet, Parcel

AT_ONCE: Final = 256
"""Messages of a request; the service takes 500."""
DURABLE_AT_ONCE: Final = 64
"""Ended tracks and states of a request: the service takes no more of one camera."""
MOST_BYTES: Final = 128 << 10
"""Of a request: within `SEND_TIMEOUT_S` over 350 kbit/s; where that fails, the next is smaller."""
GATHER_S: Final = 0.1
"""What is said within this time travels together: a request a frame would meet the limit of requests."""
WATCHED_FOR_S: Final = 6.0
"""A camera's own state, which asks anew, is said every two seconds."""
REFUSED: Final = frozenset({400, 404, 405, 413, 422})
"""Answers that sending again will not change: an older service, or messages that it will never take."""

log = logger(__name__)


class _Taken(msgspec.Struct):
    refused: int
    watched: list[uuid.UUID]


_decode_taken = one_error(msgspec.json.Decoder(_Taken).decode)


class Poster:
    """Posts batches, and remembers which cameras somebody watches.

    Args:
        trusted: whom to trust for an https service; None for the system's authorities.
    """

    def __init__(self, service_url: str, key: str, trusted: ssl.SSLContext | None = None) -> None:
        self._url = service_url.rstrip("/") + "/api/v1/ingest/messages"
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/vnd.msgpack"}
        self._trusted = trusted or True
        self._session: aiohttp.ClientSession | None = None
        self._watched: dict[uuid.UUID, float] = {}
        self._told = 0

    async def post(self, payloads: list[bytes]) -> int:
        """How many the service refused for good.

        Raises:
            aiohttp.ClientError, TimeoutError, OSError: no answer, or one that may be another the next time.
        """
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SEND_TIMEOUT_S))
        body = msgspec.msgpack.encode([msgspec.Raw(payload) for payload in payloads])
        # A redirected POST becomes a GET and loses what it carried.
        async with self._session.post(
            self._url, data=body, headers=self._headers, ssl=self._trusted, allow_redirects=False
        ) as reply:
            answer = await reply.read()
            if reply.status in REFUSED:
                self._tell(reply.status)
                return len(payloads)
            if reply.status != 200:
                raise aiohttp.ClientResponseError(reply.request_info, (), status=reply.status, message=reply.reason or "")
        try:
            taken = _decode_taken(answer)
        except msgspec.DecodeError as error:  # somebody on the way answers in its place
            raise aiohttp.ClientPayloadError("The answer is none of the service's.") from error
        self._told = 0
        until = time.monotonic() + WATCHED_FOR_S
        self._watched |= dict.fromkeys(taken.watched, until)
        return taken.refused

    def _tell(self, status: int) -> None:
        """Once, until it takes something or refuses otherwise."""
        if status != self._told:
            self._told = status
            log.warning("the service refuses what this worker says", status=status)

    def watches(self, camera: uuid.UUID) -> bool:
        """Whether somebody looked at this camera a moment ago."""
        return self._watched.get(camera, 0.0) > time.monotonic()

    async def close(self) -> None:
        """Hang up."""
        if self._session is not None:
            await self._session.close()


class PostedOutlet(Outlet):
    """To the service."""

    most_bytes = MOST_BYTES
    gather_s = GATHER_S

    def __init__(
        self, name: str, poster: Poster, bound: int, on_drop: Callable[[int], None], *, at_once: int = AT_ONCE,
        fleeting: bool = False,
    ) -> None:  # fmt: skip
        super().__init__(name, bound, on_drop, fleeting=fleeting)
        self._poster, self.at_once = poster, at_once

    async def deliver(self, batch: list[Parcel]) -> int:
        """One request."""
        return await self._poster.post([parcel.payload for parcel in batch])


class PostingEmitter(Emitter):
    """Everything by the same address as the heartbeat: a store needs HTTPS to its region and nothing else."""

    def __init__(self, poster: Poster, on_drop: Callable[[str, int], None] = lambda _name, _n: None) -> None:
        self._poster = poster
        self.frames = PostedOutlet("frames", poster, 2048, partial(on_drop, "frames"))
        self.pictures = PostedOutlet("pictures", poster, 32, partial(on_drop, "pictures"), fleeting=True)
        self.probes = PostedOutlet("probes", poster, 64, partial(on_drop, "probes"))
        self.durable = PostedOutlet("durable", poster, 20_000, partial(on_drop, "durable"), at_once=DURABLE_AT_ONCE)

    def picture(self, camera: uuid.UUID, captured_at_us: int, jpeg: bytes) -> None:
        """The JPEG of an analysed frame, with its camera's name: there is no channel here that says it."""
        self.pictures.offer(Parcel(encode(WatchedPicture(camera, captured_at_us, jpeg))))

    async def watched(self, cameras: Sequence[uuid.UUID]) -> list[bool]:
        """As the answers to what was said lately told."""
        return [self._poster.watches(camera) for camera in cameras]

    async def close(self) -> None:
        """The session."""
        await self._poster.close()


def make_emitter(settings: Settings, on_drop: Callable[[str, int], None]) -> Emitter:
    """To both Redis servers where they are set, to the service where neither is.

    Raises:
        SetupError: one of the two is set, or the service's key is missing.
    """
    memory, bus = settings.memory_redis_url.get_secret_value(), settings.redis_url.get_secret_value()
    if memory and bus:
        return RedisEmitter(memory, bus, on_drop)
    if memory or bus:
        raise SetupError("Set REDIS_URL and MEMORY_REDIS_URL both, or neither: then everything goes to PENNYPROTECT_SERVICE_URL.")
    key = settings.worker_key.get_secret_value()
    if not key:
        raise SetupError("PENNYPROTECT_WORKER_KEY is not set; `pennyprotect workers create` makes a key of a store's workers.")
    log.info("Redis is not set: what this worker says goes to the service", service=settings.service_address)
    return PostingEmitter(Poster(settings.service_address, key, trust(settings.ca_file)), on_drop)
