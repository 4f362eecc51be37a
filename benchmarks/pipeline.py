"""Tracked frames a second of the pipeline on one core: real Valkey and PostgreSQL, checkpoints included.

Twice: with loitering alone, which needs feet only, and with every rule, which needs bodies.

The pipeline is the product's own process (`app.pipeline.runner`). A bare reader, XREAD and decode with the same driver and
decoder and nothing else, takes turns with it in the same run. Both read a backlog, and both are charged by CPU time of their
process, so that other work on the machine moves the figures little; wall-clock figures stand beside. Afterwards the same
pipeline takes half of what this machine moved with every rule (frames a wall second: streams and database need their share of
its cores), sent as cameras send it, and the way of alerts to the live stream is timed (`benchmarks.alert_delay`).
"""

import asyncio
import contextlib
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import asyncpg
import redis.asyncio

from app.behaviour.rules import RULES
from app.contracts.tracked import decode_frame, frames_stream
from app.kit.errors import SetupError
from app.kit.ids import new_id, shard_of
from app.kit.operations import metrics_at, socket_path
from app.kit.redis import connect_redis
from app.pipeline.reading import read_raw
from benchmarks import alert_delay
from benchmarks.own_servers import OwnServers, own_servers
from benchmarks.pipeline_scene import FPS, LOITERERS, PEOPLE, Backlog

CAMERAS = 32
ROUND_FRAMES = 20_000
PATIENCE_S = 240.0
SETTINGS = ("loitering", "every_rule")
CHECKOUT = Path(__file__).resolve().parent.parent
CONFIGURED_S = 3.0
"""After which the pipeline has read new cameras."""
Turn = tuple[tuple[float, float], tuple[float, float]]
"""Frames a CPU second and a wall second, of the pipeline and of the bare reader."""
LEAST_ROUNDS = 3
READS_RULES_S = 3.0


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


async def _set_rules(admin: "asyncpg.Connection[asyncpg.Record]", setting: str) -> None:
    """Have the pipeline follow loitering alone or every rule; it reads that within a second or two."""
    await admin.execute("DELETE FROM rules")
    if setting == "loitering":
        others = [kind for kind in RULES if kind != "loitering"]
        store = await admin.fetchrow("SELECT id, chain_id FROM stores WHERE name = 'Bench'")
        assert store is not None
        for kind in others:
            await admin.execute(
                "INSERT INTO rules (id, chain_id, store_id, kind, enabled) VALUES ($1, $2, $3, $4, false)",
                new_id(), store["chain_id"], store["id"], kind,
            )  # fmt: skip
    await asyncio.sleep(READS_RULES_S)


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


def _environment(servers: OwnServers, home: Path, role: str) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": servers.postgres.url(f"pennyprotect_{role}"),
        "REDIS_URL": servers.bus.url,
        "MEMORY_REDIS_URL": servers.memory.url,
        "PENNYPROTECT_HOME": str(home),
        "PENNYPROTECT_LOG_LEVEL": "WARNING",
    }


def _start_pipeline(servers: OwnServers, home: Path) -> "subprocess.Popen[bytes]":
    env = _environment(servers, home, "pipeline")
    code = (
        "import asyncio, signal, uvloop\nfrom app.kit.collector import collect_seldom\nfrom app.kit.logs import configure\n"
        "from app.pipeline.runner import run\n"
        "from app.settings import settings\n"
        "async def main():\n stop = asyncio.Event()\n"
        " asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)\n await run(settings(), stop)\n"
        "configure('pipeline', level='WARNING')\ncollect_seldom()\nuvloop.run(main())\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=CHECKOUT, env=env)


async def _counter(home: Path, name: str) -> float:
    """Sum over labels of one of the pipeline's own counters."""
    lines = (await metrics_at(socket_path(home, "pipeline"))).splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"pennyprotect_{name}_total"))


