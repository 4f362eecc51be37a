"""Random people against random rows: by repositories and by raw SQL, over two reused connections, some cancelled half-way.

Not one row of a store outside the scope is seen or changed, whoever used the connection before and however that ended.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cameras import repository as cameras
from app.kit.ids import new_id
from app.kit.postgres import TenantScope, connect_pool, tenant_transaction
from app.tenancy import repository as tenancy
from tests.integration.conftest import Database, run_sql

CHAINS, STORES = 3, 3
TABLES = ("cameras", "zones", "rules", "privacy_masks", "stores", "site_policies", "regions", "users", "memberships", "api_keys")
OF_A_CHAIN = {"regions", "users", "memberships", "api_keys"}
WORLD = [(new_id(), [new_id() for _ in range(STORES)]) for _ in range(CHAINS)]

Person = tuple[int, frozenset[tuple[int, int]] | None, str, str]
"""(chain, None or stores of whatever chain, what is done, table)."""

people = st.tuples(
    st.integers(0, CHAINS - 1),
    st.one_of(st.none(), st.frozensets(st.tuples(st.integers(0, CHAINS - 1), st.integers(0, STORES - 1)), max_size=4)),
    st.sampled_from(["read", "repositories", "write", "fail", "cancel"]),
    st.sampled_from(TABLES),
)


def rows() -> str:
    """SQL that fills every table for every chain and store."""
    said = []
    for chain, stores in WORLD:
        user = new_id()
        said.append(f"INSERT INTO chains (id, name) VALUES ('{chain}', 'c')")
        said.append(f"INSERT INTO regions (id, chain_id, name) VALUES ('{new_id()}', '{chain}', 'r')")
        said.append(f"INSERT INTO users (id, chain_id, username, password_hash) VALUES ('{user}', '{chain}', '{user}', '')")
        said.append(f"INSERT INTO memberships (id, chain_id, user_id, role) VALUES ('{new_id()}', '{chain}', '{user}', 'viewer')")
        key = f"'{new_id()}', '{chain}', 'k', sha256('{new_id()}'), '{{}}'"
        said.append(f"INSERT INTO api_keys (id, chain_id, name, key_hash, permissions) VALUES ({key})")
        for store in stores:
            camera, place = new_id(), f"'{chain}', '{store}'"
            polygon = "'[[0,0],[1,0],[1,1]]'"
            said.append(f"INSERT INTO stores (chain_id, id, name) VALUES ({place}, 's')")
            said.append(f"INSERT INTO site_policies (chain_id, store_id, revision) VALUES ({place}, 1)")
            said.append(f"INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ('{camera}', {place}, 'n', 'rtsp://x')")
            said.append(
                "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon)"
                f" VALUES ('{new_id()}', {place}, '{camera}', 'z', 'area', {polygon})"
            )
            said.append(
                "INSERT INTO privacy_masks (id, chain_id, store_id, camera_id, name, polygon)"
                f" VALUES ('{new_id()}', {place}, '{camera}', 'm', {polygon})"
            )
            said.append(f"INSERT INTO rules (id, chain_id, store_id, kind) VALUES ('{new_id()}', {place}, 'loitering')")
    return ";".join(said)


@pytest.fixture
async def app(database: Database) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:
    await asyncio.to_thread(run_sql, database.url("owner"), rows())
    pool = await connect_pool(database.url("app"), role="test", smallest=2, largest=2)
    yield pool
    await pool.close()


def allowed(chain: int, stores: frozenset[tuple[int, int]] | None) -> set[uuid.UUID]:
    """The stores that this scope may see at most."""
    named = range(STORES) if stores is None else {store for owner, store in stores if owner == chain}
    return {WORLD[chain][1][store] for store in named}


async def act(
    pool: "asyncpg.Pool[asyncpg.Record]", chain: int, stores: frozenset[tuple[int, int]] | None, what: str, table: str
) -> None:
    """One transaction of one person; AssertionError for a leak."""
    mine = allowed(chain, stores)
    named = None if stores is None else frozenset(WORLD[owner][1][store] for owner, store in stores)
    async with tenant_transaction(pool, TenantScope(WORLD[chain][0], named, new_id())) as connection:
        if what == "repositories":
            assert {store.id for store in await tenancy.list_stores(connection, None, 100)} == mine
            assert {camera.store_id for camera in await cameras.list_cameras(connection, None, None, 100)} == mine
        elif what == "write" and table in ("cameras", "zones", "rules"):
            changed = await connection.fetch(f"UPDATE {table} SET store_id = store_id RETURNING store_id")
            assert {row["store_id"] for row in changed} == mine
        else:
            place = "chain_id" if table in OF_A_CHAIN else "id" if table == "stores" else "store_id"
            found = {row[0] for row in await connection.fetch(f"SELECT {place} FROM {table}")}
            assert found == ({WORLD[chain][0]} if table in OF_A_CHAIN else mine)
        if what == "cancel":
            await connection.execute("SELECT pg_sleep(30)")
        if what == "fail":
            await connection.execute("SELECT 1 / 0")


async def disturb(pool: "asyncpg.Pool[asyncpg.Record]", person: Person) -> bool:
    """`act`, ended from outside or by an error where that is what is wanted. False for whom a busy database turned away."""
    try:
        await _disturb(pool, person)
    except TimeoutError:
        return False
    return True


async def _disturb(pool: "asyncpg.Pool[asyncpg.Record]", person: Person) -> None:
    doing = asyncio.create_task(act(pool, *person))
    if person[2] == "cancel":
        await asyncio.sleep(0.02)
        doing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await doing
    elif person[2] == "fail":
        with pytest.raises(asyncpg.DivisionByZeroError):
            await doing
    else:
        await doing


async def test_nobody_sees_or_changes_a_row_outside_the_scope(app: "asyncpg.Pool[asyncpg.Record]") -> None:
    loop, came, turned_away = asyncio.get_running_loop(), 0, 0

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(people, min_size=2, max_size=5))
    def run(several: list[Person]) -> None:
        asyncio.run_coroutine_threadsafe(_all(several), loop).result(180)

    async def _all(several: list[Person]) -> None:
        nonlocal came, turned_away
        served = await asyncio.gather(*(disturb(app, person) for person in several))
        came, turned_away = came + len(served), turned_away + served.count(False)
        for table in TABLES:  # whoever was there before: without a scope there is nothing
            assert await app.fetchval(f"SELECT count(*) FROM {table}", timeout=60) == 0

    await asyncio.to_thread(run)
    assert turned_away * 4 < came
