"""A store's line to its region, that can break, swallow everything or take long."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from tests.chaos.faults import Kind

SLOW_S = 0.4
"""Each way, for each piece."""
PIECE = 16_384


class Line:
    """A TCP relay in a thread of its own.

    Attributes:
        port: where it listens on loopback.
    """

    def __init__(self, target: int) -> None:
        self._target, self.port = target, 0
        self._fault: Kind | None = None
        self._ways: set[asyncio.StreamWriter] = set()
        self._relays: set[asyncio.Task[None] | None] = set()
        self._loop = asyncio.new_event_loop()

    def fail(self, fault: Kind | None) -> None:
        """From now on; None mends it. A line that breaks takes what was on it along."""
        self._fault = fault
        if fault is Kind.CUT:
            self._loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        for way in self._ways:
            way.transport.abort()

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._fault is Kind.CUT:
            writer.transport.abort()
            return
        self._relays.add(asyncio.current_task())
        try:
            there = await asyncio.wait_for(asyncio.open_connection("127.0.0.1", self._target), 5)
        except (OSError, TimeoutError):
            writer.transport.abort()
            return
        self._ways |= {writer, there[1]}
        try:
            await asyncio.gather(self._pump(reader, there[1]), self._pump(there[0], writer))
        finally:
            for way in (writer, there[1]):
                self._ways.discard(way)
                way.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                if self._fault is Kind.SLOW:
                    await asyncio.sleep(SLOW_S)
                if self._fault is Kind.HOLE:
                    continue
                writer.write(piece)
                await writer.drain()
            writer.write_eof()

    async def _serve(self, ready: threading.Event, over: asyncio.Event) -> None:
        async with await asyncio.start_server(self._relay, "127.0.0.1", 0) as server:
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            await over.wait()
            left = [relay for relay in self._relays if relay is not None and not relay.done()]
            self._abort()
            if left:
                await asyncio.wait(left, timeout=5)

    @contextlib.contextmanager
    def relaying(self) -> Iterator["Line"]:
        """Until the block ends."""
        ready, over = threading.Event(), asyncio.Event()
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(ready, over),), daemon=True)
        thread.start()
        assert ready.wait(10), "the relay did not start"
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(over.set)
            thread.join(10)
            self._loop.close()
