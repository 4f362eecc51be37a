"""How often a pipeline asks its streams."""

import asyncio
import time
from typing import Any, cast
from unittest.mock import Mock

import pytest

from app.pipeline.reading import EVERY_S, Batch, Reader
from app.pipeline.shard import Shard


async def test_what_comes_one_by_one_is_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    queue: asyncio.Queue[Batch] = asyncio.Queue(1000)
    reader, stop, reads = Reader("memory", Mock(), ("frames",), queue), asyncio.Event(), 0
    reader.follow([cast(Shard, Mock(held=True))])

    async def at_once() -> list[Batch]:
        nonlocal reads
        reads += 1
        if reads == 20:
            stop.set()
        return [Batch("frames")]

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(reader, "_read", at_once)
    monkeypatch.setattr(reader, "_verify", nothing)
    began = time.monotonic()
    async with asyncio.timeout(60):
        await reader.run(stop)
    assert (reads, queue.qsize()) == (20, 19)
    assert time.monotonic() - began >= 19 * EVERY_S
