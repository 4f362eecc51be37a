"""A client that stops reading is let go, and what it watched with it."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from typing import Any

from app.dashboard.outflow import PicturesResponse


class Source:
    """Endless parts; says when it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def parts(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"part"
                await asyncio.sleep(0)
        finally:
            self.closed = True


async def serve(source: Source, takes: int) -> int:
    """Serve a client that takes so many messages and then none; how many it took."""
    response = PicturesResponse(source.parts(), ended=lambda: None)
    response.send_s = 0.05
    taken = 0

    async def send(_message: MutableMapping[str, Any]) -> None:
        nonlocal taken
        if taken >= takes:
            await asyncio.Event().wait()
        taken += 1

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async with asyncio.timeout(20):
        await response({"type": "http", "asgi": {"spec_version": "2.3"}}, receive, send)
    return taken


async def test_a_client_that_stops_reading_frees_its_watch() -> None:
    source = Source()
    assert await serve(source, takes=4) == 4
    assert source.closed


async def test_one_that_never_reads_frees_it_too() -> None:
    source = Source()
    assert await serve(source, takes=1) == 1
    await asyncio.sleep(0)
    assert await serve(source, takes=0) == 0
