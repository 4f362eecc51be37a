"""Reads the stores' message streams: one connection for all stores that somebody here wants."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from redis.exceptions import ResponseError

from app.contracts.live import TRACE_FIELD, store_stream
from app.contracts.wire import FIELD
from app.dashboard import counters
from app.kit.backoff import Backoff
from app.kit.logs import logger
from app.kit.redis import Entry, Redis, RedisError, entries_after, read_streams
from app.kit.tracing import continue_trace

BLOCK_MS = 500
RESUME_PAGE = 200
TAIL = 200
"""Stored messages that who follows a store gets first: at six alert messages a second still half a minute."""
BACKOFF = Backoff(first_s=0.2, longest_s=3.0)
Deliver = Callable[[uuid.UUID, str, bytes], None]
"""(store, entry id, message) of one new entry."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Span:
    """What a stream holds: ids of its first and last entry, and whether earlier ones were there; "0-0" for none."""

    first: str
    last: str
    trimmed: bool


def id_order(entry_id: str) -> tuple[int, int]:
    """A stream id as numbers, to compare; ValueError when it is none."""
    milliseconds, _, sequence = entry_id.partition("-")
    if not (milliseconds.isascii() and milliseconds.isdigit() and sequence.isascii() and sequence.isdigit()):
        raise ValueError("not a stream id")
    found = int(milliseconds), int(sequence)
    if max(found) >= 1 << 64:
        raise ValueError("not a stream id")
    return found


def gap_after(last_id: str, span: Span) -> str | None:
    """Up to which id messages after `last_id` are gone; None when none is.

    A position beyond the stream's end belongs to a stream that was lost: everything since is unknown.
    """
    if id_order(last_id) > id_order(span.last):
        return span.last
    if span.trimmed and id_order(last_id) < id_order(span.first):
        return span.first
    return None


class StoreStreams:
    """Reads the streams of stores: joined ones from the moment of the first join, followed ones from a little before."""

    def __init__(self, bus: Redis, deliver: Deliver, *, traced: bool = False) -> None:
        self._bus = bus
        self._trace_field = TRACE_FIELD if traced else b""
        self._deliver = deliver
        self._after: dict[str, tuple[uuid.UUID, str]] = {}
        self._tails: dict[str, uuid.UUID] = {}
        self._joined = asyncio.Event()

    async def join(self, store: uuid.UUID) -> None:
        """Deliver this store's messages from now on. RedisError when the bus does not answer."""
        if store_stream(store) not in self._after:
            last = (await self.span(store)).last
            self._after.setdefault(store_stream(store), (store, last))
        self._joined.set()

    def follow(self, store: uuid.UUID) -> None:
        """Deliver the last `TAIL` stored messages of this store as soon as the bus answers, then all from there on."""
        if store_stream(store) not in self._after:
            self._tails[store_stream(store)] = store
            self._joined.set()

    def leave(self, store: uuid.UUID) -> None:
        """Nobody here wants it any more."""
        self._after.pop(store_stream(store), None)
        self._tails.pop(store_stream(store), None)

    async def span(self, store: uuid.UUID) -> Span:
        """What the store's stream holds."""
        try:
            found: dict[str, Any] = await self._bus.xinfo_stream(store_stream(store))
        except ResponseError:  # no such stream
            return Span("0-0", "0-0", trimmed=False)
        first = found.get("first-entry")
        added = int(found.get("entries-added", 0))
        return Span(
            first=first[0].decode() if first else _text(found["last-generated-id"]),
            last=_text(found["last-generated-id"]),
            trimmed=added > int(found["length"]),
        )

    async def after(self, store: uuid.UUID, entry_id: str) -> list[Entry]:
        """Stored entries after an id, a page at most."""
        return await entries_after(self._bus, store_stream(store), entry_id, field=FIELD, count=RESUME_PAGE)

    async def run(self, stop: asyncio.Event) -> None:
        """Read until stopped, through any outage: positions stay, so nothing is left out."""
        failures = 0
        while not stop.is_set():
            if not self._after and not self._tails:
                self._joined.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._joined.wait(), 0.5)
                continue
            try:
                await self._find_tails()
                await self._read()
                failures = 0
            except (RedisError, OSError) as error:
                if not failures:
                    log.warning("store messages are interrupted", error=str(error) or type(error).__name__)
                counters.outages.labels("bus").inc()
                failures += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), BACKOFF.delay_s(failures))

    async def _find_tails(self) -> None:
        for stream, store in tuple(self._tails.items()):
            newest: Any = await self._bus.xrevrange(stream, count=TAIL + 1)
            if self._tails.pop(stream, None) is not None:  # nobody left meanwhile
                self._after[stream] = (store, newest[-1][0].decode() if len(newest) > TAIL else "0-0")

    async def _read(self) -> None:
        asked = dict(self._after)
        if not asked:
            return
        after = {stream: entry_id for stream, (_, entry_id) in asked.items()}
        found = await read_streams(self._bus, after, field=FIELD, trace_field=self._trace_field, block_ms=BLOCK_MS)
        for stream, entries in found.items():
            if self._after.get(stream) != asked[stream]:  # left, perhaps joined again elsewhere, while we waited
                continue
            store, _ = asked[stream]
            for entry_id, message, trace_parent in entries:
                self._after[stream] = (store, entry_id)
                with continue_trace("store-message", trace_parent, store_id=str(store)):
                    self._deliver(store, entry_id, message)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
