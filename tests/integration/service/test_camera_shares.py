"""Workers share the cameras: evenly, within their capacities, with few moves and no to and fro."""

import itertools
import random
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from app.cameras.repository import lease_cameras
from app.kit.ids import new_id
from app.kit.postgres import connect_pool
from tests.integration.pipeline.conftest import Site, pipeline_servers, site  # noqa: F401 - fixtures

LEASE = timedelta(seconds=10)


class Fleet:
    """Workers that beat in turn; time passes by ageing the rows."""

    def __init__(self, site: Site, pool: "asyncpg.Pool[asyncpg.Record]") -> None:  # noqa: F811
        self.site, self.pool = site, pool
        self.capacity: dict[uuid.UUID, int] = {}
        self.held: dict[uuid.UUID, set[uuid.UUID]] = {}
        self.moves = 0

    def join(self, capacity: int = 16) -> uuid.UUID:
        worker = new_id()
        self.capacity[worker], self.held[worker] = capacity, set()
        return worker

    async def cameras(self, count: int) -> None:
        """One exists already."""
        for _ in range(count - 1):
            await self.site.add_camera()

    async def beat(self, worker: uuid.UUID) -> set[uuid.UUID]:
        rows = await lease_cameras(self.pool, worker, self.capacity[worker], LEASE)
        got = {row["camera_id"] for row in rows}
        self.moves += len(self.held[worker] - got)
        self.held[worker] = got
        return got

    async def round(self, seconds: float = 2.0) -> None:
        """Every worker beats once, then this much time passes."""
        for worker in list(self.capacity):
            await self.beat(worker)
        holders = [camera for held in self.held.values() for camera in held]
        assert len(holders) == len(set(holders)), "a camera has one worker"
        await self.pass_time(seconds)

    async def pass_time(self, seconds: float) -> None:
        for table, column in (("camera_leases", "expires_at"), ("camera_workers", "expires_at"), ("camera_workers", "since")):
            await self.site.pool.execute(f"UPDATE {table} SET {column} = {column} - $1::interval", timedelta(seconds=seconds))

    def leave(self, worker: uuid.UUID) -> None:
        del self.capacity[worker], self.held[worker]

    def counts(self) -> list[int]:
        return sorted(len(held) for held in self.held.values())


@pytest.fixture
async def fleet(site: Site) -> AsyncIterator[Fleet]:  # noqa: F811
    await site.pool.execute("TRUNCATE camera_leases, camera_workers")
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=2)
    yield Fleet(site, pool)
    await pool.close()


async def test_one_worker_takes_all_at_once_and_a_second_gets_half_after_a_lease(fleet: Fleet) -> None:
    await fleet.cameras(9)
    fleet.join()
    await fleet.round()
    assert fleet.counts() == [9]
    fleet.join()
    for _ in range(4):
        await fleet.round()
    assert fleet.counts() == [0, 9], "not before it has reported for a whole lease"
    for _ in range(3):
        await fleet.round()
    assert fleet.counts() == [4, 5]
    assert fleet.moves == 4
    for _ in range(10):
        await fleet.round()
    assert fleet.moves == 4, "nothing moves any more"


async def test_a_third_takes_from_both_and_who_leaves_is_replaced(fleet: Fleet) -> None:
    await fleet.cameras(10)
    for _ in range(3):
        fleet.join()
        for _ in range(8):
            await fleet.round()
    assert fleet.counts() == [3, 3, 4]
    assert fleet.moves == 5 + 3
    gone = next(iter(fleet.capacity))
    fleet.leave(gone)
    for _ in range(8):
        await fleet.round()
    assert fleet.counts() == [5, 5]
    assert fleet.moves == 8, "the orphans moved, nobody else's"


async def test_capacities_bound_the_shares(fleet: Fleet) -> None:
    await fleet.cameras(12)
    for capacity in (16, 2, 3):
        fleet.join(capacity)
        for _ in range(8):
            await fleet.round()
    assert fleet.counts() == [2, 3, 7]
    (big,) = (worker for worker, capacity in fleet.capacity.items() if capacity == 16)
    fleet.capacity[big] = 4  # its operator lowered it
    await fleet.round()
    assert fleet.counts() == [2, 3, 4]


async def test_a_worker_that_starts_over_and_over_draws_no_camera_away(fleet: Fleet) -> None:
    await fleet.cameras(6)
    fleet.join()
    await fleet.round()
    for _ in range(4):
        restless = fleet.join()
        for _ in range(3):
            await fleet.round()
        fleet.leave(restless)
    assert fleet.moves == 0


@pytest.mark.parametrize("seed", range(4))
async def test_any_coming_and_going_settles_evenly_and_then_rests(fleet: Fleet, seed: int) -> None:
    chance = random.Random(seed)
    await fleet.cameras(chance.randint(3, 14))
    total = await fleet.site.pool.fetchval("SELECT count(*) FROM cameras")
    fleet.join()
    for _ in range(6):
        if chance.random() < 0.6 or len(fleet.capacity) < 2:
            fleet.join(chance.choice([2, 5, 16]))
        else:
            fleet.leave(chance.choice(list(fleet.capacity)))
        for _ in range(chance.randint(1, 4)):
            await fleet.round()
    for _ in range(14):
        await fleet.round()
    held, moves = fleet.counts(), fleet.moves
    assert sum(held) == min(total, sum(fleet.capacity.values()))
    for a, b in itertools.permutations(fleet.capacity, 2):
        if len(fleet.held[a]) > len(fleet.held[b]) + 1:
            assert len(fleet.held[b]) == fleet.capacity[b], "only a full worker has two fewer than another"
    for _ in range(4):
        await fleet.round()
    assert fleet.moves == moves
