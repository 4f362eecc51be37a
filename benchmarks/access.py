"""What authorisation and row-level security cost: the same requests to the same service with and without them, interleaved.

Two services run in processes of their own against one PostgreSQL. The bare one knows the caller beforehand, asks for no
permission, connects as a role that row-level security does not hold, and sets no scope; all else is the product. Slices
alternate, so that whatever else the machine does meets both alike.
"""

import asyncio
import base64
import contextlib
import json
import random
import socket
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import psutil
import uvloop
from fastapi import Request

from app.auth.access import Requirement
from app.auth.identify import Identifier
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.first_run import first_run
from app.kit.postgres import Session, TenantScope
from app.main import run as serve
from app.settings import Settings
from benchmarks.aside import aside
from benchmarks.own_servers import OwnServers, own_servers

SLICE_S = 1.0  # CPU is counted in hundredths of a second
CLIENTS = 4
PATIENCE_S = 120.0
CAMERAS, ALERTS = 50, 2000
PATHS = ("/api/v1/alerts?store_id={store}&limit=20", "/api/v1/cameras?store_id={store}", "/api/v1/stores")


def _without_access() -> None:
    """Take authorisation out of this process."""
    known: list[Principal] = []
    identify = Identifier.identify

    async def identified(self: Identifier, authorization: str | None) -> Principal:
        if not known:
            known.append(await identify(self, authorization))
        return known[0]

    async def admitted(self: Requirement, request: Request) -> Access:
        who = await identified(request.app.state.identifier, request.headers.get("authorization"))
        await request.app.state.limiter.spend(str(who.id))  # how fast somebody may ask is no question of rights
        request.state.access = Access(who, self.permission)
        return request.state.access  # type: ignore[no-any-return]

    def everything(self: Principal, permission: Permission) -> TenantScope:
        assert self.chain_id is not None
        return TenantScope(self.chain_id, None, self.id)

    def begin_unscoped(self: Session, opening: str) -> None:
        self.leaving = True

    Identifier.identify = identified  # type: ignore[method-assign]
    Requirement.__call__ = admitted  # type: ignore[method-assign]
    Principal.scope = everything  # type: ignore[method-assign]
    Session.begin_with = begin_unscoped  # type: ignore[method-assign]


def _serve(given: dict[str, Any], bare: bool) -> None:
    """One service, until it is ended."""
    if bare:
        _without_access()
    uvloop.run(serve(Settings(**given), asyncio.Event()))  # as `pennyprotect service` does


def _given(servers: OwnServers, home: Path, role: str) -> dict[str, Any]:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    return {
        "DATABASE_URL": servers.postgres.url(role),
        "REDIS_URL": servers.bus.url,
        "MEMORY_REDIS_URL": servers.memory.url,
        "JWT_SECRET": "j" * 40,
        "PENNYPROTECT_SECRET_KEY": base64.b64encode(b"k" * 32).decode(),
        "PENNYPROTECT_WORKER_KEY": "worker-key-of-this-bench",
        "PENNYPROTECT_REQUESTS_PER_S": 1e6,  # counted, never refused
        "PENNYPROTECT_HOME": home,
        "PENNYPROTECT_PORT": port,
        "_env_file": None,
    }


async def _fill(servers: OwnServers) -> str:
    """Cameras and alerts of the first store; its id."""
    owner = await asyncpg.connect(servers.postgres.url("admin"))
    try:
        await owner.execute(
            "INSERT INTO cameras (id, chain_id, store_id, name, url) SELECT gen_random_uuid(), chain_id, id, 'camera ' || n,"
            " 'rtsp://192.0.2.1/' || n FROM stores, generate_series(1, $1) n",
            CAMERAS,
        )
        await owner.execute(
            "INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, score, threshold, explanation, track_ids,"
            " epoch, started_at, ended_at) SELECT gen_random_uuid(), c.chain_id, c.store_id, c.id, 'loitering', 'low', 1, 0.5,"
            " '{}', '{1}', 1, now() - n * interval '1 minute', now() FROM generate_series(1, $1) n,"
            " LATERAL (SELECT * FROM cameras ORDER BY id OFFSET n % $2 LIMIT 1) c",
            ALERTS,
            CAMERAS,
        )
        await owner.execute("ANALYZE")
        return str(await owner.fetchval("SELECT id FROM stores LIMIT 1"))
    finally:
        await owner.close(timeout=5)


async def _sign_in(session: aiohttp.ClientSession, base: str, home: Path) -> dict[str, str]:
    known = json.loads((home / "credentials.json").read_text("utf-8"))
    form = {"grant_type": "password", "username": known["username"], "password": known["password"]}
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                async with session.post(f"{base}/api/v1/auth/token", data=form) as answer:
                    if answer.status == 200:
                        return {"Authorization": f"Bearer {(await answer.json())['access_token']}"}
            except aiohttp.ClientConnectorError:
                pass
            await asyncio.sleep(0.1)


