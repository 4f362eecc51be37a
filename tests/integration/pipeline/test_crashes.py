"""Every part killed or stopped during an occurrence: one alert, not zero, not two."""

import asyncio
import signal

import msgspec
import pytest

from app.contracts.tracked import frames_stream, health_stream, tracklets_stream
from app.kit.clock import now_us
from app.kit.ids import shard_of
from tests.builders import make_health, make_tracked_frame, make_tracklet
from tests.integration.pipeline.conftest import Actor, Site

STANDS = [(7, 0.5, 0.8)]


async def one_alert_that_goes_on(site: Site, seconds: float = 2.5) -> None:
    """One alert now, still one later, followed up to then, and to be told once (no dispatcher takes it off)."""
    await one_alert_followed(site, seconds)
    assert await site.pool.fetchval("SELECT count(*) FROM outbox WHERE kind = 'alert-raised'") == 1


async def one_alert_followed(site: Site, seconds: float = 2.5) -> None:
    """One alert now, still one later, and followed up to then."""
    await site.until(site.alerts, 60)
    (alert,) = await site.alerts()
    await asyncio.sleep(seconds)

    async def followed() -> bool:
        (now,) = await site.alerts()
        return bool(now["ended_at"] > alert["ended_at"])

    await site.until(followed, 60)
    assert len(await site.alerts()) == 1


@pytest.mark.parametrize("after_s", [0.7, 3.5])
async def test_a_pipeline_killed_before_or_after_the_alert(site: Site, after_s: float) -> None:
    first = site.role("pipeline")
    await site.until(site.held)
    async with Actor(site, STANDS):
        await asyncio.sleep(after_s)
        first.kill()
        site.role("pipeline")
        await one_alert_that_goes_on(site)


async def test_a_second_pipeline_takes_over_within_seconds_and_shares_before(site: Site) -> None:
    first, second = site.role("pipeline"), site.role("pipeline")

    async def shared() -> bool:
        owners = list((await site.owners()).values())
        return sorted(owners.count(owner) for owner in set(owners)) == [32, 32]

    await site.until(shared, 90)  # two processes start; what is timed is the taking over
    async with Actor(site, STANDS):
        await site.until(site.alerts)
        first.kill()

        async def alone() -> bool:
            owners = await site.owners()
            return len(owners) == 64 and len(set(owners.values())) == 1

        await site.until(alone, 12)
        await one_alert_that_goes_on(site)
    assert second.stop() == 0
    assert await site.owners() == {}


async def test_a_stopped_holder_that_wakes_after_its_lease_moved_changes_nothing(site: Site) -> None:
    first = site.role("pipeline")
    await site.until(site.held)
    owner = (await site.owners())[0]
    async with Actor(site, STANDS):
        await asyncio.sleep(1)
        first.signal(signal.SIGSTOP)
        site.role("pipeline")

        async def moved() -> bool:
            owners = await site.owners()
            return len(owners) == 64 and owner not in owners.values()

        await site.until(moved, 90)  # the second process starts meanwhile; nothing is timed here
        await site.until(site.alerts, 60)
        tokens = await site.pool.fetch("SELECT token FROM checkpoints WHERE shard = $1", shard_of(site.camera))
        first.signal(signal.SIGCONT)
        await one_alert_that_goes_on(site, 3)
    after = await site.pool.fetch("SELECT token FROM checkpoints WHERE shard = $1", shard_of(site.camera))
    assert after[0]["token"] >= tokens[0]["token"]


async def test_killed_in_the_middle_of_the_transaction_that_raises(site: Site) -> None:
    """A lock holds the transaction open between the checkpoint and the alert's commit; then SIGKILL."""
    first = site.role("pipeline")
    await site.until(site.held)
    async with site.pool.acquire() as blocker:
        transaction = blocker.transaction()
        await transaction.start()
        await blocker.execute("LOCK TABLE alerts IN EXCLUSIVE MODE")
        async with Actor(site, STANDS):

            async def waits() -> object:
                return await site.pool.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pennyprotect_pipeline' AND wait_event_type = 'Lock'"
                )

            await site.until(waits)
            first.kill()
            await transaction.rollback()
            site.role("pipeline")
            await one_alert_that_goes_on(site)


