"""Bounded queues on the way out of a worker, each with the task that empties it. Offering never blocks and never fails."""

import abc
import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import redis.asyncio as redis
from redis.exceptions import RedisError, ResponseError

from app.contracts.wire import FIELD
from app.kit.backoff import Backoff
from app.kit.clock import now_us
from app.kit.logs import logger

BATCH: Final = 64
SEND_TIMEOUT_S: Final = 3.0
LEAST_BYTES: Final = 2048
"""A batch is never made smaller than this; its first message goes whatever its size."""
AWAY: Final = (RedisError, OSError, TimeoutError, aiohttp.ClientError)
"""What a server that does not answer looks like."""
ASKED_TOO_MUCH: Final = frozenset({401, 403, 429})
"""Answers that have nothing to do with how large a batch is."""

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

    A batch that did not arrive in time is followed by one of half its bytes. Those that do arrive grow again: fast up to half
    of what first failed, slowly from there, since over a thin line each one that is too large costs seconds.

    Attributes:
        most_bytes: of a batch.
        gather_s: pause after each batch, in which the next one gathers.

    Args:
        fleeting: what did not arrive is dropped, not sent again: nobody wants a picture of a while ago.
    """

    at_once: int = BATCH
    most_bytes: int = 4 << 20
    gather_s: float = 0.0

    def __init__(self, name: str, bound: int, on_drop: Callable[[int], None], *, fleeting: bool = False) -> None:
        self._name, self._bound, self._on_drop, self._fleeting = name, bound, on_drop, fleeting
        self._waiting: deque[Parcel] = deque()
        self._filled = asyncio.Event()
        self._bytes = self._safe_bytes = self.most_bytes
        self._arrived = True
        self._problem, self._refusing = "", False
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
                await _pause(stop, self.gather_s)
                continue
            if failures == 0:
                log.warning("messages wait", outlet=self._name, waiting=len(self._waiting), problem=self._problem)
            await _pause(stop, backoff.delay_s(failures))
            failures += 1
        while self._waiting and await self._send_batch():
            pass

    @abc.abstractmethod
    async def deliver(self, batch: list[Parcel]) -> int:
        """Hand messages over in one round trip; how many were refused for good. `AWAY` where there is no answer."""

    async def _send_batch(self) -> bool:
        """One round trip; whether the server answered."""
        batch = self._next_batch()
        allowed = [parcel for parcel in batch if parcel.sendable is None or parcel.sendable()]
        if len(allowed) < len(batch):
            self._on_drop(len(batch) - len(allowed))
            batch = allowed
        if not batch:
            return True
        try:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                refused = await self.deliver(batch)
        except AWAY as error:
            self._failed(batch, error)
            return False
        self._arrived = True
        grown = self._bytes * 2 if self._bytes * 2 <= self._safe_bytes else self._bytes * 9 // 8
        self._bytes = min(self.most_bytes, grown)
        if refused:
            # Memory full or not permitted: sending again would not help, and newer messages wait behind.
            self._on_drop(refused)
            if not self._refusing:
                log.warning("messages were refused", outlet=self._name, refused=refused)
        self._refusing = bool(refused)
        self.sent += len(batch)
        return True

    def _next_batch(self) -> list[Parcel]:
        batch: list[Parcel] = []
        room = self._bytes
        while self._waiting and len(batch) < self.at_once:
            room -= len(self._waiting[0].payload)
            if batch and room < 0:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _failed(self, batch: list[Parcel], error: Exception) -> None:
        answered = error.status if isinstance(error, aiohttp.ClientResponseError) else 0
        self._problem = f"the server answers {answered}" if answered else "the server does not answer"
        if answered not in ASKED_TOO_MUCH:
            if self._arrived:
                self._safe_bytes = max(LEAST_BYTES, self._bytes // 2)
            self._arrived = False
            size = sum(len(parcel.payload) for parcel in batch)
            self._bytes = max(LEAST_BYTES, min(self._bytes, size) // 2)
        if self._fleeting:
            self._on_drop(len(batch))
        else:
            self._put_back(batch)

    def _put_back(self, batch: list[Parcel]) -> None:
        room = max(0, self._bound - len(self._waiting))
        lost = max(0, len(batch) - room)
        if lost:
            self._on_drop(lost)
        self._waiting.extendleft(reversed(batch[lost:]))


class RedisOutlet(Outlet):
    """To one Redis."""

    def __init__(
        self, name: str, client: "redis.Redis", bound: int, on_drop: Callable[[int], None], *, fleeting: bool = False
    ) -> None:
        super().__init__(name, bound, on_drop, fleeting=fleeting)
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


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    if seconds > 0:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)


async def _first_of(*events: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
