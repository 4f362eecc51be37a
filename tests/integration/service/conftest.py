"""The service as it runs, on a port of its own, with its own roles at real servers."""

import asyncio
import base64
import json
import socket
import uuid
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import argon2
import asyncpg
import pytest
import redis.asyncio
import structlog

from app.auth import passwords
from app.first_run import first_run
from app.main import run
from app.settings import Settings
from tests.integration.conftest import Database, Valkey

# Its default draws every frame's variables, for seconds, in the event loop that the service runs in.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)
WORKER_KEY = "worker-key-of-these-tests"


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@dataclass
class Product:
    """A running service and ways to talk to it and to its servers."""

    settings: Settings
    base: str
    session: aiohttp.ClientSession
    bus: "redis.asyncio.Redis"
    memory: "redis.asyncio.Redis"
    owner_url: str
    owner: "asyncpg.Pool[asyncpg.Record]"
    token: str = ""

    async def ask(self, method: str, path: str, body: Any = None, *, token: str | None = None, **more: Any) -> tuple[int, Any]:
        """(status, JSON or bytes); with the administrator's token unless another is given ("" for none)."""
        bearer = self.token if token is None else token
        headers = {**({"Authorization": f"Bearer {bearer}"} if bearer else {}), **more.pop("headers", {})}
        if body is not None:
            more["json"] = body
        async with self.session.request(method, self.base + path, headers=headers, **more) as answer:
            raw = await answer.read()
            return answer.status, json.loads(raw) if "json" in answer.headers.get("content-type", "") and raw else raw

    async def sign_in(self, username: str, password: str) -> tuple[int, Any]:
        form = {"grant_type": "password", "username": username, "password": password}
        return await self.ask("POST", "/api/v1/auth/token", token="", data=form)

    async def sql(self, query: str, *values: Any) -> list[Any]:
        return list(await self.owner.fetch(query, *values))

    async def store(self) -> str:
        return str((await self.ask("GET", "/api/v1/stores"))[1]["items"][0]["id"])

    async def camera(self, name: str = "Door") -> dict[str, Any]:
        body = {"store_id": await self.store(), "name": name, "url": "rtsp://user:hunter2@127.0.0.1:9/x"}
        status, made = await self.ask("POST", "/api/v1/cameras", body)
        assert status == 201, made
        return dict(made)

    async def alert(self, camera: dict[str, Any]) -> str:
        alert_id = uuid.uuid4()
        await self.sql(
            "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids,"
            " epoch, started_at, ended_at) SELECT $1, chain_id, store_id, id, 'loitering', 'medium', 1, 0.5, '{}',"
            " '{9223372036854775813}', 1, now(), now() FROM cameras WHERE id = $2",
            alert_id,
            uuid.UUID(camera["id"]),
        )
        return str(alert_id)

    async def publish(self, channel: str, message: bytes) -> None:
        """Publish as soon as the service listens."""
        for _ in range(3000):
            if await self.memory.publish(channel, message):
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"nobody listens to {channel}")

    async def open_socket(self, token: str | None = None) -> aiohttp.ClientWebSocketResponse:
        _, ticket = await self.ask("POST", "/api/v1/auth/ws-ticket", {}, token=token)
        return await self.session.ws_connect(f"{self.base}/ws?ticket={ticket['ticket']}")


@pytest.fixture(scope="module", autouse=True)
def light_passwords() -> Iterator[None]:
    """Passwords hashed with one pass over 1 MiB: the product's own cost is a unit test's, and hundreds of tests sign in."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", argon2.PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1))
        yield


@pytest.fixture
def more_settings() -> dict[str, Any]:
    """Settings besides those that every test has; a test module says its own."""
    return {}


@pytest.fixture
async def product(
    database: Database, bus: Valkey, memory: Valkey, tmp_path: Path, more_settings: dict[str, Any]
) -> AsyncIterator[Product]:
    """The service, set up with no camera but one of a setting, its administrator signed in."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"")
    port = free_port()
    given: dict[str, Any] = {
        "DATABASE_URL": database.url("app"),
        "REDIS_URL": bus.url("service"),
        "MEMORY_REDIS_URL": memory.url("service"),
        "JWT_SECRET": "j" * 40,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": WORKER_KEY,
        "PENNYPROTECT_HOME": tmp_path / "home",
        "PENNYPROTECT_PORT": port,
        "CAMERAS": str(clip),
        "PENNYPROTECT_CAMERA_NETWORKS": "private public 127.0.0.0/8",
    } | more_settings
    settings = Settings(_env_file=None, **given)
    await first_run(settings, database.url("owner"))
    stop = asyncio.Event()
    serving = asyncio.create_task(run(settings, stop))
    clients = [redis.asyncio.Redis.from_url(server.url("admin")) for server in (bus, memory)]
    try:
        # Tests change tables while they look at them: no statement is kept.
        owner = asyncpg.create_pool(database.url("owner"), min_size=0, max_size=4, statement_cache_size=0)
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90)) as session, owner:
            made = Product(settings, f"http://127.0.0.1:{port}", session, *clients, database.url("owner"), owner)
            await until_up(session, f"{made.base}/healthz")
            credentials = json.loads((settings.home / "credentials.json").read_text("utf-8"))
            made.token = (await made.sign_in(credentials["username"], credentials["password"]))[1]["access_token"]
            yield made
    finally:
        stop.set()
        await asyncio.wait_for(serving, 30)
        for client in clients:
            await client.aclose()


async def until_up(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until a service answers at `url`, whatever it says."""
    for _ in range(400):
        try:
            async with session.get(url):
                return
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.1)
    raise AssertionError("the service did not answer")
