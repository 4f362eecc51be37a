"""Tracked frames a second of the pipeline on one core: real Valkey and PostgreSQL, every rule on, checkpoints included.

The pipeline is the product's own process (`app.pipeline.runner`). A bare reader, XREAD and decode with the same driver and
decoder and nothing else, takes turns with it in the same run. Both read a backlog, and both are charged by CPU time of their
process, so that other work on the machine moves the figures little; wall-clock figures stand beside.
"""

import asyncio
import contextlib
import json
import math
import os
import random
import resource
import signal
import statistics
import struct
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import msgspec
import redis.asyncio

from app.contracts.tracked import TrackedFrame, decode_frame, frames_stream
from app.contracts.wire import FIELD, encode
from app.kit.ids import new_id, shard_of
from app.kit.operations import socket_path
from app.kit.redis import connect_redis
from app.pipeline.reading import read_raw
from benchmarks.own_servers import OwnServers, own_servers

CAMERAS = 32
PEOPLE = 8
FPS = 5.0
ROUND_FRAMES = 40_000
WIDTH, HEIGHT = 1280, 720
CHECKOUT = Path(__file__).resolve().parent.parent
LOITERERS = 2
"""Of the 8 people of each camera: they raise an alert and keep it going; the others walk about."""


def scene(camera: uuid.UUID, sequence: int, at_us: int, chance: random.Random) -> bytes:
    """One frame: six people who walk to and fro, two who stand and sway; boxes, 17 keypoints, jitter."""
    boxes: list[float] = []
    keypoints: list[float] = []
    at_s = sequence / FPS
    for person in range(PEOPLE):
        body = 200.0 + 12 * person
        reach = 0.01 if person < LOITERERS else 0.35
        x = WIDTH * (0.5 + reach * math.sin(at_s * 0.22 + person * 0.8)) + chance.gauss(0, 1.5)
        y = HEIGHT * (0.55 + 0.05 * person) + chance.gauss(0, 1.5)
        boxes += (x - body / 6, y - body, x + body / 6, y)
        for joint in range(17):
            keypoints += (x + chance.gauss(0, 8), y - body * (1 - joint / 17), 0.3 + 0.65 * chance.random())
    frame = TrackedFrame(
        camera, 1, sequence, at_us, at_us + 30_000, WIDTH, HEIGHT, 1, list(range(1, PEOPLE + 1)),
        struct.pack(f"<{4 * PEOPLE}f", *boxes), struct.pack(f"<{PEOPLE}f", *[0.85] * PEOPLE),
        struct.pack(f"<{51 * PEOPLE}f", *keypoints),
    )  # fmt: skip
    return encode(frame)


class Backlog:
    """Frames of all cameras, continuing from round to round."""

    def __init__(self, cameras: list[uuid.UUID]) -> None:
        self.cameras = cameras
        self.sequence = 0
        self.start_us = time.time_ns() // 1000 - 3600 * 1_000_000
        chance = random.Random(5)
        self._samples = [scene(cameras[0], index, 0, chance) for index in range(100)]
        self._frames = [msgspec.structs.asdict(decode_frame(sample)) for sample in self._samples]

    async def add(self, memory: redis.asyncio.Redis, frames: int) -> int:
        """XADD that many frames, in the order of time; how many."""
        count = 0
        while count < frames:
            async with memory.pipeline(transaction=False) as pipeline:
                for _ in range(10):
                    at_us = self.start_us + round(self.sequence / FPS * 1e6)
                    body = self._frames[self.sequence % len(self._frames)]
                    for camera in self.cameras:
                        given = {**body, "camera_id": camera, "sequence": self.sequence, "captured_at_us": at_us}
                        pipeline.xadd(frames_stream(shard_of(camera)), {FIELD: encode(TrackedFrame(**given))})
                        count += 1
                    self.sequence += 1
                await pipeline.execute()
        return count


