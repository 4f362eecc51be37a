"""The dispatcher: sends the outbox to the stores' live streams. At least once, and once within `REMEMBER_S`.

What channels are to be told of a message is queued in the transaction that deletes it; `app.notifications.sender` sends that.

A row is deleted only after Redis has it (on its disk, where the server can say so). What a crash in between repeats, or another
dispatcher, is recognised by its id, kept beside the streams, and skipped. NOTIFY wakes; a poll guarantees. May run several times.
"""

import asyncio
import uuid
from contextlib import suppress
from functools import partial
from typing import Any

import asyncpg

from app.contracts.live import store_stream
from app.kit.backoff import Backoff
from app.kit.clock import now
from app.kit.errors import SetupError
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.kit.postgres import DATABASE_ERRORS, Pool
from app.kit.redis import Redis, RedisError, connect_redis
from app.kit.tracing import continue_trace
from app.notifications.opening import open_sender
from app.notifications.planning import Told, plan_messages
from app.pipeline import metrics
from app.pipeline.escalator import Escalator
from app.pipeline.live_entries import ADD_ONCE, REMEMBER_S, live_message, mark
from app.pipeline.opening import open_pool
from app.pipeline.outbox_repository import OutboxRow, delete_messages, next_messages
from app.settings import Settings

POLL_S = 0.5
BATCH = 200
MOST_SETTLING = 4
"""Questions to the disk at once; Redis syncs once a second, and what comes meanwhile is asked about together."""
MOST_ON_STREAMS = 4000
"""Rows on their streams that wait for the disk."""
KEPT = 10_000
"""Messages a store's stream keeps, about; older ones become a `gap` for who resumes."""
SEND_S = 5.0
FSYNC_MS = 1000
CHANNEL = "outbox"
NOTIFICATIONS = "notifications"
NO_KEY = "notifications wait: the dispatcher has no PENNYPROTECT_SECRET_KEY, which opens their addresses"
CANNOT_SAY = ("unknown command", "appendonly is disabled")
"""What a server that knows nothing of its disk answers to WAITAOF."""
BACKOFF = Backoff(first_s=0.2, longest_s=5.0)

log = logger(__name__)


class LostMarksError(RedisError):
    """Messages that were sent are not on the server any more."""


