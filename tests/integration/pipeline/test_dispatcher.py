"""Outbox to live streams: nothing lost, nothing doubled, whoever is killed."""

import asyncio
import json
import time
import uuid
from typing import Any

import pytest

from app.contracts.live import store_stream
from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from app.kit.redis import RedisError, connect_redis
from app.pipeline.dispatcher import Dispatcher
from tests.integration.pipeline.conftest import Site


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
    site.role("dispatcher")
    await put(site, 1)
    await site.until(lambda: sent(site))
    await asyncio.sleep(1)
    began = time.monotonic()
    (_, last) = [*await put(site, 1), *await put(site, 1)]

    async def there() -> bool:
        return str(last) in {message["alert"]["id"] for message in await sent(site)}

    await site.until(there, 2)
    assert time.monotonic() - began < 0.45  # sooner than the poll: NOTIFY woke it
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


async def test_no_message_waits_for_the_disk_of_the_one_before(site: Site) -> None:
    site.role("dispatcher")
    await put(site, 1)
    await site.until(lambda: sent(site))
    waited: list[float] = []
    order: list[str] = []
    for _ in range(8):  # more than a second: Redis syncs once in it
        began = time.monotonic()
        (message,) = await put(site, 1)
        order.append(str(message))

        async def there(wanted: str = str(message)) -> bool:
            return wanted in {each["alert"]["id"] for each in await sent(site)}

        await site.until(there)
        waited.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
    # Each would wait for most of a second. A busy machine holds some of them up, too, but not nearly all.
    assert sorted(waited)[2] < 0.4, waited
    assert [each["alert"]["id"] for each in await sent(site)][-8:] == order
    await site.until(lambda: emptied(site))
