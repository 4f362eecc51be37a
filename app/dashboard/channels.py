"""One pub/sub connection of the process, on the channels that somebody here listens to, through any outage of the server."""

import asyncio
import contextlib
import uuid
from collections.abc import Callable

from redis.asyncio.client import PubSub

from app.contracts.live import camera_channel
from app.dashboard import counters
from app.kit.backoff import Backoff
from app.kit.logs import logger
from app.kit.redis import Redis, RedisError

Listener = Callable[[bytes], None]
"""Takes a message and returns at once."""

LOOK_S = 0.05
"""How soon a new channel is subscribed: one task alone talks on the connection, between two messages."""
BACKOFF = Backoff(first_s=0.2, longest_s=3.0)
IDLE = camera_channel(uuid.UUID(int=0))
"""Keeps the connection in subscribed mode while nobody listens to anything."""

log = logger(__name__)


class Channels:
    """Who listens to what. Messages go to every listener of their channel."""

    def __init__(self, memory: Redis) -> None:
        self._memory = memory
        self._listeners: dict[str, set[Listener]] = {}
        self._subscribed: set[str] = set()

    def listen(self, channel: str, listener: Listener) -> None:
        """Messages of `channel` go to `listener` from about `LOOK_S` on."""
        self._listeners.setdefault(channel, set()).add(listener)

    def leave(self, channel: str, listener: Listener) -> None:
        """No more of them."""
        listeners = self._listeners.get(channel)
        if listeners is not None:
            listeners.discard(listener)
            if not listeners:
                del self._listeners[channel]

    async def run(self, stop: asyncio.Event) -> None:
        """Receive until stopped; connects again by itself."""
        failures = 0
        while not stop.is_set():
            self._subscribed = set()
            try:
                async with self._memory.pubsub() as pubsub:
                    await pubsub.subscribe(IDLE)
                    failures = 0
                    await self._receive(pubsub, stop)
            except (RedisError, OSError) as error:
                if not failures:
                    log.warning("live messages are interrupted", error=str(error) or type(error).__name__)
                counters.outages.labels("memory").inc()
                failures += 1
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), BACKOFF.delay_s(failures))

    async def _receive(self, pubsub: PubSub, stop: asyncio.Event) -> None:
        while not stop.is_set():
            wanted = set(self._listeners)
            if wanted != self._subscribed:
                if added := wanted - self._subscribed:
                    await pubsub.subscribe(*added)
                if gone := self._subscribed - wanted:
                    await pubsub.unsubscribe(*gone)
                self._subscribed = wanted
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=LOOK_S)
            if message is not None and message["type"] == "message":
                self._deliver(message["channel"].decode(), message["data"])

    def _deliver(self, channel: str, message: bytes) -> None:
        for listener in tuple(self._listeners.get(channel, ())):
            try:
                listener(message)
            except Exception as error:  # one message must not end the live side of the whole process
                counters.messages_unreadable.labels("channel").inc()
                log.error("a live message was not taken", channel=channel, exc_info=error)
