"""The way out: bounded, drop-oldest, patient. The Redis here is a list that can be switched off."""

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from app.workers.outlets import Outlet, Parcel, RedisOutlet


class ListRedis:
    """Keeps what is written; `away` makes it fail, `full` makes it refuse."""

    def __init__(self) -> None:
        self.away = False
        self.full = False
        self.failures = 0
        self.written: list[tuple[str, bytes]] = []

    def pipeline(self, *, transaction: bool) -> "ListPipeline":
        assert not transaction
        return ListPipeline(self)


class ListPipeline:
    def __init__(self, server: ListRedis) -> None:
        self._server = server
        self._commands: list[tuple[str, bytes]] = []

    def xadd(self, stream: str, fields: dict[bytes, bytes], **trim: Any) -> None:
        assert trim["approximate"]
        assert ("minid" in trim) != ("maxlen" in trim)
        self._commands.append((stream, fields[b"m"]))

    def publish(self, channel: str, payload: bytes) -> None:
        self._commands.append((channel, payload))

    async def execute(self, *, raise_on_error: bool) -> list[object]:
        assert not raise_on_error
        await asyncio.sleep(0)
        if self._server.away:
            self._server.failures += 1
            raise RedisConnectionError("away")
        if self._server.full:
            return [ResponseError("OOM command not allowed")] * len(self._commands)
        self._server.written += self._commands
        return [b"ok"] * len(self._commands)


def parcel(number: int) -> Parcel:
    return Parcel(str(number).encode(), stream="s", keep_entries=10)


async def settle(outlet: Outlet, limit_s: float = 20.0) -> None:
    async with asyncio.timeout(limit_s):
        while len(outlet):
            await asyncio.sleep(0.01)


def outlet_to(server: ListRedis, bound: int = 100) -> tuple[Outlet, list[int]]:
    dropped: list[int] = []
    return RedisOutlet("test", server, bound, dropped.append), dropped  # type: ignore[arg-type]


async def test_messages_go_out_in_order_to_stream_and_channel() -> None:
    server = ListRedis()
    outlet, dropped = outlet_to(server)
    outlet.offer(Parcel(b"1", stream="s", channel="c", keep_ms=60_000))
    outlet.offer(Parcel(b"2", channel="c"))
    stop = asyncio.Event()
    task = asyncio.create_task(outlet.run(stop))
    await settle(outlet)
    stop.set()
    await asyncio.wait_for(task, 20)
    assert server.written == [("s", b"1"), ("c", b"1"), ("c", b"2")]
    assert not dropped


async def test_what_waits_survives_an_outage_in_order() -> None:
    server = ListRedis()
    server.away = True
    outlet, dropped = outlet_to(server)
    stop = asyncio.Event()
    task = asyncio.create_task(outlet.run(stop))
    for number in range(80):
        outlet.offer(parcel(number))
        await asyncio.sleep(0.002)
    server.away = False
    await settle(outlet)
    stop.set()
    await asyncio.wait_for(task, 20)
    assert [int(payload) for _, payload in server.written] == list(range(80))
    assert not dropped


@pytest.mark.parametrize("first", [1, 20, 40, 60])
@pytest.mark.parametrize("later", [0, 10, 39, 60, 99])
async def test_what_was_in_flight_comes_back_whole_or_is_counted(first: int, later: int) -> None:
    """However full the queue has become while a batch was on its way to a server that went away."""
    server = ListRedis()
    server.away = True
    outlet, dropped = outlet_to(server)
    for number in range(first):
        outlet.offer(parcel(number))
    stop = asyncio.Event()
    task = asyncio.create_task(outlet.run(stop))
    while len(outlet):  # the batch has left the queue and fails at the next turn of the loop
        await asyncio.sleep(0)
    for number in range(first, first + later):
        outlet.offer(parcel(number))
    while not server.failures:
        await asyncio.sleep(0)
    server.away = False
    await settle(outlet)
    stop.set()
    await asyncio.wait_for(task, 20)
    written = [int(payload) for _, payload in server.written]
    assert written == list(range(first + later))[sum(dropped) :]
    assert sum(dropped) == max(0, first + later - 100)


async def test_a_refusal_is_counted_and_newer_messages_follow() -> None:
    server = ListRedis()
    server.full = True
    outlet, dropped = outlet_to(server)
    outlet.offer(parcel(1))
    stop = asyncio.Event()
    task = asyncio.create_task(outlet.run(stop))
    await settle(outlet)
    await asyncio.sleep(0.05)
    server.full = False
    outlet.offer(parcel(2))
    await settle(outlet)
    stop.set()
    await asyncio.wait_for(task, 20)
    assert (server.written, sum(dropped)) == ([("s", b"2")], 1)


async def test_stopping_while_redis_is_away_does_not_hang() -> None:
    server = ListRedis()
    server.away = True
    outlet, _ = outlet_to(server)
    outlet.offer(parcel(1))
    stop = asyncio.Event()
    task = asyncio.create_task(outlet.run(stop))
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(task, 20)


@given(st.integers(1, 50), st.integers(0, 200))
def test_the_newest_stay_and_every_loss_is_counted(bound: int, offered: int) -> None:
    outlet, dropped = outlet_to(ListRedis(), bound)
    for number in range(offered):
        outlet.offer(parcel(number))
    kept = [int(waiting.payload) for waiting in outlet._waiting]
    assert kept == list(range(max(0, offered - bound), offered))
    assert sum(dropped) == max(0, offered - bound)


@pytest.mark.parametrize("bound", [1, 5, 64, 100])
async def test_putting_back_never_exceeds_the_bound(bound: int) -> None:
    server = ListRedis()
    server.away = True
    outlet, dropped = outlet_to(server, bound)
    for number in range(bound):
        outlet.offer(parcel(number))
    sending = asyncio.create_task(outlet._send_batch())
    await asyncio.sleep(0)
    for number in range(bound, bound + 3):
        outlet.offer(parcel(number))
    assert not await sending
    assert len(outlet) <= bound
    assert len(outlet) + sum(dropped) == bound + 3
    assert int(outlet._waiting[-1].payload) == bound + 2
