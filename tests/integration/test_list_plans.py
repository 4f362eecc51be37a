"""Lists read indexes in their order, for one store and for a whole chain, however much there is; old tracks go by whole days."""

import json
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from app.alerts import repository as alerts
from app.alerts.repository import AlertFilter
from app.dashboard.detections import repository as detections
from app.dashboard.detections.repository import TrackletFilter
from app.evidence import repository as evidence
from app.evidence import tracks
from app.evidence.retention_repository import MOST_STRAYS, drop_detections
from app.incidents import repository as incidents
from app.kit.clock import now
from app.kit.postgres import Pool, TenantScope, connect_pool, tenant_transaction
from benchmarks.filling import Filled, fill
from tests.integration.conftest import Database

LIMIT = 50
ORDERED = "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
"""A table that was just analysed and is small would be read whole; the question is whether an index has the order."""


@pytest.fixture
async def filled(database: Database) -> Filled:
    admin = await asyncpg.connect(database.url("admin"))
    chain = uuid.uuid4()
    await admin.execute("INSERT INTO chains (id, name) VALUES ($1, 'One')", chain)
    for name in ("A", "B"):
        await admin.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, $3)", uuid.uuid4(), chain, name)
    await admin.close()
    return await fill(database.url("admin"), 4000, 9000, cameras=4)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator["Pool[asyncpg.Record]"]:
    made = await connect_pool(database.url("app"), role="test", largest=1)
    yield made
    await made.close()


class Explains:
    """A connection that tells how it would read."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.nodes: list[dict[str, Any]] = []

    async def fetch(self, query: str, *values: object) -> list[Any]:
        found = await self._connection.fetchval(f"EXPLAIN (FORMAT JSON) {query}", *values)
        waiting = [json.loads(found)[0]["Plan"]]
        while waiting:
            self.nodes.append(waiting.pop())
            waiting += self.nodes[-1].get("Plans", [])
        return []

    def read_whole(self, table: str) -> list[str]:
        """What is read from end to end, or sorted anew."""
        whole = [node["Relation Name"] for node in self.nodes if node["Node Type"] == "Seq Scan"]
        return [each for each in whole if each.startswith(table)] + [
            node["Node Type"] for node in self.nodes if node["Node Type"] == "Sort"
        ]


async def test_lists_read_indexes_in_their_order(filled: Filled, pool: "Pool[asyncpg.Record]") -> None:
    before = (now() - timedelta(days=15), uuid.uuid4())
    for scope in (filled.scope, TenantScope(filled.chain, frozenset({filled.store}))):
        for store, after in ((None, None), (filled.store, None), (None, before), (filled.store, before)):
            asked = AlertFilter(store_id=store)
            lists = {
                "alerts": lambda c, a=asked, b=after: alerts.list_alerts(c, a, b, LIMIT),
                "incidents": lambda c, s=store, b=after: incidents.list_incidents(c, s, [], b, LIMIT),
                "evidence": lambda c, s=store, b=after: evidence.list_evidence(c, s, None, b, LIMIT),
                "ai_detections": lambda c, s=store, b=after: detections.list_tracklets(c, TrackletFilter(s), b, LIMIT),
            }
            for table, read in lists.items():
                async with tenant_transaction(pool, scope) as connection:
                    await connection.execute(ORDERED)
                    explains = Explains(connection)
                    await read(explains)
                assert any(table in str(node.get("Relation Name")) for node in explains.nodes), table
                assert explains.read_whole(table) == [], (table, scope, store, after)


async def test_old_tracks_go_by_whole_days_and_nobody_else_may_drop_them(database: Database, filled: Filled) -> None:
    admin = await asyncpg.connect(database.url("admin"))
    stray = (
        "INSERT INTO ai_detections SELECT gen_random_uuid(), chain_id, store_id, camera_id, epoch, number,"
        " now() - interval '100 days', ended_at, frames, mean_score, width, height, boxes"
        " FROM (SELECT * FROM ai_detections LIMIT 1) one, generate_series(1, $1::integer) AS number"
    )
    days = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'ai_detections'::regclass"
    count, had = await admin.fetchval("SELECT count(*) FROM ai_detections"), await admin.fetchval(days)
    held = await connect_pool(database.url("retention"), role="test", largest=1)
    await admin.execute(stray, MOST_STRAYS + 5)  # of a day that has no partition
    assert await drop_detections(held, 90) == (0, MOST_STRAYS), "some at a time: nobody waits for a delete of millions"
    assert await tracks.drop_old(held, 90) == 0
    assert await admin.fetchval("SELECT count(*) FROM ai_detections") == count, "older than their horizon, wherever they lay"
    async with admin.transaction():
        await admin.fetch("SELECT FROM ai_detections LIMIT 1")  # somebody reads: it waits for the next run
        assert await tracks.drop_old(held, 10) == 0
    dropped = await tracks.drop_old(held, 10)
    assert dropped > 15
    assert await admin.fetchval(days) == had - dropped
    assert await admin.fetchval("SELECT min(started_at) > now() - interval '11 days' FROM ai_detections")
    assert await admin.fetchval("SELECT count(*) FROM ai_detections") > 2500
    for wrong in (0, 3651):
        with pytest.raises(asyncpg.RaiseError):
            await tracks.drop_old(held, wrong)
    await held.close()
    for role in ("app", "pipeline", "dispatcher", "sealer"):
        other = await asyncpg.connect(database.url(role))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await other.fetch("SELECT * FROM drop_detection_partitions(1)")
        await other.close()
    await admin.close()
    assert filled.chain


async def test_tracks_that_take_too_long_to_drop_keep_no_recording(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([(31, MOST_STRAYS), (2, MOST_STRAYS)])

    async def drop(_pool: object, _days: int) -> tuple[int, int]:
        for each in answers:
            return each
        raise TimeoutError

    monkeypatch.setattr(tracks, "drop_detections", drop)
    assert await tracks.drop_old(None, 90) == 33  # type: ignore[arg-type]