async def _prepare(servers: OwnServers) -> list[uuid.UUID]:
    admin = await asyncpg.connect(servers.postgres.url("admin"), timeout=10)
    chain, store = new_id(), new_id()
    await admin.execute("INSERT INTO chains (id, name) VALUES ($1, 'Bench')", chain)
    await admin.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Bench')", store, chain)
    cameras = []
    for index in range(CAMERAS):
        camera = uuid.UUID(int=(new_id().int & ~0xFF) | (index * 2))
        cameras.append(camera)
        await admin.execute(
            "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'c', 'rtsp://127.0.0.1/')",
            camera, chain, store,
        )  # fmt: skip
        await admin.execute(
            "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon)"
            " VALUES ($1, $2, $3, $4, 'Zone', 'loitering', '[[0.45,0.5],[0.55,0.5],[0.56,0.95],[0.44,0.95]]')",
            new_id(), chain, store, camera,
        )  # fmt: skip
    await admin.close()
    return cameras


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _taken(admin: "asyncpg.Connection[asyncpg.Record]") -> dict[int, str]:
    return {row["shard"]: row["frames_id"] for row in await admin.fetch("SELECT shard, frames_id FROM checkpoints")}


async def _newest(memory: redis.asyncio.Redis, shards: list[int]) -> dict[int, str]:
    newest = {}
    for shard in shards:
        found: Any = await memory.xrevrange(frames_stream(shard), count=1)
        ((entry, _fields),) = found
        newest[shard] = entry.decode()
    return newest


