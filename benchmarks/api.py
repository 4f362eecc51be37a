"""Answers a second and their delay of the ten most used endpoints over much data, asked by clients in a process of their own.

A PostgreSQL, two Valkeys and one service of this benchmark; alerts and tracks are made inside the database. Each endpoint is
asked by one client (delay) and by eight at once (answers a second), twice, in turn. CPU: of service and PostgreSQL.
"""

import asyncio
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
import psutil

from app.first_run import first_run
from app.settings import Settings
from benchmarks.access import PATIENCE_S, _cpu_s, _given, _serve, _sign_in
from benchmarks.aside import SPAWN, aside
from benchmarks.document import BenchArguments
from benchmarks.filling import DAYS, Filled, fill
from benchmarks.own_servers import OwnServers, own_servers

FEW: Final = (5_000, 200_000)
MANY: Final = (50_000, 10_000_000)
"""(alerts, tracks); the second with --full."""
AT_ONCE: Final = 8
ROUNDS: Final = 2
P99_LIMIT_MS: Final = 200.0
ENDPOINTS: Final = {
    "alerts of a store": "/api/v1/alerts?store_id={store}&limit=50",
    "alerts of the chain": "/api/v1/alerts?limit=50",
    "open alerts": "/api/v1/alerts?state=raised&limit=50",
    "one alert": "/api/v1/alerts/{alert}",
    "cameras": "/api/v1/cameras?store_id={store}",
    "stores": "/api/v1/stores",
    "who am I": "/api/v1/auth/me",
    "incidents": "/api/v1/incidents?limit=50",
    "evidence of an alert": "/api/v1/evidence?alert_id={alert}",
    "tracks of a camera": "/api/v1/detections?camera_id={camera}&limit=50",
}


@dataclass(slots=True)
class Asked:
    """What one endpoint gave.

    Attributes:
        alone_s: delays of one client.
        rates: answers a second of `AT_ONCE` clients, by round; `cpu_s` and `answers` over all of them.
    """

    alone_s: list[float]
    loaded_s: list[float]
    rates: list[float]
    cpu_s: float = 0.0
    answers: int = 0

    def row(self) -> dict[str, Any]:
        """For the document."""
        return {
            "p50_ms": _ms(self.alone_s, 0.5), "p99_ms": _ms(self.alone_s, 0.99), "samples": len(self.alone_s),
            "answers_per_s": round(statistics.mean(self.rates), 1),
            "loaded_p99_ms": _ms(self.loaded_s, 0.99), "cpu_us_an_answer": round(1e6 * self.cpu_s / max(1, self.answers)),
        }  # fmt: skip


def _ms(delays: list[float], part: float) -> float:
    return round(1e3 * sorted(delays)[min(len(delays) - 1, int(part * len(delays)))], 2)


async def _ask(session: aiohttp.ClientSession, url: str, token: dict[str, str], seconds: float, clients: int) -> list[float]:
    """Delays of every answer of so many clients within the time."""
    end, delays = time.monotonic() + seconds, list[float]()

    async def one() -> None:
        while (began := time.monotonic()) < end:
            async with session.get(url, headers=token) as answer:
                text = await answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"{url} answered {answer.status}: {text[:300]!r}")
            delays.append(time.monotonic() - began)

    await asyncio.gather(*(one() for _ in range(clients)))
    return delays


async def _measure(base: str, home: Path, filled: Filled, seconds: float, pids: list[int]) -> dict[str, Asked]:
    processes = [psutil.Process(pid) for pid in pids]
    found = {name: Asked([], [], []) for name in ENDPOINTS}
    connector = aiohttp.TCPConnector(limit=2 * AT_ONCE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S), connector=connector) as session:
        token = await _sign_in(session, base, home)
        async with session.get(f"{base}/api/v1/alerts?limit=1", headers=token) as answer:
            alert = (await answer.json())["items"][0]["id"]
        places = {"store": filled.store, "camera": filled.camera, "alert": alert}
        urls = {name: base + path.format(**places) for name, path in ENDPOINTS.items()}
        for url in urls.values():
            await _ask(session, url, token, 0.5, 1)  # caches and plans
        for _ in range(ROUNDS):
            for name, url in urls.items():
                asked = found[name]
                asked.alone_s += await _ask(session, url, token, seconds / 2, 1)
                before, began = _cpu_s(processes), time.monotonic()
                delays = await _ask(session, url, token, seconds / 2, AT_ONCE)
                asked.rates.append(len(delays) / (time.monotonic() - began))
                asked.cpu_s, asked.answers = asked.cpu_s + _cpu_s(processes) - before, asked.answers + len(delays)
                asked.loaded_s += delays
    return found


def _clients(pipe: Any, *given: Any) -> None:
    pipe.send(asyncio.run(_measure(*given)))


def _round_trip(seconds: float, home: Path, size: tuple[int, int]) -> dict[str, Any]:
    with own_servers(settings=("max_wal_size=16GB",)) as servers:  # filling it would be one checkpoint after the other
        given = _given(servers, home, "pennyprotect_app")
        asyncio.run(first_run(Settings(**given), servers.postgres.url("pennyprotect_owner")))
        began = time.monotonic()
        filled = asyncio.run(fill(servers.postgres.url("admin"), *size))
        filling_s = time.monotonic() - began
        served = aside(_serve, given, False)
        ours, theirs = SPAWN.Pipe()
        asking = None
        try:
            served.start()
            pids = [served.pid or 0, _server(servers)]
            base = f"http://127.0.0.1:{given['PENNYPROTECT_PORT']}"
            share = seconds / (ROUNDS * len(ENDPOINTS))
            asking = aside(_clients, theirs, base, home, filled, share, pids)
            asking.start()
            if not ours.poll(seconds * 3 + PATIENCE_S):
                raise RuntimeError("the clients gave no answer")
            found: dict[str, Asked] = ours.recv()
        finally:
            for process in (served, asking):
                if process is not None and process.pid:
                    process.kill()
                    process.join(10)
    return _document(found, size, filling_s)


def _server(servers: OwnServers) -> int:
    assert servers.postgres.process is not None
    return servers.postgres.process.pid


def _document(found: dict[str, Asked], size: tuple[int, int], filling_s: float) -> dict[str, Any]:
    rows = {name: asked.row() for name, asked in found.items()}
    worst = max(rows, key=lambda name: rows[name]["p99_ms"])
    return {
        "what": "delay and answers a second of the ten most used endpoints over much data",
        "headline": {
            "worst_p99_ms": rows[worst]["p99_ms"], "worst": worst, "limit_ms": P99_LIMIT_MS,
            "least_answers_per_s": min(row["answers_per_s"] for row in rows.values()),
        },
        "data_set": f"{size[0]} alerts, {size[1]} tracks over {DAYS} days, 50 cameras, one store",
        "samples": {name: row["samples"] for name, row in rows.items()},
        "endpoints": rows, "clients_at_once": AT_ONCE, "filling_s": round(filling_s, 1),
    }  # fmt: skip


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """5,000 alerts and 200,000 tracks, or with --full 50,000 and ten million."""
    with tempfile.TemporaryDirectory() as home:
        seconds = max(arguments.seconds, 2.0 * len(ENDPOINTS) * ROUNDS)
        return await asyncio.to_thread(_round_trip, seconds, Path(home), MANY if arguments.full else FEW)
