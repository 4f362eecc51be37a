"""`make demo`: a labelled store with its switches on, on loopback only, in a state folder of its own, off everywhere else."""

import base64
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from app.first_run import first_run
from app.kit.errors import SetupError
from app.kit.postgres import connect_pool
from app.main import create_app
from app.settings import Settings
from app.tenancy.policy.enforcer import enforce
from app.tenancy.policy.packs import current_pack
from tests.contract.openapi_document import app_settings
from tests.integration.conftest import Database


def demo_settings(home: Path, **changes: Any) -> Settings:
    clip = home / "clip.mp4"
    clip.write_bytes(b"")
    given = {
        "PENNYPROTECT_HOME": home,
        "CAMERAS": str(clip),
        "JWT_SECRET": "j" * 40,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": "worker-key-of-these-tests",
        "PENNYPROTECT_DEMO": "1",
    }
    return Settings(_env_file=None, **given | changes)


async def rows(database: Database, query: str) -> list[Any]:
    connection = await asyncpg.connect(database.url("owner"))
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()


async def test_the_demos_store_is_labelled_and_on_and_a_second_start_changes_nothing(database: Database, tmp_path: Path) -> None:
    for _ in range(2):
        await first_run(demo_settings(tmp_path), database.url("owner"))
    (store,) = await rows(database, "SELECT name, demo FROM stores")
    assert store["demo"] is True
    assert "Demonstration" in store["name"]
    policies = await rows(database, "SELECT face, gait, re_identification, cause FROM site_policies ORDER BY revision")
    assert [tuple(row) for row in policies] == [(False, False, False, "install"), (True, True, True, "demo")]


async def test_a_demo_shares_no_state_with_a_store(database: Database, tmp_path: Path) -> None:
    await first_run(demo_settings(tmp_path, PENNYPROTECT_DEMO="0"), database.url("owner"))
    with pytest.raises(SetupError, match="no demonstration"):
        await first_run(demo_settings(tmp_path), database.url("owner"))


async def test_a_demos_switches_go_off_where_it_may_not_run(database: Database, tmp_path: Path) -> None:
    await first_run(demo_settings(tmp_path), database.url("owner"))
    pool = await connect_pool(database.url("app"), role="test", largest=2)
    assert await enforce(pool, current_pack(), demo_allowed=True) == 0
    assert await enforce(pool, current_pack()) == 1
    assert await enforce(pool, current_pack()) == 0
    await pool.close()
    newest = await rows(database, "SELECT face, gait, cause FROM site_policies ORDER BY revision DESC LIMIT 1")
    assert tuple(newest[0]) == (False, False, "lapsed")


@pytest.mark.parametrize("host", ["10.0.0.4", "192.168.1.4", "::", "example.org"])
async def test_a_demo_is_refused_on_an_address_that_others_reach(database: Database, tmp_path: Path, host: str) -> None:
    with pytest.raises(SetupError, match="loopback"):
        create_app(app_settings(PENNYPROTECT_DEMO="1", PENNYPROTECT_HOST=host))
    with pytest.raises(SetupError, match="loopback"):
        await first_run(demo_settings(tmp_path, PENNYPROTECT_HOST=host), database.url("owner"))
    assert await rows(database, "SELECT FROM stores") == []