class Dispatcher:
    """Moves rows from the outbox to the live streams.

    `on_streams`: ids of rows that viewers can have and the outbox still holds, until Redis's disk has them.
    """

    def __init__(self, pool: "Pool[asyncpg.Record]", bus: Redis) -> None:
        self.pool = pool
        self.bus = bus
        self.woken = asyncio.Event()
        self.notified = asyncio.Event()
        self.on_streams: set[uuid.UUID] = set()
        self._waiting: list[OutboxRow] = []
        self._settling: set[asyncio.Task[None]] = set()
        self._syncs = True

    async def run(self, stop: asyncio.Event) -> None:
        """Send until stopped, through any outage."""
        failures = 0
        while not stop.is_set():
            self.woken.clear()
            try:
                sent = await self._send_next()
                failures = 0
            except (*DATABASE_ERRORS, RedisError) as error:
                if not failures:
                    log.warning("cannot dispatch", error=str(error) or type(error).__name__)
                metrics.outages.labels("dispatcher").inc()
                await _first(stop, None, BACKOFF.delay_s(failures))
                failures += 1
                continue
            if sent < BATCH:
                await _first(stop, self.woken, POLL_S)
        await self._settle_all()

    async def _send_next(self) -> int:
        """Send the oldest messages; how many. Their rows go when the disk has them, which the next messages do not wait for."""
        ended = {each for each in self._settling if each.done()}
        self._settling -= ended
        for error in [error for each in ended if (error := each.exception()) is not None]:
            raise error
        self._settle_waiting()
        if len(self.on_streams) >= MOST_ON_STREAMS:
            await asyncio.wait(self._settling, return_when=asyncio.FIRST_COMPLETED)
            return BATCH
        self._waiting += (rows := await self._send())
        self._settle_waiting()
        return len(rows)

    def _settle_waiting(self, _ended: "asyncio.Task[None] | None" = None) -> None:
        """Ask the disk about all that wait for it, unless it is asked often enough already: an answer starts this again."""
        if self._waiting and sum(not each.done() for each in self._settling) < MOST_SETTLING:
            rows, self._waiting = self._waiting, []
            task = asyncio.create_task(self._settle(rows))
            self._settling.add(task)
            task.add_done_callback(self._settle_waiting)

    async def _settle_all(self) -> None:
        """Ask the disk about all that wait, within one time; what it does not answer is sent again by whoever runs next."""
        with suppress(TimeoutError):
            async with asyncio.timeout(SEND_S):
                while True:
                    self._settle_waiting()
                    if not (asked := {each for each in self._settling if not each.done()}):
                        break
                    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
        for each in self._settling:
            if each.done() and not each.cancelled() and (error := each.exception()):
                log.warning("not known to be on the bus's disk, sent again", error=str(error) or type(error).__name__)

    async def send_batch(self) -> int:
        """Send the oldest messages and wait until their rows are gone; how many."""
        rows = await self._send()
        if rows:
            await self._settle(rows)
        return len(rows)

    async def _send(self) -> list[OutboxRow]:
        """Put the oldest messages that are not there yet on their streams, in their order."""
        async with asyncio.timeout(SEND_S):
            async with self.pool.acquire(timeout=5) as connection:
                rows = await next_messages(connection, BATCH, self.on_streams)
                if not rows:
                    metrics.outbox_age.set(0)
                    return []
                entries = await self._add(rows)  # before the way of the connection's reset
        self.on_streams.update(row.message_id for row in rows)
        for row, entry in zip(rows, entries, strict=True):
            if entry:
                metrics.dispatched.labels(row.kind).inc()
            else:
                metrics.repeated.inc()
        metrics.outbox_age.set((now() - rows[0].created_at).total_seconds())
        return rows

    async def _settle(self, rows: list[OutboxRow]) -> None:
        """Once the disk has them: queue what channels are told of these messages, and forget them. Else they are sent again."""
        try:
            async with asyncio.timeout(SEND_S):
                await self._to_disk(rows)
            async with self.pool.acquire(timeout=5) as connection, connection.transaction():
                gone = await delete_messages(connection, [row.message_id for row in rows])
                # Of several dispatchers the one that takes a row off tells the channels.
                told = [
                    Told(row.message_id, row.chain_id, row.store_id, row.kind, row.payload, row.trace_parent)
                    for row in rows
                    if row.message_id in gone
                ]
                await plan_messages(connection, told, now())
        finally:
            self.on_streams.difference_update(row.message_id for row in rows)

    async def _add(self, rows: list[OutboxRow]) -> list[Any]:
        at = now()
        async with self.bus.pipeline(transaction=False) as pipeline:
            for row in rows:
                stream = store_stream(row.store_id)
                waited_ms = round((at - row.created_at).total_seconds() * 1000)
                with continue_trace("dispatch", row.trace_parent, kind=row.kind, waited_ms=waited_ms) as parent:
                    message = live_message(row, at)
                    pipeline.eval(ADD_ONCE, 2, mark(row), stream, str(REMEMBER_S), message, str(KEPT), parent)
            return list(await pipeline.execute())

    async def _to_disk(self, rows: list[OutboxRow]) -> None:
        """Wait for Redis's own disk before the rows go. A server without an append-only file, or too old to say, is believed.

        A server answers about what came over the asking connection, so each mark is set anew over it: behind the messages, and
        only where it is still there, which it is not on a server that came back without its last second.
        """
        if not self._syncs:
            return
        async with self.bus.pipeline(transaction=False) as pipeline:
            for row in rows:
                pipeline.set(mark(row), "1", ex=REMEMBER_S, xx=True)
            pipeline.execute_command("WAITAOF", 1, 0, FSYNC_MS * 2)
            *kept, answer = await pipeline.execute(raise_on_error=False)
        if not all(each is True for each in kept):
            raise LostMarksError("the bus came back without its last messages; they are sent again")
        if isinstance(answer, Exception):
            if not any(each in str(answer).lower() for each in CANNOT_SAY):
                raise answer  # it can say, only not now
            self._syncs = False
            log.warning("the bus does not say what is on its disk; a crash of it may lose the last second", error=str(answer))
        elif answer and not answer[0]:
            raise TimeoutError("the bus did not write its append-only file in time")

    async def listen(self, stop: asyncio.Event) -> None:
        """Be woken by NOTIFY; without it (PgBouncer, an outage) the poll still sends."""
        failures = 0
        while not stop.is_set():
            try:
                async with self.pool.acquire(timeout=5) as connection:
                    ended, wakes = asyncio.Event(), {CHANNEL: self.woken, NOTIFICATIONS: self.notified}
                    listeners = {channel: partial(_wake, event) for channel, event in wakes.items()}
                    connection.add_termination_listener(lambda _connection, ended=ended: ended.set())
                    for channel, listener in listeners.items():
                        await connection.add_listener(channel, listener)
                    failures = 0
                    await _first(stop, ended, None)
                    if not ended.is_set():  # it goes back to the pool, where nobody listens
                        for channel, listener in listeners.items():
                            await connection.remove_listener(channel, listener)
            except DATABASE_ERRORS:
                metrics.outages.labels("notify").inc()
            await _first(stop, None, BACKOFF.delay_s(failures))
            failures += 1


def _wake(event: asyncio.Event, *_notice: object) -> None:
    event.set()


async def _first(stop: asyncio.Event, other: asyncio.Event | None, seconds: float | None) -> None:
    """Wait for `stop`, `other` or the time, whichever comes first."""
    waits = [asyncio.ensure_future(each.wait()) for each in (stop, other) if each is not None]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run the dispatcher until `stop`; survives restarts of PostgreSQL and Redis.

    Raises:
        SetupError: an address is not set.
    """
    url = settings.redis_url.get_secret_value()
    if not url:
        raise SetupError("REDIS_URL must be set for the dispatcher.")
    pool = await open_pool(settings, "dispatcher", stop)
    if pool is None:
        return
    bus = connect_redis(url, role="dispatcher")
    dispatcher = Dispatcher(pool, bus)
    try:
        async with serve_operations(settings.metrics, settings.home, "dispatcher"), asyncio.TaskGroup() as group:
            group.create_task(dispatcher.listen(stop))
            group.create_task(dispatcher.run(stop))
            group.create_task(Escalator(pool).run(stop))
            group.create_task(_send_notifications(settings, dispatcher, stop))
    finally:
        await bus.aclose()
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await pool.close()


async def _send_notifications(settings: Settings, dispatcher: Dispatcher, stop: asyncio.Event) -> None:
    """Send what is planned, on connections of its own; without a key it waits in the database."""
    if not (settings.secret_key.get_secret_value() or settings.kms_keys):
        log.warning(NO_KEY)
        return
    pool = await open_pool(settings, "dispatcher", stop)
    if pool is None:
        return
    try:
        async with open_sender(settings, pool) as sender:
            sender.woken = dispatcher.notified
            await sender.run(stop)
    except SetupError as error:  # the live streams go on
        log.error("notifications are not sent", reason=error.detail)
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(2):
                await pool.close()
