"""Real PostgreSQL and Valkey for the pipeline's tests, a chain with cameras, and the pipeline as a process."""

import asyncio
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import redis.asyncio

from app.contracts.tracked import frames_stream, health_stream, tracklets_stream
from app.contracts.wire import FIELD, encode
from app.kit.clock import now_us
from app.kit.ids import new_id, shard_of
from app.kit.postgres import connect_pool
from app.settings import Settings
from benchmarks.own_servers import OwnServers, own_servers
from tests.builders import Someone, make_tracked_frame
from tests.integration.pipeline.collector import receiver  # noqa: F401 - a fixture

CHECKOUT = Path(__file__).resolve().parents[3]
FAST_RULE = {"zone_dwell_s": 2.0, "spot_dwell_s": 2.0, "report_every_s": 1.0}
"""Two seconds instead of a minute, so that the tests do not wait."""


@dataclass
class Role:
    """A role of the product as a process of its own."""

    name: str
    env: dict[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> "Role":
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.pipeline.one_role", self.name],
                cwd=CHECKOUT, env={**os.environ, **self.env}, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        return self

    def signal(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(timeout=10)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        assert self.process is not None
        return self.process.wait(timeout=10)


@dataclass
class Site:
    """A chain, a store and cameras in a clean database, with clean Redis servers, and what tests do to them."""

    servers: OwnServers
    pool: "asyncpg.Pool[asyncpg.Record]"
    bus: redis.asyncio.Redis
    memory: redis.asyncio.Redis
    home: Path
    chain: uuid.UUID
    store: uuid.UUID
    camera: uuid.UUID
    roles: list[Role] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        return {
            "REDIS_URL": self.servers.bus.url,
            "MEMORY_REDIS_URL": self.servers.memory.url,
            "PENNYPROTECT_HOME": str(self.home),
        }

    def settings(self, role: str = "pipeline") -> Settings:
        return Settings(
            DATABASE_URL=self.servers.postgres.url(f"pennyprotect_{role}"), REDIS_URL=self.servers.bus.url,
            MEMORY_REDIS_URL=self.servers.memory.url, PENNYPROTECT_HOME=self.home, _env_file=None,
        )  # fmt: skip

    def role(self, name: str, more: dict[str, str] | None = None) -> Role:
        url = {"DATABASE_URL": self.servers.postgres.url(f"pennyprotect_{name}")}
        role = Role(name, self.env | url | (more or {}), self.home / f"{name}-{len(self.roles)}.log")
        self.roles.append(role)
        return role.start()

    async def add_camera(self, store: uuid.UUID | None = None) -> uuid.UUID:
        camera = new_id()
        await self.pool.execute(
            "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'Aisle', 'rtsp://127.0.0.1/x')",
            camera, self.chain, store or self.store,
        )  # fmt: skip
        return camera

    async def add_zone(self, polygon: list[list[float]], kind: str = "loitering") -> uuid.UUID:
        zone = new_id()
        await self.pool.execute(
            "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon) VALUES ($1, $2, $3, $4, 'Z', $5, $6)",
            zone, self.chain, self.store, self.camera, kind, polygon,
        )  # fmt: skip
        return zone

    async def set_rule(self, parameters: dict[str, Any], enabled: bool = True) -> None:
        await self.pool.execute(
            "INSERT INTO rules (id, chain_id, store_id, kind, parameters, enabled) VALUES ($1, $2, $3, 'loitering', $4, $5)"
            " ON CONFLICT (store_id, camera_id, zone_id, kind) DO UPDATE SET parameters = excluded.parameters,"
            " enabled = excluded.enabled",
            new_id(), self.chain, self.store, parameters, enabled,
        )  # fmt: skip

    async def send(self, message: Any) -> None:
        streams = {"TrackedFrame": frames_stream, "TrackletClosed": tracklets_stream, "CameraHealth": health_stream}
        name = type(message).__name__
        client = self.memory if name == "TrackedFrame" else self.bus
        await client.xadd(streams[name](shard_of(message.camera_id)), {FIELD: encode(message)})

    async def raw(self, stream: str, payload: bytes, *, bus: bool = False) -> None:
        await (self.bus if bus else self.memory).xadd(stream, {FIELD: payload})

    async def until(self, condition: Callable[[], Awaitable[Any]], limit_s: float = 40.0) -> Any:
        """Poll until the condition's value is true; the value."""
        end = time.monotonic() + limit_s
        while True:
            try:
                value = await condition()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, redis.RedisError):
                value = None
            if value:
                return value
            if time.monotonic() > end:
                logs = "\n".join(role.log.read_text()[-3000:] for role in self.roles)
                raise AssertionError(f"not within {limit_s} s; logs:\n{logs}")
            await asyncio.sleep(0.05)

    async def alerts(self) -> list[Any]:
        return list(await self.pool.fetch("SELECT * FROM alerts ORDER BY raised_at"))

    async def owners(self) -> dict[int, Any]:
        rows = await self.pool.fetch("SELECT shard, owner FROM shard_leases WHERE owner IS NOT NULL AND expires_at > now()")
        return {row["shard"]: row["owner"] for row in rows}

    async def held(self) -> bool:
        """All shards have a live owner."""
        return len(await self.owners()) == 64


class Actor:
    """Sends frames of people standing, in real time, as a worker does, until stopped."""

    def __init__(self, site: Site, people: list[Someone], *, epoch: int = 1, fps: float = 10.0) -> None:
        self.site, self.people, self.epoch, self.fps = site, people, epoch, fps
        self.sequence = 0
        self.task: asyncio.Task[None] | None = None
        self.over = False

    async def __aenter__(self) -> "Actor":
        self.task = asyncio.create_task(self._play())
        return self

    async def __aexit__(self, *_error: object) -> None:
        assert self.task is not None
        self.over = True  # a cancellation may be lost: it can become an error of the client's on its way out
        await asyncio.wait_for(self.task, 10)

    async def _play(self) -> None:
        while not self.over:
            frame = make_tracked_frame(
                self.people, camera=self.site.camera, epoch=self.epoch, sequence=self.sequence, start_us=now_us()
            )
            self.sequence += 1
            try:
                await self.site.send(frame)
            except (redis.RedisError, OSError):
                await asyncio.sleep(0.2)
            await asyncio.sleep(1 / self.fps)


TABLES = ("chains", "users", "alerts", "outbox", "ai_detections", "stream_sessions", "camera_status", "checkpoints", "pipelines")


async def _empty(pool: "asyncpg.Pool[asyncpg.Record]") -> None:
    """Take every row out of these tables and of all that refer to them.

    What TRUNCATE CASCADE does, without new files for eighty tables, which take twenty times as long.
    """
    referring = (
        "WITH RECURSIVE found(id) AS (SELECT unnest($1::text[])::regclass::oid UNION"
        " SELECT conrelid FROM pg_constraint JOIN found ON confrelid = id WHERE contype = 'f')"
        " SELECT id::regclass::text FROM found"
    )
    names = [row[0] for row in await pool.fetch(referring, TABLES)]
    assert {"stores", "cameras", "zones", "rules"} < set(names)
    async with pool.acquire() as connection, connection.transaction():
        # Neither foreign keys nor triggers that keep rows.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("; ".join(f"DELETE FROM {name}" for name in names))


@pytest.fixture(scope="session")
def pipeline_servers() -> Iterator[OwnServers]:
    with own_servers(synced=False) as started:
        yield started


@asynccontextmanager
async def opened_site(servers: OwnServers, home: Path) -> AsyncIterator[Site]:
    """Emptied servers with one chain, store and camera; roles that the test started are killed afterwards."""
    pool = await connect_pool(servers.postgres.url("admin"), role="test", smallest=1, largest=3)
    bus, memory = redis.asyncio.Redis.from_url(servers.bus.url), redis.asyncio.Redis.from_url(servers.memory.url)
    await bus.flushall()
    await memory.flushall()
    await _empty(pool)
    await pool.execute("ALTER TABLE zones ENABLE TRIGGER zones_bump")  # a test that was cut off may have left it off
    await pool.execute("UPDATE shard_leases SET owner = NULL, expires_at = '-infinity'")
    made = Site(servers, pool, bus, memory, home, new_id(), new_id(), uuid.UUID(int=0))
    await pool.execute("INSERT INTO chains (id, name) VALUES ($1, 'Chain')", made.chain)
    await pool.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Store')", made.store, made.chain)
    made.camera = await made.add_camera()
    await made.set_rule(FAST_RULE)
    yield made
    for role in made.roles:
        if role.process is not None and role.process.poll() is None:
            role.kill()
    await bus.aclose()
    await memory.aclose()
    pool.terminate()


@pytest.fixture
async def site(pipeline_servers: OwnServers, tmp_path: Path) -> AsyncIterator[Site]:
    """A site on this process's servers."""
    async with opened_site(pipeline_servers, tmp_path) as made:
        yield made
