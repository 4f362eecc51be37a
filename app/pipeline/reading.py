"""Reads the streams of the held shards and hands batches over, in order, through one bounded queue.

A reader asks again once all that was handed over is processed. Together frames cost less than one by one, so a pipeline that
falls behind reads more at a time and catches up, and a frame waits for the batch before its own at most.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.contracts.tracked import frames_stream, health_stream, tracklets_stream
from app.kit.backoff import Backoff
from app.kit.logs import logger
from app.kit.redis import Redis, RedisError
from app.pipeline import metrics
from app.pipeline.entries import START, RawEntry, order
from app.pipeline.shard import Shard

Kind = Literal["frames", "tracklets", "health"]
STREAMS: Mapping[Kind, Callable[[int], str]] = {
    "frames": frames_stream,
    "tracklets": tracklets_stream,
    "health": health_stream,
}
BLOCK_MS = 200
"""Also how long a newly held shard waits for its first read."""
READ_S = 3.0
EVERY_S = 0.01
"""Reads begin at least so far apart: each asks all streams, and moves its frames together, so that few large ones are cheaper."""
STALL_S = 0.5
TOGETHER = 32
"""So many frames are decoded, and have their bodies looked at, before the first of them moves its shard."""
MOST_ENTRIES = 1024
"""Bound on one read over all streams, so that a batch is processed in well under a lease time."""

log = logger(__name__)


Entries = list[tuple[Shard, list[RawEntry]]]


@dataclass(slots=True)
class Batch:
    """Entries of one kind, by shard."""

    kind: Kind
    entries: Entries = field(default_factory=list)


def parts(entries: Entries) -> Iterator[Entries]:
    """Pieces of a batch, of about `TOGETHER` messages each."""
    part: Entries = []
    for each in entries:
        part.append(each)
        if sum(len(messages) for _, messages in part) >= TOGETHER:
            yield part
            part = []
    if part:
        yield part


def read_raw(client: Redis) -> None:
    """Have XREAD answers handed over as the parser built them: the dictionaries of the driver would take longer than a rule."""
    client.set_response_callback("XREAD", _as_parsed)  # type: ignore[arg-type]  # its protocol names the one parameter


def _as_parsed(answer: Any, **_options: Any) -> Any:
    return answer


class Reader:
    """Reads some kinds of streams from one Redis."""

    def __init__(self, name: str, client: Redis, kinds: tuple[Kind, ...], queue: "asyncio.Queue[Batch]") -> None:
        self.name = name
        self.client = client
        self.kinds = kinds
        self.queue = queue
        self.changed = asyncio.Event()
        self._shards: tuple[Shard, ...] = ()
        self._verified: set[tuple[Shard, Kind]] = set()
        read_raw(client)

    def follow(self, shards: Iterable[Shard]) -> None:
        """Read the streams of exactly these shards from now on."""
        self._shards = tuple(shards)
        self._verified = {pair for pair in self._verified if pair[0].held}
        self.changed.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Read until stopped, through any outage of the server."""
        backoff, failures = Backoff(first_s=0.2, longest_s=3.0), 0
        while not stop.is_set():
            began = time.monotonic()
            try:
                if not self._shards:
                    await self._wait(stop, 0.2)
                    continue
                await self._verify()
                async with asyncio.timeout(READ_S):
                    batches = await self._read()
                if failures:
                    log.info("reading again", server=self.name)
                failures = 0
            except (RedisError, OSError, TimeoutError) as error:
                if not failures:
                    log.warning("cannot read streams", server=self.name, error=str(error))
                metrics.outages.labels(self.name).inc()
                self._verified.clear()
                await self._wait(stop, backoff.delay_s(failures))
                failures += 1
                continue
            await self._hand_over(batches, stop)
            await asyncio.sleep(began + EVERY_S - time.monotonic())

    async def _wait(self, stop: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await stop.wait()
        except TimeoutError:
            return

    async def _hand_over(self, batches: list[Batch], stop: asyncio.Event) -> None:
        """Until they were processed: what comes meanwhile waits at the server and is read together."""
        left = deque(batches)
        while not stop.is_set():
            try:
                async with asyncio.timeout(STALL_S):
                    while left:
                        await self.queue.put(left[0])
                        left.popleft()
                    await self.queue.join()
                    return
            except TimeoutError:
                metrics.stalls.labels(self.name).inc()

    async def _read(self) -> list[Batch]:
        streams = {
            STREAMS[kind](shard.number).encode(): (kind, shard) for shard in self._shards if shard.held for kind in self.kinds
        }
        if not streams:
            return []
        count = max(8, MOST_ENTRIES // len(streams))
        after = [getattr(shard.fetched, kind) for kind, shard in streams.values()]
        answer: Any = await self.client.execute_command(  # type: ignore[no-untyped-call]
            "XREAD", "COUNT", count, "BLOCK", BLOCK_MS, "STREAMS", *streams, *after
        )
        batches: dict[Kind, Batch] = {}
        for name, entries in answer or ():
            kind, shard = streams[name]
            batches.setdefault(kind, Batch(kind)).entries.append((shard, entries))
            setattr(shard.fetched, kind, entries[-1][0].decode())
        return list(batches.values())

    async def _verify(self) -> None:
        """After an outage or a change of holder: start a stream over whose newest id is older than the last one taken.

        That happens when a server came back empty with its clock set back; frames taken before are known by their sequence.
        """
        doubtful = [(shard, kind) for shard in self._shards for kind in self.kinds if (shard, kind) not in self._verified]
        if not doubtful:
            return
        async with asyncio.timeout(READ_S), self.client.pipeline(transaction=False) as pipeline:
            for shard, kind in doubtful:
                pipeline.xrevrange(STREAMS[kind](shard.number), count=1)
            newest = await pipeline.execute()
        for (shard, kind), entries in zip(doubtful, newest, strict=True):
            last = max(order(getattr(shard.fetched, kind)), order(shard.warm_until) if kind == "frames" else (0, 0))
            if entries and order(entries[0][0].decode()) >= last:
                continue
            if kind == "frames":
                shard.start_over()
            else:
                setattr(shard.fetched, kind, START)
        self._verified.update(doubtful)