async def _slice(session: aiohttp.ClientSession, base: str, token: dict[str, str], paths: list[str]) -> float:
    """Answers a second by `CLIENTS` at once."""
    began, count = time.monotonic(), 0

    async def ask(number: int) -> None:
        nonlocal count
        while time.monotonic() - began < SLICE_S:
            async with session.get(base + paths[number % len(paths)], headers=token) as answer:
                text = await answer.text()
                if answer.status != 200:
                    raise RuntimeError(f"{answer.url} answered {answer.status}: {text[:300]}")
            count, number = count + 1, number + 1

    await asyncio.gather(*(ask(number) for number in range(CLIENTS)))
    return count / (time.monotonic() - began)


@dataclass(frozen=True, slots=True)
class Round:
    """A slice of each: answers a second, and CPU seconds of service and PostgreSQL an answer, with and without."""

    rates: tuple[float, float]
    cpu_s: tuple[float, float]


def _cpu_s(processes: list[psutil.Process]) -> float:
    """CPU seconds so far of these processes and their children; what else runs on the machine does not change them."""
    spent = 0.0
    for process in processes:
        for each in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                spent += times.user + times.system
    return spent


async def _measure(
    bases: list[str], home: Path, store: str, seconds: float, served: list[psutil.Process], server: psutil.Process
) -> list[Round]:
    """Rounds until the time is over."""
    paths = [path.format(store=store) for path in PATHS]
    rounds: list[Round] = []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session:
        tokens = [await _sign_in(session, base, home) for base in bases]
        for base, token in zip(bases, tokens, strict=True):
            await _slice(session, base, token, paths)  # warm
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            rates, spent = [0.0, 0.0], [0.0, 0.0]
            for which in random.sample((0, 1), 2):
                before, began = _cpu_s([served[which], server]), time.monotonic()
                rates[which] = await _slice(session, bases[which], tokens[which], paths)
                answers = rates[which] * (time.monotonic() - began)
                spent[which] = (_cpu_s([served[which], server]) - before) / max(1.0, answers)
            rounds.append(Round((rates[0], rates[1]), (spent[0], spent[1])))
    return rounds


def _round_trip(seconds: float, home: Path) -> dict[str, Any]:
    with own_servers() as servers:
        given = [_given(servers, home, role) for role in ("pennyprotect_app", "admin")]
        asyncio.run(first_run(Settings(**given[0]), servers.postgres.url("pennyprotect_owner")))
        store = asyncio.run(_fill(servers))
        served = [aside(_serve, each, number == 1) for number, each in enumerate(given)]
        try:
            for process in served:
                process.start()
            bases = [f"http://127.0.0.1:{each['PENNYPROTECT_PORT']}" for each in given]
            assert servers.postgres.process is not None
            pids = [psutil.Process(process.pid or 0) for process in served]
            server = psutil.Process(servers.postgres.process.pid)
            rounds = asyncio.run(_measure(bases, home, store, seconds, pids, server))
        finally:
            for process in served:
                process.kill()
                process.join(10)
    return _document(rounds)


def _document(rounds: list[Round]) -> dict[str, Any]:
    costs = sorted(1 - each.rates[0] / each.rates[1] for each in rounds)
    with_s, without_s = (statistics.median(each.cpu_s[which] for each in rounds) for which in (0, 1))
    return {
        "what": "requests a second with authorisation and row-level security against the same without, interleaved",
        "headline": {
            "cost": round(statistics.median(costs), 3),
            "limit": 0.15,
            "cpu_cost": round(1 - without_s / with_s, 3),
            "with_cpu_us": round(with_s * 1e6),
            "without_cpu_us": round(without_s * 1e6),
            "with_requests_per_s": round(statistics.median(each.rates[0] for each in rounds), 1),
            "without_requests_per_s": round(statistics.median(each.rates[1] for each in rounds), 1),
            "cost_quartiles": [round(costs[len(costs) // 4], 3), round(costs[3 * len(costs) // 4], 3)],
        },
        "data_set": f"{CAMERAS} cameras, {ALERTS} alerts, one store; {', '.join(PATHS)}",
        "samples": {"rounds": len(rounds), "slice_s": SLICE_S, "clients": CLIENTS},
    }


async def run(args: Any) -> dict[str, Any]:
    """`args.seconds`: how long to ask. The result is the benchmark's document."""
    with tempfile.TemporaryDirectory() as home:
        return await asyncio.to_thread(_round_trip, float(args.seconds), Path(home))
