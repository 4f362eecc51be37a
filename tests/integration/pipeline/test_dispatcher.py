"""Outbox to live streams: nothing lost, nothing doubled, whoever is killed."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from redis.asyncio.client import Pipeline
from redis.exceptions import ResponseError

from app.contracts.live import store_stream
from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from app.kit.redis import RedisError, connect_redis
from app.notifications.planning import Told
from app.pipeline import dispatcher as dispatcher_module
from app.pipeline.dispatcher import MOST_SETTLING, Dispatcher, LostMarksError
from app.pipeline.outbox_repository import OutboxRow
from tests.integration.pipeline.conftest import Site


class SlowDisk(Dispatcher):
    """A dispatcher that is told of the disk when the test says so."""

    def __init__(self, pool: Any, bus: Any) -> None:
        super().__init__(pool, bus)
        self.disk = asyncio.Event()
        self.asked = 0

    async def _to_disk(self, rows: list[OutboxRow]) -> None:
        self.asked += 1
        await self.disk.wait()
        await super()._to_disk(rows)


async def put(site: Site, number: int) -> list[uuid.UUID]:
    ids = [new_id() for _ in range(number)]
    for each in ids:
        await site.pool.execute(
            "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, 'alert-raised', $4)",
            each, site.chain, site.store, {"store_id": str(site.store), "alert": {"id": str(each)}},
        )  # fmt: skip
    return ids


async def sent(site: Site) -> list[dict[str, Any]]:
    return [json.loads(fields[b"m"]) for _, fields in await site.bus.xrange(store_stream(site.store))]


async def emptied(site: Site) -> bool:
    return bool(await site.pool.fetchval("SELECT count(*) = 0 FROM outbox"))


async def test_a_message_is_on_the_live_stream_at_once(site: Site) -> None:
    site.role("dispatcher", {"TEST_DISPATCHER_POLL_S": "3600"})  # only NOTIFY can wake it
    listens = "SELECT count(*) FROM pg_stat_activity WHERE state = 'idle' AND query LIKE 'LISTEN %notifications%'"
    await site.until(lambda: site.pool.fetchval(listens))
    (_, last) = [*await put(site, 1), *await put(site, 1)]

    async def there() -> bool:
        return str(last) in {message["alert"]["id"] for message in await sent(site)}

    await site.until(there)
    message = (await sent(site))[-1]
    assert (message["type"], message["store_id"]) == ("alert-raised", str(site.store))
    await site.until(lambda: emptied(site))


async def test_killed_again_and_again_nothing_is_lost_or_doubled(site: Site) -> None:
    wanted: list[uuid.UUID] = []
    for _ in range(3):
        role = site.role("dispatcher")
        wanted += await put(site, 150)
        await asyncio.sleep(0.6)
        role.kill()
    role = site.role("dispatcher")
    wanted += await put(site, 50)  # so that this one is up when the outbox is empty
    await site.until(lambda: emptied(site))
    assert sorted(message["alert"]["id"] for message in await sent(site)) == sorted(map(str, wanted))
    assert role.stop() == 0


async def test_a_crash_between_the_stream_and_the_delete_sends_nothing_twice(site: Site) -> None:
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_dispatcher"), role="dispatcher")
    bus = connect_redis(site.servers.bus.url, role="dispatcher")
    await put(site, 3)
    rows = await site.pool.fetch("SELECT * FROM outbox")
    dispatcher = Dispatcher(pool, bus)
    assert await dispatcher.send_batch() == 3
    for row in rows:  # as if the delete had been rolled back
        await site.pool.execute("INSERT INTO outbox SELECT ($1::outbox).*", row)
    assert await dispatcher.send_batch() == 3
    assert len(await sent(site)) == 3
    await bus.aclose()
    await pool.close()


async def test_a_message_the_bus_refused_is_sent_later_and_not_taken_for_sent(site: Site) -> None:
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_dispatcher"), role="dispatcher")
    bus = connect_redis(site.servers.bus.url, role="dispatcher")
    await put(site, 2)
    dispatcher = Dispatcher(pool, bus)
    await site.bus.set(store_stream(site.store), b"in the stream's place")
    with pytest.raises(RedisError):
        await dispatcher.send_batch()
    await site.bus.delete(store_stream(site.store))
    assert await dispatcher.send_batch() == 2
    assert len(await sent(site)) == 2
    await bus.aclose()
    await pool.close()


async def test_two_dispatchers_and_the_bus_killed(site: Site) -> None:
    site.role("dispatcher")
    site.role("dispatcher")
    wanted = await put(site, 100)
    site.servers.bus.kill()
    wanted += await put(site, 100)
    site.servers.bus.start()
    await site.until(lambda: emptied(site))
    assert sorted(message["alert"]["id"] for message in await sent(site)) == sorted(map(str, wanted))


async def test_the_database_killed(site: Site) -> None:
    site.role("dispatcher")
    wanted = await put(site, 20)
    await site.until(lambda: sent(site))
    await asyncio.to_thread(site.servers.postgres.kill)
    await asyncio.to_thread(site.servers.postgres.start)
    more = await site.until(lambda: put(site, 5), 30)

    async def all_there() -> bool:
        return {str(each) for each in wanted + more} <= {message["alert"]["id"] for message in await sent(site)}

    await site.until(all_there)


@pytest.fixture
async def own(site: Site) -> AsyncIterator[Callable[[], SlowDisk]]:
    """Makes dispatchers on the real database and bus, whose disk answers when the test says so."""
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_dispatcher"), role="dispatcher")
    bus = connect_redis(site.servers.bus.url, role="dispatcher")
    yield lambda: SlowDisk(pool, bus)
    await bus.aclose()
    await pool.close()


async def test_no_message_waits_for_the_disk_of_those_before(site: Site, own: Callable[[], SlowDisk]) -> None:
    dispatcher = own()
    wanted: list[str] = []
    for _ in range(3 * MOST_SETTLING):
        wanted += map(str, await put(site, 1))
        assert await dispatcher._send_next() == 1
    assert [message["alert"]["id"] for message in await sent(site)] == wanted
    assert not await emptied(site), "the disk has none of them yet"
    assert await dispatcher._send_next() == 0, "what is on its way is not sent again"
    dispatcher.disk.set()
    await site.until(lambda: emptied(site))
    assert 1 < dispatcher.asked <= MOST_SETTLING + 1, "what waited meanwhile was asked about together"
    await site.until(lambda: until_true(not dispatcher.on_streams))
    assert [message["alert"]["id"] for message in await sent(site)] == wanted


async def test_one_that_stops_settles_what_waits_too(site: Site, own: Callable[[], SlowDisk]) -> None:
    dispatcher = own()
    for _ in range(2 * MOST_SETTLING):
        await put(site, 1)
        assert await dispatcher._send_next() == 1
    stop = asyncio.Event()
    stop.set()
    stopping = asyncio.create_task(dispatcher.run(stop))
    dispatcher.disk.set()
    await stopping
    assert await emptied(site)
    assert not dispatcher.on_streams


@pytest.mark.parametrize("answer", ["LOADING it starts", "NOPERM not you", "ERR something else"])
async def test_a_disk_that_does_not_answer_this_time_is_asked_again(
    site: Site, own: Callable[[], SlowDisk], monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    dispatcher = own()
    dispatcher.disk.set()
    real = Pipeline.execute

    async def execute(self: Pipeline, raise_on_error: bool = True) -> list[Any]:
        answers = await real(self, raise_on_error)
        return answers if raise_on_error else [*answers[:-1], ResponseError(answer)]

    await put(site, 1)
    with monkeypatch.context() as patched:
        patched.setattr(Pipeline, "execute", execute)
        with pytest.raises(ResponseError, match=answer):
            await dispatcher.send_batch()
    assert not await emptied(site), "its row stays until the disk has it"
    assert dispatcher._syncs
    assert await dispatcher.send_batch() == 1
    assert await emptied(site)
    assert len(await sent(site)) == 1


async def test_a_server_that_keeps_nothing_on_its_disk_is_believed(site: Site, own: Callable[[], SlowDisk]) -> None:
    dispatcher = own()
    dispatcher.disk.set()
    await put(site, 1)
    (kept,) = (await site.bus.config_get("appendonly")).values()
    await site.bus.config_set("appendonly", "no")
    try:
        assert await dispatcher.send_batch() == 1
    finally:
        await site.bus.config_set("appendonly", kept or "no")
    assert await emptied(site)
    assert not dispatcher._syncs


async def until_true(value: bool) -> bool:
    return value


async def test_what_the_bus_lost_before_its_disk_had_it_is_sent_again(site: Site, own: Callable[[], SlowDisk]) -> None:
    dispatcher = own()
    (first, second) = await put(site, 2)
    sending = asyncio.create_task(dispatcher.send_batch())
    await site.until(lambda: sent(site))
    await site.bus.delete(store_stream(site.store), f"live:sent:{second}")  # as a bus that came back without its last second
    dispatcher.disk.set()
    with pytest.raises(LostMarksError):
        await sending
    assert not await emptied(site)
    assert await dispatcher.send_batch() == 2
    assert await emptied(site)
    assert [message["alert"]["id"] for message in await sent(site)] == [str(second)], "and the mark that was left was heeded"
    assert str(first) != str(second)


async def test_of_two_dispatchers_one_tells_the_channels(
    site: Site, own: Callable[[], SlowDisk], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[uuid.UUID] = []

    async def plan(_connection: object, messages: Sequence[Told], _at: object) -> int:
        told.extend(each.id for each in messages)
        return 0

    monkeypatch.setattr(dispatcher_module, "plan_messages", plan)
    wanted = await put(site, 20)
    both = [own(), own()]
    sending = [asyncio.create_task(each.send_batch()) for each in both]
    await site.until(lambda: until_true(all(each.asked for each in both)))
    for each in both:
        each.disk.set()
    assert await asyncio.gather(*sending) == [20, 20]
    assert sorted(told) == sorted(wanted)
    assert [message["alert"]["id"] for message in await sent(site)] == sorted(map(str, wanted))
