"""Visits at a real database: followed where the switch is on, by one process at a time, and forgotten in time."""

import asyncio
import struct
import threading
import time
import uuid
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.contracts.tracked import TrackletClosed
from app.kit.clock import now_us
from app.kit.ids import new_id, shard_of
from app.kit.postgres import connect_pool
from app.pipeline import visits as following
from app.pipeline.configuration import CameraSetup, set_up
from app.pipeline.configuration_repository import read_configuration
from app.pipeline.visit_repository import forget_visits, passages_of, present, put_changes, short_transaction, tracks_of
from app.pipeline.visits import Follower, joined
from app.visits.linking import UNDECIDED_S
from app.visits.visits import Changes
from tests.integration.pipeline.conftest import Site

LEFT, MIDDLE, RIGHT = 0.05, 0.5, 0.95


@pytest.fixture
async def pool(site: Site) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    await site.pool.execute("UPDATE stores SET demo = true WHERE id = $1", site.store)
    made = await connect_pool(site.servers.postgres.url("pennyprotect_pipeline"), role="test", largest=4)
    yield made
    await made.close()


async def switch(site: Site, *, on: bool, ago_s: float = 3600.0) -> None:
    await site.pool.execute(
        "INSERT INTO site_policies (store_id, chain_id, revision, re_identification, cause, reason, notice_text, created_at)"
        " SELECT $1, $2, coalesce(max(revision), 0) + 1, $3, 'demo', 'a test', 'Visits.', now() - make_interval(secs => $4)"
        " FROM site_policies WHERE store_id = $1",
        site.store, site.chain, on, ago_s,
    )  # fmt: skip


async def follower(pool: "asyncpg.Pool[asyncpg.Record]", shards: Collection[int] = range(64)) -> Follower:
    """With the cameras and policies of this moment."""
    setups: dict[uuid.UUID, CameraSetup] = set_up(*await read_configuration(pool), print)
    return Follower(pool, lambda: setups, lambda: shards)


async def seen(site: Site, camera: uuid.UUID, began_s: float, ended_s: float, x: tuple[float, float] = (MIDDLE, MIDDLE)) -> int:
    """A finished track between two moments before now; its number."""
    number = int(began_s * 10) + camera.int % 1000 * 10_000
    boxes = b"".join(
        struct.pack("<5f", at, each * 1000 - 50, 500, each * 1000 + 50, 800)
        for at, each in zip((0, began_s - ended_s), x, strict=True)
    )
    now: datetime = await site.pool.fetchval("SELECT clock_timestamp()")
    began, ended = now - timedelta(seconds=began_s), now - timedelta(seconds=ended_s)
    await site.pool.execute(
        "INSERT INTO ai_detections (id, chain_id, store_id, camera_id, epoch, track_id, started_at, ended_at, frames, mean_score,"
        " width, height, boxes) VALUES ($1, $2, $3, $4, 1, $5, $6, $7, 9, 0.9, 1000, 1000, $8)",
        new_id(), site.chain, site.store, camera, number, began, ended, boxes,
    )  # fmt: skip
    return number


async def link(site: Site, one: uuid.UUID, other: uuid.UUID, metres: float, zones: tuple[Any, Any] = (None, None)) -> None:
    (one, zone_a), (other, zone_b) = sorted(((one, zones[0]), (other, zones[1])), key=lambda each: each[0])
    await site.pool.execute(
        "INSERT INTO camera_links (id, chain_id, store_id, camera_a, camera_b, zone_a, zone_b, metres, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now())",
        new_id(), site.chain, site.store, one, other, zone_a, zone_b, metres,
    )  # fmt: skip


async def pair(site: Site) -> tuple[int, int]:
    """Two tracks of the site's camera and another one that are one visit."""
    other = await site.add_camera()
    await link(site, site.camera, other, 6.0)
    return await seen(site, site.camera, 40, 30), await seen(site, other, 24.5, 10)


async def visits(site: Site) -> list[list[int]]:
    """Tracks of each visit, in their order."""
    rows = await site.pool.fetch(
        "SELECT array_agg(track_id::bigint ORDER BY started_at) AS tracks FROM visit_sightings GROUP BY visit_id ORDER BY 1"
    )
    return [list(row["tracks"]) for row in rows]


