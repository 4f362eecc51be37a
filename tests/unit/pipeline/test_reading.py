"""How often a pipeline asks its streams."""

import asyncio
import time
from collections.abc import Callable
from typing import Any, cast
from unittest.mock import Mock

import pytest

from app.pipeline import metrics, reading
from app.pipeline.reading import EVERY_S, Batch, Reader
from app.pipeline.shard import Shard

Ask = Callable[[], list[Batch]]


def reader_of(queue: "asyncio.Queue[Batch]", ask: Ask, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """A reader of one shard, whose server answers at once."""
    reader = Reader("memory", Mock(), ("frames",), queue)
    reader.follow([cast(Shard, Mock(held=True))])

    async def answer() -> list[Batch]:
        return ask()

    async def nothing(*_: Any) -> None:
        return None

    monkeypatch.setattr(reader, "_read", answer)
    monkeypatch.setattr(reader, "_verify", nothing)
    return reader


async def test_what_comes_one_by_one_is_read_together(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, stop, reads = asyncio.Queue[Batch](4), asyncio.Event(), 0

    def ask() -> list[Batch]:
        nonlocal reads
        reads += 1
        if reads == 20:
            stop.set()
        return [Batch("frames")]

    async def process() -> None:
        while True:
            await queue.get()
            queue.task_done()

    processing = asyncio.create_task(process())
    began = time.monotonic()
    async with asyncio.timeout(60):
        await reader_of(queue, ask, monkeypatch).run(stop)
    processing.cancel()
    assert reads == 20
    assert time.monotonic() - began >= 19 * EVERY_S


async def test_a_pipeline_that_falls_behind_reads_more_at_a_time_and_holds_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, stop, came, taken = asyncio.Queue[Batch](4), asyncio.Event(), 0, list[int]()

    def ask() -> list[Batch]:
        nonlocal came
        batch, came = Batch("frames", [cast(Any, None)] * came), 0
        return [batch]

    reading_task = asyncio.create_task(reader_of(queue, ask, monkeypatch).run(stop))
    async with asyncio.timeout(60):
        for arrive in (0, 5, 9, 2):
            batch = await queue.get()
            taken.append(len(batch.entries))
            for _ in range(arrive):  # while it is processed, for longer than the readers leave between two reads
                came += 1
                await asyncio.sleep(2 * EVERY_S)
            assert queue.qsize() == 0
            queue.task_done()
        stop.set()
        await reading_task
    assert taken == [0, 0, 5, 9]


async def test_a_reader_that_waits_for_long_counts_it_and_ends_when_told(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, stop = asyncio.Queue[Batch](1), asyncio.Event()
    monkeypatch.setattr(reading, "STALL_S", 0.01)
    stalls = Mock()
    monkeypatch.setattr(metrics, "stalls", stalls)
    reader = reader_of(queue, lambda: [Batch("frames"), Batch("frames")], monkeypatch)  # the second has no room
    waiting = asyncio.create_task(reader.run(stop))
    async with asyncio.timeout(60):
        while stalls.labels().inc.call_count < 3:
            await asyncio.sleep(0.005)
        first = await queue.get()
        queue.task_done()
        assert await queue.get() is not first, "neither lost nor doubled"
        stop.set()
        await waiting
