"""The escalating loop at a real database: due once, moved once, whoever races, dies or turns the clock."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from app.pipeline import escalator as loop
from app.pipeline.escalator import Escalator
from tests.integration.pipeline.conftest import Site


@pytest.fixture
async def pool(site: Site) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    await site.pool.execute("UPDATE escalation_lease SET owner = NULL")
    made = await connect_pool(site.servers.postgres.url("pennyprotect_dispatcher"), role="test", largest=6)
    yield made
    await made.close()


async def add_alert(site: Site, waited_s: float = 0, **columns: Any) -> uuid.UUID:
    alert = new_id()
    await site.pool.execute(
        "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids, epoch,"
        " started_at, ended_at, waiting_since) VALUES ($1, $2, $3, $4, 'falling', 'high', 1, 0.5, '{}', '{7}', 1, now(), now(),"
        " now() - make_interval(secs => $5))",
        alert, site.chain, site.store, site.camera, waited_s,
    )  # fmt: skip
    for name, value in columns.items():
        await site.pool.execute(f"UPDATE alerts SET {name} = $2 WHERE id = $1", alert, value)
    return alert


async def add_duty(site: Site, region: uuid.UUID | None = None, after_s: int = 60) -> uuid.UUID:
    user = new_id()
    await site.pool.execute(
        "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1::uuid, $2, 'u-' || $1::text, '')", user, site.chain
    )
    await site.pool.execute(
        "INSERT INTO rota_entries (id, chain_id, region_id, user_id, days, starts, ends, timezone, after_s, lowest_threat)"
        " VALUES ($1, $2, $3, $4, '{1,2,3,4,5,6,7}', '00:00', '00:00', 'UTC', $5, 'low')",
        new_id(), site.chain, region, user, after_s,
    )  # fmt: skip
    return user


async def add_region(site: Site) -> uuid.UUID:
    region = new_id()
    await site.pool.execute("INSERT INTO regions (id, chain_id, name) VALUES ($1, $2, 'North')", region, site.chain)
    await site.pool.execute("UPDATE stores SET region_id = $1 WHERE id = $2", region, site.store)
    return region


async def row(site: Site, alert: uuid.UUID) -> asyncpg.Record:
    return await site.pool.fetchrow("SELECT * FROM alerts WHERE id = $1", alert)


async def test_it_climbs_by_the_rota_tells_viewers_and_leaves_audit_rows(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    area, centre = await add_duty(site, await add_region(site)), await add_duty(site, after_s=120)
    alert, fresh = await add_alert(site, 70), await add_alert(site)
    escalator = Escalator(pool)
    assert await escalator.advance() == 1
    at = (await row(site, alert))["waiting_since"]
    assert (await row(site, alert))["escalated_to"] == [area]
    assert await escalator.advance(at + timedelta(seconds=119)) == 1  # the fresh one reaches the area meanwhile
    assert await escalator.advance(at + timedelta(seconds=120)) == 1
    found = await row(site, alert)
    assert (found["state"], found["escalation_level"], found["escalated_to"]) == ("escalated", "operations-centre", [centre])
    assert (await row(site, fresh))["escalation_level"] == "area"
    told = await site.pool.fetch("SELECT payload FROM outbox WHERE payload->'alert'->>'id' = $1 ORDER BY id", str(alert))
    assert [each["payload"]["alert"]["escalation_level"] for each in told] == ["area", "operations-centre"]
    acts = await site.pool.fetch("SELECT act, actor_kind FROM audit_unsealed WHERE subject_id = $1", alert)
    assert [tuple(each) for each in acts] == [("alert-escalated", "system")] * 2


async def test_many_loops_at_once_move_each_alert_once(site: Site, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    await add_duty(site)
    alerts = [await add_alert(site, 100) for _ in range(20)]
    taken = await asyncio.gather(*(Escalator(pool).advance() for _ in range(6)))
    assert sum(taken) == len(alerts)
    acts = await site.pool.fetchval(
        "SELECT count(*) FROM audit_unsealed WHERE act = 'alert-escalated' AND subject_id = ANY ($1)", alerts
    )
    assert acts == len(alerts)


async def test_a_crash_in_the_middle_leaves_nothing_and_the_next_loop_does_it_once(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_duty(site)
    alerts = [await add_alert(site, 100) for _ in range(3)]
    whole = loop.take_step
    steps = 0

    async def dies(*given: Any) -> bool:
        nonlocal steps
        steps += 1
        if steps == 3:
            raise ConnectionResetError("killed")
        return await whole(*given)

    monkeypatch.setattr(loop, "take_step", dies)
    with pytest.raises(ConnectionResetError):
        await Escalator(pool).advance()
    assert await site.pool.fetchval("SELECT count(*) FROM outbox") == 0
    monkeypatch.setattr(loop, "take_step", whole)
    assert await Escalator(pool).advance() == len(alerts)
    assert await site.pool.fetchval("SELECT count(*) FROM outbox") == len(alerts)


async def test_what_somebody_did_meanwhile_is_left_alone(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]", monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_duty(site)
    alert = await add_alert(site, 100)
    whole = loop.take_step

    async def late(*given: Any) -> bool:
        await site.pool.execute("UPDATE alerts SET state = 'claimed', revision = revision + 1 WHERE id = $1", alert)
        return await whole(*given)

    monkeypatch.setattr(loop, "take_step", late)
    assert await Escalator(pool).advance() == 0
    assert (await row(site, alert))["state"] == "claimed"
    assert await site.pool.fetchval("SELECT count(*) FROM outbox") == 0


async def test_a_clock_that_jumps_moves_each_alert_once_and_puts_none_to_sleep(
    site: Site, pool: "asyncpg.Pool[asyncpg.Record]"
) -> None:
    await add_duty(site, await add_region(site))
    await add_duty(site)
    alert = await add_alert(site)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    escalator = Escalator(pool)
    assert [await escalator.advance(tomorrow) for _ in range(3)] == [1, 0, 0]
    assert (await row(site, alert))["escalation_level"] == "area"
    assert await escalator.advance() == 1  # the clock is right again: the waiting starts anew, nothing is escalated
    found = await row(site, alert)
    assert found["escalation_level"] == "area"
    assert found["waiting_since"] < tomorrow - timedelta(hours=23)
    assert await escalator.advance(found["waiting_since"] + timedelta(seconds=61)) == 1
    assert (await row(site, alert))["escalation_level"] == "operations-centre"


async def test_a_snooze_ends_by_itself_while_the_role_runs(site: Site) -> None:
    until = datetime.now(UTC) + timedelta(seconds=1)
    alert = await add_alert(site, snoozed_until=until, waiting_since=None, state="snoozed")
    await site.pool.execute("UPDATE escalation_lease SET owner = NULL")
    site.role("dispatcher")

    async def woken() -> bool:
        return bool((await row(site, alert))["state"] == "raised")

    assert not await woken()
    await site.until(woken)
    assert (await row(site, alert))["waiting_since"] >= until