async def test_rule_1_nothing_is_joined_with_the_switch_off_and_all_goes_when_it_goes_off(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    other = await site.add_camera()
    await link(site, site.camera, other, 6.0)
    first, second = await seen(site, site.camera, 40, 30), await seen(site, other, 24.5, 10)
    assert await (await follower(pool)).look() == 0
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="re_identification"):
        await pool.execute(
            "INSERT INTO visit_sightings VALUES ($1, 1, 1, now(), $2, $3, now(), $1, 0)", site.camera, site.chain, site.store
        )
    await switch(site, on=True, ago_s=35)
    assert await (await follower(pool)).look() == 0  # somebody who came before it went on is nobody's to follow
    await switch(site, on=True)
    one = await follower(pool)
    assert await one.look() == 2
    assert await visits(site) == [[first, second]]
    before = await site.pool.fetch("TABLE visit_sightings")
    await one.look()
    await (await follower(pool)).look()  # another process: the same visit, nothing twice
    assert await site.pool.fetch("TABLE visit_sightings") == before
    await switch(site, on=False)
    await one.look()  # it has not read the policy yet, and may write nothing
    await (await follower(pool)).look()
    assert await visits(site) == []


async def test_the_running_pipeline_follows_what_workers_say(site: Site, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await switch(site, on=True)
    other = await site.add_camera()
    await link(site, site.camera, other, 6.0)
    sent: list[float] = []

    async def pairs_joined() -> list[list[int]]:
        """A fresh pair now and then: one that a busy machine hears of too late is nobody's visit any more."""
        if not sent or time.monotonic() - sent[-1] > 40:
            sent.append(time.monotonic())
            now = now_us()
            for camera, began_s, ended_s in ((site.camera, 30, 20), (other, 14.5, 1)):
                begins, ends = now - int(began_s * 1e6), now - int(ended_s * 1e6)
                boxes = struct.pack("<5f", 0, 400, 300, 500, 700)
                await site.send(TrackletClosed(camera, 1, len(sent), begins, ends, 50, 0.9, 1000, 1000, boxes))
        return await visits(site)

    site.role("pipeline")
    found = await site.until(pairs_joined, limit_s=300)
    assert all(len(each) == 2 and each[0] == each[1] for each in found), found


async def test_places_count_a_removed_zone_ends_its_way_and_a_third_camera_goes_on(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await switch(site, on=True)
    other, third = await site.add_camera(), await site.add_camera()
    zone = await site.add_zone([[0.8, 0], [1, 0], [1, 1], [0.8, 1]], "area")
    await link(site, site.camera, other, 6.0, (zone, None))
    await link(site, other, third, 0.0)
    gone_right = await seen(site, site.camera, 200, 190, (MIDDLE, RIGHT))
    await seen(site, site.camera, 201, 190.1, (MIDDLE, LEFT))
    # One track decided long ago, one that lasted until now.
    came, went = await seen(site, other, 184.5, 20), await seen(site, third, 19, 5)
    assert await (await follower(pool)).look() == 3
    assert await visits(site) == [[gone_right, came, went]]
    await site.pool.execute("DELETE FROM visit_sightings")
    await site.pool.execute("UPDATE zones SET deleted_at = now() WHERE id = $1", zone)
    await (await follower(pool)).look()
    assert await visits(site) == [[came, went]]


async def test_a_store_is_its_shards_holders_and_who_was_slower_writes_nothing(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await switch(site, on=True)
    first, second = await pair(site)
    assert await (await follower(pool, set(range(64)) - {shard_of(site.store)})).look() == 0
    async with pool.acquire() as connection:
        at = await present(connection)
        tracks = await tracks_of(connection, site.store, at)
        done = joined(tracks, await passages_of(connection, site.store), {}, at.timestamp() - UNDECIDED_S)
    assert len(done.put) == 2
    idle = []

    def watched(*given: Any) -> Changes:
        idle.append(pool.get_size() - pool.get_idle_size())
        return joined(*given)

    monkeypatch.setattr(following, "joined", watched)
    put = await asyncio.gather(*[each.look() for each in [await follower(pool) for _ in range(3)]])
    assert sum(put) == 2
    assert await visits(site) == [[first, second]]
    idle.clear()
    await (await follower(pool)).look()
    assert idle == [0]  # no connection is held while tracks are joined
    before = await site.pool.fetch("TABLE visit_sightings")
    async with short_transaction(pool) as connection:
        assert not await put_changes(connection, site.chain, site.store, tracks, done)
    assert await site.pool.fetch("TABLE visit_sightings") == before


async def test_one_store_that_fails_or_takes_too_long_costs_no_other_its_visits(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = {}
    for chain in sorted([new_id(), new_id()]):
        store = new_id()
        await site.pool.execute("INSERT INTO chains (id, name) VALUES ($1, 'C')", chain)
        await site.pool.execute("INSERT INTO stores (id, chain_id, name, demo) VALUES ($1, $2, 'S', true)", store, chain)
        other = replace(site, chain=chain, store=store)
        other.camera = await other.add_camera()
        await switch(other, on=True)
        ways[store] = await pair(other)
    broken, sound = ways
    errors: list[Exception] = [asyncpg.DataError("a row that nobody foresaw"), ValueError("a defect"), TimeoutError()]

    async def failing(connection: Any, store_id: uuid.UUID, at: datetime) -> Any:
        if store_id == broken:
            raise errors[-1]
        return await tracks_of(connection, store_id, at)

    monkeypatch.setattr(following, "tracks_of", failing)
    for _ in errors[:]:
        assert await (await follower(pool)).look() == 2
        assert await visits(site) == [list(ways[sound])]
        await site.pool.execute("DELETE FROM visit_sightings")
        errors.pop()
    monkeypatch.undo()

    free, running = threading.Event(), []

    def slow(*given: Any) -> Changes:
        running.append(given)
        assert free.wait(60)
        return joined(*given)

    monkeypatch.setattr(following, "joined", slow)
    monkeypatch.setattr(following, "JOIN_S", 0.05)
    one = await follower(pool)
    assert [await one.look(), await one.look(), len(running)] == [0, 0, 1]  # no second join beside the one that still runs
    monkeypatch.undo()
    monkeypatch.setattr(following, "JOIN_S", 60.0)
    looked = []

    async def noted(connection: Any, store_id: uuid.UUID, at: datetime) -> Any:
        looked.append(store_id)
        return await tracks_of(connection, store_id, at)

    monkeypatch.setattr(following, "tracks_of", noted)
    free.set()

    async def again() -> bool:
        return await one.look() > 0

    await site.until(again)
    assert looked == [sound, broken]  # the one that did not end waits for its turn


async def test_visits_go_though_the_first_try_to_forget_them_failed_and_once_more(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await switch(site, on=True)
    await pair(site)
    setups: dict[uuid.UUID, CameraSetup] = set_up(*await read_configuration(pool), print)
    one = Follower(pool, lambda: setups, lambda: range(64))
    assert await one.look() == 2
    await switch(site, on=False)
    setups = set_up(*await read_configuration(pool), print)
    answers: list[Any] = [OSError("away"), None]  # None: another process is at it, perhaps since before the switch went off
    tries = []

    async def forgetting(*given: Any) -> int | None:
        tries.append(given)
        answer = answers.pop(0) if answers else await forget_visits(*given)
        if isinstance(answer, OSError):
            raise answer
        return answer

    monkeypatch.setattr(following, "forget_visits", forgetting)
    monkeypatch.setattr(following, "FORGET_EVERY_S", 3600.0)
    with pytest.raises(OSError, match="away"):
        await one.look()
    await one.look()
    assert len(await visits(site)) == 1
    await one.look()
    assert await visits(site) == []
    for _ in range(3):
        await one.look()
    assert len(tries) == 4  # a transaction that was under way may have written since


async def test_a_join_of_the_longest_piece_stands_and_one_that_is_taken_back_leaves_no_visit_of_one(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await switch(site, on=True)
    other, far = await site.add_camera(), await site.add_camera()
    await link(site, site.camera, other, 6.0)
    await link(site, other, far, 200.0)
    came, stayed = await seen(site, other, 1050, 1015), await seen(site, far, 605, 10)
    assert await (await follower(pool)).look() == 2
    assert await (await follower(pool)).look() == 0
    assert await visits(site) == [[came, stayed]]
    await site.pool.execute("DELETE FROM visit_sightings")
    await site.pool.execute("DELETE FROM ai_detections")
    earlier, later = await seen(site, site.camera, 97, 87), await seen(site, other, 75, 10)
    await (await follower(pool)).look()
    assert await visits(site) == [[earlier, later]]
    better = await seen(site, site.camera, 90, 81)  # heard of a little later
    await (await follower(pool)).look()
    assert await visits(site) == [[better, later]]


async def test_a_visit_of_hours_is_begun_anew(site: Site, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await switch(site, on=True)
    other = await site.add_camera()
    await link(site, site.camera, other, 6.0)
    decided = await seen(site, site.camera, 110, 100)
    await seen(site, other, 94.5, 10)
    for number, hours in ((decided, 0), (1, 5)):
        await site.pool.execute(
            "INSERT INTO visit_sightings SELECT camera_id, 1, $2, started_at - $3::interval, chain_id, store_id,"
            " ended_at - $3::interval, $4, 0 FROM ai_detections WHERE track_id = $1",
            decided, number, timedelta(hours=hours), site.chain,
        )  # fmt: skip
    assert await (await follower(pool)).look() == 0
    assert await visits(site) == [[1, decided]]
    await site.pool.execute("DELETE FROM visit_sightings WHERE track_id = 1")
    assert await (await follower(pool)).look() == 1


async def test_sightings_are_forgotten_after_a_day_each_unless_an_incident_needs_their_visit(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await switch(site, on=True)
    user, held, endless, fresh = (new_id() for _ in range(4))
    await site.pool.execute(
        "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, 'v', '')", user, site.chain
    )
    for number, (visit, hours) in enumerate(((held, 50), (held, 48), (endless, 25), (endless, 23), (fresh, 1))):
        await site.pool.execute(
            "INSERT INTO visit_sightings VALUES ($1, 1, $2, now() - $5::interval, $3, $4, now() - $5::interval, $6, 0)",
            site.camera, number, site.chain, site.store, timedelta(hours=hours), visit,
        )  # fmt: skip
    incident, alert = new_id(), new_id()
    await site.pool.execute(
        "INSERT INTO incidents (id, chain_id, store_id, kind, title, opened_by, opened_at, changed_at)"
        " VALUES ($1, $2, $3, 'theft', 't', $4, now(), now() - interval '40 days')", incident, site.chain, site.store, user,
    )  # fmt: skip
    await site.pool.execute(
        "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids, epoch,"
        " started_at, ended_at) VALUES ($1, $2, $3, $4, 'falling', 'high', 1, 0.5, '{}', '{1}', 1, now() - interval '49 hours',"
        " now() - interval '47 hours')", alert, site.chain, site.store, site.camera,
    )  # fmt: skip
    await site.pool.execute("INSERT INTO incident_alerts VALUES ($1, $2, $3, $4)", incident, alert, site.chain, site.store)

    async def left() -> list[tuple[uuid.UUID, int]]:
        await (await follower(pool)).look()
        rows = await site.pool.fetch("SELECT visit_id, track_id::integer AS track FROM visit_sightings ORDER BY track_id")
        return [(row["visit_id"], row["track"]) for row in rows]

    whole = [(held, 0), (held, 1), (endless, 3), (fresh, 4)]
    assert await left() == whole  # an open incident, though nothing moved in it for long
    change = (
        "UPDATE incidents SET state = 'closed', conclusion = 'c', changed_at = now() - make_interval(days => $2) WHERE id = $1"
    )
    await site.pool.execute(change, incident, 10)
    assert await left() == whole
    await site.pool.execute(change, incident, 31)
    assert await left() == whole[2:]
