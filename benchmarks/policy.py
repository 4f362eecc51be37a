"""Policy off to model stopped: from the request that switches off to the moment workers' control loops forbid the model.

A real service, PostgreSQL and Valkeys, and several control loops with the product's heartbeat; what runs in a worker behind its
control loop is not part of it. Switching on uses the demonstration's revision, as two people and papers are not what is measured.
"""

import asyncio
import base64
import json
import random
import socket
import statistics
import tempfile
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from app.cameras.setup import repository as setup
from app.contracts.control import BIOMETRICS_STOP_S, HEARTBEAT_S, DesiredCamera
from app.first_run import first_run, switch_demo_on
from app.kit.ids import new_id
from app.main import run as serve
from app.settings import Settings
from app.workers.control import ControlLoop
from benchmarks.own_servers import OwnServers, own_servers

WORKERS = 8
KEY = "worker-key-of-this-bench"
PATIENCE_S = 15.0


class Watched:
    """One worker's control loop and when it last allowed or forbade the face model."""

    def __init__(self, url: str) -> None:
        self.on = asyncio.Event()
        self.off_at = 0.0
        self._running: list[uuid.UUID] = []
        self.loop = ControlLoop(url, KEY, new_id(), "bench", 1, lambda: self._running, self._told)

    def _told(self, cameras: dict[uuid.UUID, DesiredCamera]) -> None:
        self._running = list(cameras)
        if any(camera.face for camera in cameras.values()):
            self.on.set()
        elif self.on.is_set():
            self.on.clear()
            self.off_at = time.monotonic()


def _settings(servers: OwnServers, home: Path) -> Settings:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    clips = [home / f"clip-{number}.mp4" for number in range(WORKERS)]
    for clip in clips:
        clip.write_bytes(b"")
    given: dict[str, Any] = {
        "DATABASE_URL": servers.postgres.url("pennyprotect_app"),
        "REDIS_URL": servers.bus.url,
        "MEMORY_REDIS_URL": servers.memory.url,
        "JWT_SECRET": "j" * 40,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": KEY,
        "PENNYPROTECT_HOME": home,
        "PENNYPROTECT_PORT": port,
        "PENNYPROTECT_DEMO": "1",
        "CAMERAS": " ".join(map(str, clips)),
        "_env_file": None,
    }
    return Settings(**given)


async def _measure(servers: OwnServers, home: Path, seconds: float) -> dict[str, Any]:
    settings, owner_url = _settings(servers, home), servers.postgres.url("pennyprotect_owner")
    await first_run(settings, owner_url)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(settings, stop))
    url = f"http://127.0.0.1:{settings.port}"
    workers = [Watched(url) for _ in range(WORKERS)]
    owner = await setup.connect_owner(owner_url)
    try:
        async with aiohttp.ClientSession(url, timeout=aiohttp.ClientTimeout(total=10)) as session:
            token = await _sign_in(session, settings)
            loops = [asyncio.create_task(each.loop.run(stop)) for each in workers]
            delays = await _cycles(session, token, owner, workers, seconds)
            stop.set()
            await asyncio.wait(loops, timeout=PATIENCE_S)
    finally:
        stop.set()
        await owner.close(timeout=5)
        await asyncio.wait({serving}, timeout=PATIENCE_S)
    return _document(delays)


async def _sign_in(session: aiohttp.ClientSession, settings: Settings) -> dict[str, str]:
    known = json.loads((settings.home / "credentials.json").read_text("utf-8"))
    form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
    for _ in range(100):
        try:
            async with session.post("/api/v1/auth/token", data=form) as answer:
                if answer.status == 200:
                    return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
        except aiohttp.ClientConnectorError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the service did not answer")


async def _cycles(
    session: aiohttp.ClientSession, token: dict[str, str], owner: Any, workers: list[Watched], seconds: float
) -> list[float]:
    """On, a random while, off: how long each worker took, in milliseconds from the sending of the request."""
    chain, store = await setup.first_store(owner) or (None, None)
    assert chain is not None and store is not None
    delays: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end or not delays:
        async with owner.transaction():
            await switch_demo_on(owner, (chain, store))
        async with asyncio.timeout(PATIENCE_S):
            await asyncio.gather(*(each.on.wait() for each in workers))
        await asyncio.sleep(random.uniform(0, HEARTBEAT_S))  # anywhere between two heartbeats
        sent_at = time.monotonic()
        body = {"switches": ["face", "gait", "re_identification"]}
        async with session.post(f"/api/v1/stores/{store}/policy/off", json=body, headers=token) as answer:
            if answer.status != 200:
                raise RuntimeError(f"switching off answered {answer.status}: {await answer.text()}")
        async with asyncio.timeout(PATIENCE_S):
            while any(each.on.is_set() for each in workers):
                await asyncio.sleep(0.005)
        delays += [(each.off_at - sent_at) * 1000 for each in workers]
    return delays


def _document(delays: list[float]) -> dict[str, Any]:
    ordered = sorted(delays)
    p99 = ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))]
    return {
        "what": "policy off (request sent) to the worker's control loop forbidding the model, by heartbeat",
        "headline": {
            "p50_ms": round(statistics.median(ordered), 1),
            "p99_ms": round(p99, 1),
            "worst_ms": round(ordered[-1], 1),
            "limit_ms": 5000.0,
        },
        "data_set": "none: switches of a store with one camera a worker",
        "samples": {"switch_offs": len(delays) // WORKERS, "workers": WORKERS, "delays": len(delays)},
        "heartbeat_s": HEARTBEAT_S,
        "stop_without_renewal_s": BIOMETRICS_STOP_S,
    }


def _round_trip(seconds: float, home: Path) -> dict[str, Any]:
    with own_servers() as servers:
        return asyncio.run(_measure(servers, home, seconds))


async def run(args: Any) -> dict[str, Any]:
    """`args.seconds`: how long to switch on and off. The result is the benchmark's document."""
    with tempfile.TemporaryDirectory() as home:
        return await asyncio.to_thread(_round_trip, float(args.seconds), Path(home))
