"""Visits at a real database: followed where the switch is on, by one process at a time, and forgotten in time."""

import asyncio
import struct
import uuid
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.contracts.tracked import TrackletClosed
from app.kit.clock import now_us
from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from app.pipeline.configuration import CameraSetup, set_up
from app.pipeline.configuration_repository import read_configuration
from app.pipeline.visit_repository import looking_at
from app.pipeline.visits import Follower
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


async def follower(pool: "asyncpg.Pool[asyncpg.Record]") -> Follower:
    """With the cameras and policies of this moment."""
    setups: dict[uuid.UUID, CameraSetup] = set_up(*await read_configuration(pool), print)
    return Follower(pool, lambda: setups)


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
    following = await follower(pool)
    assert await following.look() == 2
    assert await visits(site) == [[first, second]]
    before = await site.pool.fetch("TABLE visit_sightings")
    await following.look()
    await (await follower(pool)).look()  # another process: the same visit, nothing twice
    assert await site.pool.fetch("TABLE visit_sightings") == before
    await switch(site, on=False)
    await following.look()  # it has not read the policy yet, and may write nothing
    await (await follower(pool)).look()
    assert await visits(site) == []


async def test_the_running_pipeline_follows_what_workers_say(site: Site, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await switch(site, on=True)
    other = await site.add_camera()
    await link(site, site.camera, other, 6.0)
    now = now_us()
    for camera, began_s, ended_s in ((site.camera, 40, 30), (other, 24.5, 10)):
        begins, ends = now - int(began_s * 1e6), now - int(ended_s * 1e6)
        boxes = struct.pack("<5f", 0, 400, 300, 500, 700)
        await site.send(TrackletClosed(camera, 1, 7, begins, ends, 50, 0.9, 1000, 1000, boxes))
    site.role("pipeline")
    await site.until(lambda: visits(site), limit_s=120)
    assert await visits(site) == [[7, 7]]


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


async def test_one_process_looks_at_a_store_at_a_time(site: Site, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await switch(site, on=True)
    other = await site.add_camera()
    await link(site, site.camera, other, 6.0)
    await seen(site, site.camera, 40, 30)
    await seen(site, other, 24.5, 10)
    async with looking_at(pool, site.store) as held:
        assert held is not None
        assert await (await follower(pool)).look() == 0
    put = await asyncio.gather(*[each.look() for each in [await follower(pool) for _ in range(3)]])
    assert sum(put) >= 2
    assert len(await visits(site)) == 1


async def test_visits_are_forgotten_after_a_day_unless_an_open_incident_needs_them(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await switch(site, on=True)
    user, incident, alert = new_id(), new_id(), new_id()
    kept, closed, old, fresh = (new_id() for _ in range(4))
    for number, (visit, hours) in enumerate(((kept, 48), (closed, 48), (old, 25), (fresh, 1))):
        await site.pool.execute(
            "INSERT INTO visit_sightings VALUES ($1, 1, $2, now() - $5::interval, $3, $4, now() - $5::interval, $6, 0)",
            site.camera, number, site.chain, site.store, timedelta(hours=hours), visit,
        )  # fmt: skip
    await site.pool.execute(
        "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, 'v', '')", user, site.chain
    )
    await site.pool.execute(
        "INSERT INTO incidents (id, chain_id, store_id, kind, title, opened_by, opened_at, changed_at)"
        " VALUES ($1, $2, $3, 'theft', 't', $4, now(), now() - interval '40 days')", incident, site.chain, site.store, user,
    )  # fmt: skip
    await site.pool.execute(
        "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids, epoch,"
        " started_at, ended_at) VALUES ($1, $2, $3, $4, 'falling', 'high', 1, 0.5, '{}', '{0}', 1, now() - interval '49 hours',"
        " now() - interval '47 hours')", alert, site.chain, site.store, site.camera,
    )  # fmt: skip
    await site.pool.execute("INSERT INTO incident_alerts VALUES ($1, $2, $3, $4)", incident, alert, site.chain, site.store)
    await (await follower(pool)).look()
    assert {row["visit_id"] for row in await site.pool.fetch("SELECT visit_id FROM visit_sightings")} == {kept, fresh}
    await site.pool.execute("UPDATE incidents SET state = 'closed', conclusion = 'c' WHERE id = $1", incident)
    await (await follower(pool)).look()
    assert {row["visit_id"] for row in await site.pool.fetch("SELECT visit_id FROM visit_sightings")} == {fresh}
