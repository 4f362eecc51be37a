"""The database fails over to its standby during an occurrence: one alert, told once, and everything goes on."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from benchmarks.own_servers import OwnServers
from tests.integration.pipeline.conftest import Actor, Site, opened_site
from tests.integration.pipeline.standby import OwnPair
from tests.integration.pipeline.test_crashes import STANDS, one_alert_followed
from tests.integration.pipeline.test_dispatcher import emptied, sent

pytestmark = pytest.mark.matrix


@pytest.fixture
def pair() -> Iterator[OwnServers]:
    folder = Path(tempfile.mkdtemp(prefix="penny-"))  # not pytest's, through which PostgreSQL's own user cannot come
    folder.chmod(0o755)
    servers, postgres = OwnServers(folder, synced=False), OwnPair(folder)
    servers.postgres = postgres
    try:
        servers.bus.start()
        servers.memory.start()
        postgres.create()
        postgres.stand_by()
        yield servers
    finally:
        postgres.stop()
        servers.bus.stop()
        servers.memory.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
async def site(pair: OwnServers, tmp_path: Path) -> AsyncIterator[Site]:
    async with opened_site(pair, tmp_path) as made:
        yield made


async def fail_over(site: Site, postgres: OwnPair) -> None:
    await asyncio.to_thread(postgres.kill)
    await asyncio.sleep(1)
    await postgres.promote()


@pytest.mark.parametrize("after_s", [0.7, 3.5])
async def test_a_database_that_fails_over_before_or_after_the_alert(site: Site, after_s: float) -> None:
    postgres = site.servers.postgres
    assert isinstance(postgres, OwnPair)
    await postgres.wait_for_standby()
    await site.until(postgres.in_step)
    for role in ("pipeline", "dispatcher"):
        site.role(role)
    await site.until(site.held, 90)
    async with Actor(site, STANDS):
        await asyncio.sleep(after_s)
        seen = [alert["id"] for alert in await site.alerts()]
        await fail_over(site, postgres)
        await one_alert_followed(site)
    await site.until(lambda: emptied(site))
    (alert,) = await site.alerts()
    told = [message for message in await sent(site) if message["type"] == "alert-raised"]
    assert [message["alert"]["id"] for message in told] == [str(alert["id"])]
    assert seen in ([], [alert["id"]]), "what was committed before is there"
    assert await site.pool.fetchval("SELECT pg_is_in_recovery()") is False
    assert await site.pool.fetchval("SELECT setting FROM pg_settings WHERE name = 'data_directory'") == str(postgres.standby.data)