def _start_pipeline(servers: OwnServers, home: Path) -> "subprocess.Popen[bytes]":
    env = {
        **os.environ,
        "DATABASE_URL": servers.postgres.url("pennyprotect_pipeline"),
        "REDIS_URL": servers.bus.url,
        "MEMORY_REDIS_URL": servers.memory.url,
        "PENNYPROTECT_HOME": str(home),
        "PENNYPROTECT_LOG_LEVEL": "WARNING",
    }
    code = (
        "import asyncio, signal, uvloop\nfrom app.kit.logs import configure\nfrom app.pipeline.runner import run\n"
        "from app.settings import settings\n"
        "async def main():\n stop = asyncio.Event()\n"
        " asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)\n await run(settings(), stop)\n"
        "configure('pipeline', level='WARNING')\nuvloop.run(main())\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, env=env)


async def _counter(home: Path, name: str) -> float:
    """Sum over labels of one of the pipeline's own counters."""
    connector = aiohttp.UnixConnector(str(socket_path(home, "pipeline")))
    async with aiohttp.ClientSession(connector=connector) as session, session.get("http://pipeline/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"pennyprotect_{name}_total"))


class Bench:
    """The product's pipeline and the bare reader over the same backlog, in turns."""

    def __init__(self, servers: OwnServers, cameras: list[uuid.UUID], pid: int, admin: Any) -> None:
        self.servers, self.pid, self.admin = servers, pid, admin
        self.memory = redis.asyncio.Redis.from_url(servers.memory.url)
        self.backlog = Backlog(cameras)
        self.shards = sorted({shard_of(camera) for camera in cameras})
        self.after = {frames_stream(shard).encode(): "0-0" for shard in self.shards}

    async def turn(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """One round: frames a CPU second and a wall second, of the pipeline and of the bare reader."""
        os.kill(self.pid, signal.SIGSTOP)
        count = await self.backlog.add(self.memory, ROUND_FRAMES)
        newest = await _newest(self.memory, self.shards)
        bare = await self._bare(count)
        cpu, wall = _cpu_s(self.pid), time.perf_counter()
        os.kill(self.pid, signal.SIGCONT)
        while await _taken(self.admin) != newest:
            if time.perf_counter() - wall > 120:
                raise TimeoutError("the pipeline did not take the backlog in two minutes")
            await asyncio.sleep(0.02)
        used, took = _cpu_s(self.pid) - cpu, time.perf_counter() - wall
        await self.memory.flushall()
        return (count / used, count / took), bare

    async def _bare(self, count: int) -> tuple[float, float]:
        """XREAD with the product's driver, batches and decoder; nothing else. In this process, so charged apart."""
        client = connect_redis(self.servers.memory.url, role="bench")
        read_raw(client)
        before, wall, taken = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter(), 0
        while taken < count:
            answer: Any = await client.execute_command(  # type: ignore[no-untyped-call]
                "XREAD", "COUNT", 32, "BLOCK", 200, "STREAMS", *self.after, *self.after.values()
            )
            for name, entries in answer:
                for entry in entries:
                    decode_frame(entry[1][1])
                self.after[name] = entries[-1][0].decode()
                taken += len(entries)
        after, took = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter() - wall
        await client.aclose()
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return count / used, count / took


async def _measure(servers: OwnServers, home: Path, seconds: float) -> dict[str, Any]:
    cameras = await _prepare(servers)
    process = _start_pipeline(servers, home)
    admin = await asyncpg.connect(servers.postgres.url("admin"), timeout=10)
    try:
        end = time.monotonic() + 30
        while await admin.fetchval("SELECT count(*) FROM shard_leases WHERE owner IS NOT NULL") < 64:
            if time.monotonic() > end or process.poll() is not None:
                raise TimeoutError("the pipeline did not take its shards")
            await asyncio.sleep(0.1)
        bench = Bench(servers, cameras, process.pid, admin)
        await bench.turn()  # warm
        rounds: list[tuple[tuple[float, float], tuple[float, float]]] = []
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(rounds) < 3:
            rounds.append(await bench.turn())
        skipped = await _counter(home, "pipeline_skipped")
        if skipped:
            raise RuntimeError(f"the pipeline passed over {skipped:.0f} frames: the figure would not be of work done")
        alerts = await admin.fetchval("SELECT count(*) FROM alerts")
        await bench.memory.aclose()
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        process.kill()
        await admin.close()
    return _document(rounds, alerts)


def _document(rounds: list[tuple[tuple[float, float], tuple[float, float]]], alerts: int) -> dict[str, Any]:
    ours = [turn[0][0] for turn in rounds]
    bare = [turn[1][0] for turn in rounds]
    return {
        "what": "tracked frames of 8 people through every rule to checkpoints, a CPU second of the pipeline's process",
        "headline": {
            "frames_per_s_per_core": round(statistics.median(ours)),
            "ratio_to_bare_consumer": round(statistics.median(a / b for a, b in zip(ours, bare, strict=True)), 3),
        },
        "bare_consumer_frames_per_s_per_core": round(statistics.median(bare)),
        "frames_per_wall_s": round(statistics.median(turn[0][1] for turn in rounds)),
        "bare_consumer_frames_per_wall_s": round(statistics.median(turn[1][1] for turn in rounds)),
        "lowest_round_frames_per_s_per_core": round(min(ours)),
        "alerts_raised": alerts,
        "data_set": f"synthetic: {CAMERAS} cameras, {PEOPLE} people each at {FPS:g} fps, {LOITERERS} of them loitering in a zone",
        "samples": {"rounds": len(rounds), "frames_per_round": ROUND_FRAMES},
        "model_versions": {},
    }


def _round_trip(seconds: float, home: Path) -> dict[str, Any]:
    with own_servers() as servers:
        return asyncio.run(_measure(servers, home, seconds))


async def run(args: Any) -> dict[str, Any]:
    """`args.seconds`: how long to take turns. The result is the benchmark's document."""
    import tempfile

    with tempfile.TemporaryDirectory() as home:
        return await asyncio.to_thread(_round_trip, float(args.seconds), Path(home))


if __name__ == "__main__":
    from types import SimpleNamespace

    print(json.dumps(asyncio.run(run(SimpleNamespace(seconds=float(sys.argv[1]))))))
