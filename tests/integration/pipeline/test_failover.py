"""PostgreSQL's primary dies in the middle of work and a standby is promoted: no alert is lost, doubled or told twice."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
import redis.asyncio

from app.contracts.live import store_stream
from app.contracts.wire import FIELD
from benchmarks.alert_delay import start_dispatcher
from benchmarks.own_servers import OwnPostgres, OwnServers
from benchmarks.pipeline import CHECKOUT, Backlog, _newest, _prepare, _set_rules, _start_pipeline, _taken, shard_of

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(600)]
PATIENCE_S = 120.0


class Pair(OwnServers):
    """Servers whose PostgreSQL has a standby that every commit waits for; addresses name both, for the one that writes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.standby = OwnPostgres(folder / "standby")
        single = self.postgres.url
        places = f"{self.postgres.sockets},{self.standby.sockets}"

        def either(role: str, database: str = "pennyprotect") -> str:
            alone = single(role, database)
            return (
                alone.replace(f"host={self.postgres.sockets}", f"host={places}&target_session_attrs=primary")
                if self.paired
                else alone
            )

        self.paired = False
        self.postgres.url = either  # type: ignore[method-assign]

    def pair(self) -> None:
        """Copy the primary, follow it, and let it wait for the copy from now on."""
        first, second = self.postgres, self.standby
        second.folder.mkdir(parents=True)
        if second.user:
            shutil.chown(second.folder, second.user)
        second.folder.chmod(0o755)
        self._run(
            first, "pg_basebackup", "-h", first.sockets, "-U", "admin", "-D", second.data, "-R", "-X", "stream", "-c", "fast"
        )
        second.start()
        asyncio.run(self._wait_for_each_commit())
        self.paired = True

    async def _wait_for_each_commit(self) -> None:
        admin = await asyncpg.connect(self.postgres.url("admin"), timeout=10)
        await admin.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")
        await admin.execute("SELECT pg_reload_conf()")
        end = time.monotonic() + 60
        while not await admin.fetchval("SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"):
            assert time.monotonic() < end, "the standby does not follow"
            await asyncio.sleep(0.1)
        await admin.close()

    def fail_over(self) -> None:
        """The primary dies; the standby is promoted, and waits for nobody."""
        self.postgres.kill()
        (self.standby.data / "postgresql.auto.conf").open("a").write("\nsynchronous_standby_names = ''\n")
        self._run(self.standby, "pg_ctl", "promote", "-w", "-t", "60", "-D", self.standby.data)
        self._run(self.standby, "pg_ctl", "reload", "-D", self.standby.data)

    def _run(self, server: OwnPostgres, program: str, *words: Any) -> None:
        done = subprocess.run(
            [server.bin / program, *words], user=server.user, cwd="/", capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def pair() -> Iterator[Pair]:
    folder = Path(tempfile.mkdtemp(prefix="penny-"))
    folder.chmod(0o755)
    made = Pair(folder)
    try:
        made.bus.start()
        made.memory.start()
        made.postgres.create()
        made.pair()
        yield made
    finally:
        for server in (made.postgres, made.standby, made.bus, made.memory):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


async def alerts_of(servers: Pair) -> dict[str, int]:
    admin = await asyncpg.connect(servers.postgres.url("admin"), timeout=10)
    found = {str(row["id"]): row["revision"] for row in await admin.fetch("SELECT id, revision FROM alerts")}
    await admin.close()
    return found


async def eventually(true: Any, what: str) -> None:
    end = time.monotonic() + PATIENCE_S
    while not await true():
        assert time.monotonic() < end, what
        await asyncio.sleep(0.2)


async def test_no_alert_is_lost_doubled_or_told_twice_when_a_standby_takes_over(pair: Pair, tmp_path: Path) -> None:
    cameras = await _prepare(pair)
    admin = await asyncpg.connect(pair.postgres.url("admin"), timeout=10)
    store = await admin.fetchval("SELECT id FROM stores")
    pipeline = _start_pipeline(pair, tmp_path)
    env = {**os.environ, "PENNYPROTECT_HOME": str(tmp_path), "REDIS_URL": pair.bus.url, "MEMORY_REDIS_URL": pair.memory.url}
    dispatcher = start_dispatcher(env | {"DATABASE_URL": pair.postgres.url("pennyprotect_dispatcher")}, CHECKOUT)
    memory: redis.asyncio.Redis = redis.asyncio.Redis.from_url(pair.memory.url)
    bus: redis.asyncio.Redis = redis.asyncio.Redis.from_url(pair.bus.url)
    try:
        await _set_rules(admin, "loitering")
        backlog, shards = Backlog(cameras), sorted({shard_of(camera) for camera in cameras})
        await backlog.add(memory, 12_000)

        async def alerted() -> bool:
            return len(await alerts_of(pair)) >= 8

        await eventually(alerted, "no alert came")
        before = await alerts_of(pair)
        await backlog.add(memory, 4_000)
        await asyncio.to_thread(pair.fail_over)
        await backlog.add(memory, 2_000)
        newest = await _newest(memory, shards)
        admin = await asyncpg.connect(pair.postgres.url("admin"), timeout=10)

        async def all_taken() -> bool:
            return await _taken(admin) == newest

        await eventually(all_taken, "the pipeline does not go on with the standby")
        after = await alerts_of(pair)
        assert before.keys() <= after.keys(), "an alert that was there is gone"
        assert all(after[each] >= revision for each, revision in before.items())
        same = "SELECT count(*) FROM alerts GROUP BY camera_id, kind, zone_id, started_at HAVING count(*) > 1"
        assert await admin.fetch(same) == []

        async def all_told() -> bool:
            told = [msgspec.json.decode(fields[FIELD]) for _, fields in await bus.xrange(store_stream(store))]
            raised = [each["alert"]["id"] for each in told if each["type"] == "alert-raised"]
            assert len(raised) == len(set(raised)), "an alert was told twice"
            return set(raised) == after.keys()

        await eventually(all_told, "an alert was not told")
        assert pipeline.poll() is None
        assert dispatcher.poll() is None
    finally:
        for process in (pipeline, dispatcher):
            process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
            process.kill()
        await memory.aclose()
        await bus.aclose()