class Bench:
    """The product's pipeline and the bare reader over the same backlog, in turns."""

    def __init__(self, servers: OwnServers, cameras: list[uuid.UUID], pid: int, admin: Any) -> None:
        self.servers, self.pid, self.admin = servers, pid, admin
        self.memory = redis.asyncio.Redis.from_url(servers.memory.url)
        self.backlog = Backlog(cameras)
        self.shards = sorted({shard_of(camera) for camera in cameras})
        self.after = {frames_stream(shard).encode(): "0-0" for shard in self.shards}

    async def turn(self) -> Turn:
        """One round: frames a CPU second and a wall second, of the pipeline and of the bare reader."""
        os.kill(self.pid, signal.SIGSTOP)
        count = await self.backlog.add(self.memory, ROUND_FRAMES)
        newest = await _newest(self.memory, self.shards)
        bare = await self._bare(count)
        cpu, wall = _cpu_s(self.pid), time.perf_counter()
        os.kill(self.pid, signal.SIGCONT)
        while await _taken(self.admin) != newest:
            if time.perf_counter() - wall > PATIENCE_S:
                raise SetupError(
                    f"The pipeline did not take {count} frames in {PATIENCE_S:.0f} s: this machine is far too busy to measure on."
                )
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
        rounds: dict[str, list[Turn]] = {}
        for setting in SETTINGS:
            await _set_rules(admin, setting)
            await bench.turn()  # warm
            rounds[setting] = []
            end = time.monotonic() + seconds / len(SETTINGS)
            while time.monotonic() < end or len(rounds[setting]) < LEAST_ROUNDS:
                rounds[setting].append(await bench.turn())
        skipped = await _counter(home, "pipeline_skipped")
        if skipped:
            raise RuntimeError(f"the pipeline passed over {skipped:.0f} frames: the figure would not be of work done")
        alerts = await admin.fetchval("SELECT count(*) FROM alerts")
        await bench.memory.aclose()
        half = statistics.median(per_wall_s for (_, per_wall_s), _ in rounds[SETTINGS[-1]]) / 2
        place = await alert_delay.add_cameras(admin, max(1, round(half / alert_delay.FPS)))
        await asyncio.sleep(CONFIGURED_S)
        env = _environment(servers, home, "dispatcher")
        delay = await alert_delay.measure(servers, place, bench.backlog.samples, env, CHECKOUT, seconds, process.pid)
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
        process.kill()
        await admin.close()
    return _document(rounds, alerts, delay)


def _figures(rounds: list[Turn]) -> dict[str, float]:
    ours = [turn[0][0] for turn in rounds]
    bare = [turn[1][0] for turn in rounds]
    return {
        "frames_per_s_per_core": round(statistics.median(ours)),
        "lowest_round_frames_per_s_per_core": round(min(ours)),
        "frames_per_wall_s": round(statistics.median(turn[0][1] for turn in rounds)),
        "bare_consumer_frames_per_s_per_core": round(statistics.median(bare)),
        "ratio_to_bare_consumer": round(statistics.median(a / b for a, b in zip(ours, bare, strict=True)), 3),
        "rounds": len(rounds),
    }


def _document(rounds: dict[str, list[Turn]], alerts: int, delay: dict[str, Any]) -> dict[str, Any]:
    figures = {setting: _figures(turns) for setting, turns in rounds.items()}
    return {
        "what": "tracked frames of 8 people through the rules to checkpoints, a CPU second of the pipeline's process;"
        " frames_per_s_per_core with loitering alone, ..._every_rule with all of them",
        "headline": {
            "frames_per_s_per_core": figures["loitering"]["frames_per_s_per_core"],
            "frames_per_s_per_core_every_rule": figures["every_rule"]["frames_per_s_per_core"],
            "ratio_to_bare_consumer": figures["loitering"]["ratio_to_bare_consumer"],
            "last_frame_to_alert_raised_p99_ms": delay.get("p99_ms"),
        },
        "settings": figures,
        "last_frame_to_alert_raised_at_half_load": delay,
        "alerts_raised": alerts,
        "data_set": f"synthetic: {CAMERAS} cameras, {PEOPLE} people each at {FPS:g} fps, {LOITERERS} of them loitering in a zone",
        "samples": {"frames_per_round": ROUND_FRAMES, "people_per_frame": PEOPLE},
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