async def test_the_memory_redis_killed(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    async with Actor(site, STANDS):
        await asyncio.sleep(1)
        site.servers.memory.kill()
        await asyncio.sleep(1)
        site.servers.memory.start()
        await one_alert_that_goes_on(site)
        site.servers.memory.kill()
        site.servers.memory.start()
        await one_alert_that_goes_on(site)


async def test_the_bus_killed(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    async with Actor(site, STANDS):
        site.servers.bus.kill()
        await asyncio.sleep(0.5)
        site.servers.bus.start()
        await one_alert_that_goes_on(site)


async def test_the_database_killed(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    async with Actor(site, STANDS):
        await asyncio.sleep(1)
        await asyncio.to_thread(site.servers.postgres.kill)
        await asyncio.sleep(1)
        await asyncio.to_thread(site.servers.postgres.start)
        await one_alert_that_goes_on(site)


async def test_poison_among_the_frames_blocks_nothing(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    stream = frames_stream(shard_of(site.camera))
    async with Actor(site, STANDS):
        for payload in (b"", b"\xff\xfe", b"\x90", b"\x81\xa1a\x01"):
            await site.raw(stream, payload)
        await site.memory.xadd(stream, {b"other": b"field"})
        wrong = make_tracked_frame(STANDS, camera=site.camera, epoch=1, sequence=100_000, start_us=now_us())
        await site.send(type(wrong)(*[getattr(wrong, name) for name in wrong.__struct_fields__[:8]], [1, 2, 3], b"", b"", b""))
        await site.send(make_tracked_frame(STANDS, camera=site.chain, start_us=now_us()))
        await asyncio.sleep(0.2)
    async with Actor(site, STANDS, epoch=2):
        await one_alert_that_goes_on(site)


async def test_poison_among_states_and_ended_tracks_blocks_nothing(site: Site) -> None:
    pipeline = site.role("pipeline")
    await site.until(site.held)
    health, tracklet = (make(camera=site.camera, start_us=now_us()) for make in (make_health, make_tracklet))
    for wrong in (2**62, 2**63 - 1, -(2**62)):
        await site.send(msgspec.structs.replace(health, at_us=wrong))
        await site.send(msgspec.structs.replace(health, last_frame_at_us=abs(wrong)))
        await site.send(msgspec.structs.replace(tracklet, ended_at_us=wrong))
        await site.send(make_tracked_frame(STANDS, camera=site.camera, start_us=wrong))
    for message in (health, tracklet):
        await site.send(msgspec.structs.replace(message, epoch=2**64 - 1))
        await site.send(msgspec.structs.replace(message, width=2**40))
    await site.send(msgspec.structs.replace(health, fps_in=float("nan"), reason="a\0b"))
    await site.send(msgspec.structs.replace(tracklet, mean_score=1e300))
    for stream in (health_stream, tracklets_stream):
        for payload in (b"", b"\xff\xfe", b"\x90", b"\x91" * 100_000):
            await site.raw(stream(shard_of(site.camera)), payload, bus=True)
    await site.send(health)
    await site.send(tracklet)
    async with Actor(site, STANDS):
        await one_alert_that_goes_on(site)
    await site.until(lambda: site.pool.fetchval("SELECT count(*) FROM ai_detections"))
    assert await site.until(lambda: site.pool.fetchval("SELECT state FROM camera_status")) == "live"
    assert pipeline.process is not None
    assert pipeline.process.poll() is None


async def test_frames_that_come_twice_out_of_order_or_not_at_all(site: Site) -> None:
    site.role("pipeline")
    await site.until(site.held)
    base = now_us()
    frames = [make_tracked_frame(STANDS, number / 10, camera=site.camera, sequence=number, start_us=base) for number in range(60)]
    for number in range(0, 60, 3):
        if number % 15 == 9:
            continue
        for which in (1, 0, 1, 2, 0):
            await site.send(frames[number + which])
    await site.until(site.alerts)
    await asyncio.sleep(1.5)
    (alert,) = await site.alerts()
    assert alert["explanation"]["dwell_s"] >= 2


async def test_a_row_the_database_refuses_costs_only_itself(site: Site) -> None:
    """The zone is deleted for good between the finding and its commit."""
    await site.set_rule({"zone_dwell_s": 1.5, "spot": False})
    await site.add_zone([[0.4, 0.7], [0.6, 0.7], [0.6, 0.9], [0.4, 0.9]])
    gone = await site.add_zone([[0.1, 0.1], [0.3, 0.1], [0.3, 0.3], [0.1, 0.3]])
    await site.pool.execute("ALTER TABLE zones DISABLE TRIGGER zones_bump")
    try:
        site.role("pipeline")
        await site.until(site.held)
        await site.pool.execute("DELETE FROM zones WHERE id = $1", gone)
        async with Actor(site, [(7, 0.5, 0.8), (8, 0.2, 0.2)]):
            await site.until(site.alerts)
            await asyncio.sleep(1.5)
    finally:
        await site.pool.execute("ALTER TABLE zones ENABLE TRIGGER zones_bump")
    assert [[int(each) for each in alert["track_ids"]] for alert in await site.alerts()] == [[7]]
