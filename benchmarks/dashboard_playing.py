"""Serves the dashboard's double: for a block of a program, or in a thread beside one that drives a browser."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Self

from aiohttp import web

from benchmarks.dashboard_double import WEB, Double


@contextlib.asynccontextmanager
async def played(double: Double) -> AsyncIterator[str]:
    """Its address while the block runs. FileNotFoundError where the pages were not built."""
    if not (WEB / "dist" / "index.html").exists():
        raise FileNotFoundError("The pages are not built; run `make setup` first.")
    runner = web.AppRunner(double.application(), shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        assert site._server is not None
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[attr-defined]
    finally:
        await runner.cleanup()


class Playing:
    """A double in a thread of its own, for those who drive a browser meanwhile."""

    def __init__(self, double: Double) -> None:
        self.double, self.url = double, ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._play(),), daemon=True)
        self._ready, self._over = threading.Event(), asyncio.Event()

    async def _play(self) -> None:
        try:
            async with played(self.double) as self.url:
                self._ready.set()
                await self._over.wait()
        finally:
            self._ready.set()

    def tell(self, message: dict[str, Any]) -> None:
        """Say something of the store on every socket."""
        self.call(self.double.tell(message))

    def call(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something where the double runs, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    def __enter__(self) -> Self:
        self._thread.start()
        if not self._ready.wait(20) or not self.url:
            raise FileNotFoundError("The pages are not built; run `make setup` first.")
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)
        self._loop.close()
