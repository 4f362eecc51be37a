"""How many cameras one, two and four pipelines hold at real rates, what a frame costs, and what a chain would need of it.

Real pipelines, PostgreSQL and memory Valkey; a sender in a process of its own plays the scene of `bench pipeline` (8 people,
every rule) as so many cameras at 5 frames a second. Cameras double until the pipelines fall behind, then the edge is halved
twice. Who falls behind has not taken, at the end of a step, what is older than `BEHIND_S`. CPU is counted by process, of the
last step that was held. A last step runs one pipeline under cProfile: where its time goes.
"""

import asyncio
import contextlib
import pstats
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import psutil
import redis.asyncio

from app.contracts.tracked import decode_frame, frames_stream
from app.contracts.wire import FIELD, encode
from app.kit.clock import now_us
from app.kit.errors import SetupError
from app.kit.ids import new_id, shard_of
from benchmarks.access import _cpu_s
from benchmarks.aside import SPAWN, aside
from benchmarks.document import BenchArguments, machine
from benchmarks.own_servers import OwnServers, own_servers
from benchmarks.pipeline import CHECKOUT, CONFIGURED_S, _environment
from benchmarks.pipeline_scene import FPS, PEOPLE, SAMPLES, scene

PIPELINES: Final = (1, 2, 4)
FIRST: Final = 64
MOST: Final = 4096
BEHIND_S: Final = 3.0
"""A checkpoint is written about once a second; three mean that it does not come after."""
WANTED_FPS: Final = 320_000
LEAST_STEP_S: Final = 5.0
PATIENCE_S: Final = 60.0
SLICES: Final = 20
"""In which a fifth of a second is sent, so that cameras are not in step."""
_RUN = """
import asyncio, cProfile, os, signal, uvloop
from app.kit.collector import collect_seldom
from app.kit.logs import configure
from app.pipeline.runner import run
from app.settings import settings
async def main():
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await run(settings(), stop)
configure('pipeline', level='WARNING')
collect_seldom()
profile = cProfile.Profile() if os.environ.get('PROFILE') else None
if profile: profile.enable()
uvloop.run(main())
if profile: profile.disable(); profile.dump_stats(os.environ['PROFILE'])
"""


@dataclass(frozen=True, slots=True)
class Step:
    """So many cameras for some seconds.

    Attributes:
        lag_s: age of the newest frame that the slowest shard's checkpoint had taken, at the end.
        frames: sent; the figures are CPU microseconds a frame.
    """

    pipelines: int
    cameras: int
    frames: int
    sent_share: float
    lag_s: float
    pipeline_us: float
    postgres_us: float
    valkey_us: float

    @property
    def held(self) -> bool:
        """Whether the pipelines kept up, and the sender did."""
        return self.lag_s <= BEHIND_S and self.sent_share > 0.95


async def _cameras(admin: "asyncpg.Connection[asyncpg.Record]", count: int) -> list[uuid.UUID]:
    chain, store = new_id(), new_id()
    await admin.execute("INSERT INTO chains (id, name) VALUES ($1, 'Scale')", chain)
    await admin.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Scale')", store, chain)
    cameras = [uuid.UUID(int=(new_id().int & ~0xFF) | (index % 64)) for index in range(count)]
    await admin.executemany(
        "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'c', 'rtsp://127.0.0.1/')",
        [(camera, chain, store) for camera in cameras],
    )
    await admin.executemany(
        "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon)"
        " VALUES ($1, $2, $3, $4, 'z', 'loitering', '[[0.45,0.5],[0.55,0.5],[0.56,0.95],[0.44,0.95]]')",
        [(new_id(), chain, store, camera) for camera in cameras],
    )
    return cameras


def _sender(pipe: Any, url: str, cameras: list[uuid.UUID]) -> None:
    """The process that plays: (cameras, seconds) in, frames sent out."""
    import random

    chance = random.Random(5)
    frames = [decode_frame(scene(cameras[0], index, 0, chance)) for index in range(SAMPLES)]

    async def play(count: int, seconds: float, first: int) -> int:
        memory: redis.asyncio.Redis = redis.asyncio.Redis.from_url(url)
        start, sent, turn = time.monotonic(), 0, 0
        while time.monotonic() - start < seconds:
            number = first + turn // SLICES
            async with memory.pipeline(transaction=False) as pipeline:
                for camera in cameras[turn % SLICES : count : SLICES]:
                    frame = msgspec.structs.replace(
                        frames[number % len(frames)], camera_id=camera, sequence=number, captured_at_us=now_us()
                    )
                    pipeline.xadd(frames_stream(shard_of(camera)), {FIELD: encode(frame)}, maxlen=5000, approximate=True)
                    sent += 1
                await pipeline.execute()
            turn += 1
            await asyncio.sleep(max(0.0, start + turn / (FPS * SLICES) - time.monotonic()))
        await memory.aclose()
        return sent

    first = 0
    while (asked := pipe.recv()) is not None:
        count, seconds = asked
        pipe.send(asyncio.run(play(count, seconds, first)))
        first += int(seconds * FPS) + 10


def _start(servers: OwnServers, home: Path, profile: str = "") -> "subprocess.Popen[bytes]":
    home.mkdir(parents=True, exist_ok=True)
    env = _environment(servers, home, "pipeline") | ({"PROFILE": profile} if profile else {})
    return subprocess.Popen([sys.executable, "-c", _RUN], cwd=CHECKOUT, env=env)


class Scale:
    """Pipelines that are started and ended, and a sender."""

    def __init__(self, servers: OwnServers, home: Path, admin: Any, pipe: Any) -> None:
        self._servers, self._home, self._admin, self._pipe = servers, home, admin, pipe
        self.running: list[subprocess.Popen[bytes]] = []

    async def run(self, pipelines: int, profile: str = "") -> None:
        """So many pipelines, and no others, with all shards among them."""
        await self.end()
        await self._admin.execute("UPDATE shard_leases SET owner = NULL, expires_at = '-infinity'")
        self.running = [_start(self._servers, self._home / str(number), profile) for number in range(pipelines)]
        owners = "SELECT count(*), count(DISTINCT owner) FROM shard_leases WHERE owner IS NOT NULL AND expires_at > now()"
        end = time.monotonic() + PATIENCE_S
        while tuple(await self._admin.fetchrow(owners)) != (64, pipelines):
            if time.monotonic() > end or any(each.poll() is not None for each in self.running):
                raise SetupError("The pipelines did not take their shards: this machine is far too busy to measure on.")
            await asyncio.sleep(0.2)
        await asyncio.sleep(CONFIGURED_S)

    async def end(self) -> None:
        """End them."""
        for each in self.running:
            each.terminate()
        for each in self.running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                await asyncio.to_thread(each.wait, 15)
            each.kill()
        self.running = []

    async def step(self, cameras: int, seconds: float) -> Step:
        """Play and count."""
        postgres, memory = self._servers.postgres.process, self._servers.memory.process
        assert postgres is not None
        assert memory is not None
        pids = [[each.pid for each in self.running], [postgres.pid], [memory.pid]]
        groups = [[psutil.Process(pid) for pid in group] for group in pids]
        before = [_cpu_s(group) for group in groups]
        self._pipe.send((cameras, seconds))
        frames = await asyncio.to_thread(self._pipe.recv)
        lag_s = await self._lag_s()
        spent = [1e6 * (_cpu_s(group) - was) / max(1, frames) for group, was in zip(groups, before, strict=True)]
        share = frames / (cameras * FPS * seconds)
        step = Step(len(self.running), cameras, frames, round(share, 3), round(lag_s, 2), *(round(each, 1) for each in spent))
        sys.stderr.write(f"{step}\n")  # a run of minutes says how far it is
        return step

    async def _lag_s(self) -> float:
        """Of the slowest shard that cameras use: what was sent last, less what its checkpoint has."""
        client: redis.asyncio.Redis = redis.asyncio.Redis.from_url(self._servers.memory.url)
        lag = 0
        taken = "SELECT shard, coalesce(frames_id, '0-0') AS frames_id FROM shard_leases LEFT JOIN checkpoints USING (shard)"
        for row in await self._admin.fetch(taken):
            newest: Any = await client.xrevrange(frames_stream(row["shard"]), count=1)
            if newest:
                lag = max(lag, int(newest[0][0].split(b"-")[0]) - int(row["frames_id"].split("-")[0] or 0))
        await client.aclose()
        return lag / 1e3

    async def catch_up(self) -> None:
        """Until what a step left is taken."""
        end = time.monotonic() + PATIENCE_S
        while await self._lag_s() > BEHIND_S / 3 and time.monotonic() < end:
            await asyncio.sleep(0.5)


async def _knee(scale: Scale, seconds: float, first: int = FIRST) -> list[Step]:
    """Steps from `first` cameras: doubled until one is not held, or halved until one is, then twice between."""
    steps: list[Step] = []
    held, broken, cameras = 0, 0, first
    while cameras <= MOST:
        step = await scale.step(cameras, seconds)
        steps.append(step)
        await scale.catch_up()
        held, broken = (cameras, broken) if step.held else (held, cameras)
        if (held and broken) or (not held and cameras <= FIRST):
            break
        cameras = 2 * cameras if held else max(FIRST, cameras // 2)
    for _ in range(2 if held and broken else 0):
        between = (held + broken) // 2
        step = await scale.step(between, seconds)
        steps.append(step)
        await scale.catch_up()
        held, broken = (between, broken) if step.held else (held, between)
    return steps


def _hot(path: Path) -> list[dict[str, Any]]:
    """The functions in which most of the time goes, own time first."""
    found = pstats.Stats(str(path))
    total = sum(row[2] for row in found.stats.values())  # type: ignore[attr-defined]
    rows = sorted(found.stats.items(), key=lambda item: -item[1][2])[:12]  # type: ignore[attr-defined]
    return [
        {"where": f"{Path(name[0]).name}:{name[1]} {name[2]}", "own_share": round(row[2] / total, 3), "calls": row[0]}
        for name, row in rows
    ]


async def _measure(scale: Scale, home: Path, seconds: float) -> dict[str, Any]:
    step_s = max(LEAST_STEP_S, seconds / 20)
    knees: dict[int, list[Step]] = {}
    profile = home / "profile"
    try:
        for pipelines in PIPELINES:
            await scale.run(pipelines)
            before = max((step.cameras for steps in knees.values() for step in steps if step.held), default=0)
            knees[pipelines] = await _knee(scale, step_s, max(FIRST, before // 2))
        await scale.run(1, str(profile))
        await scale.step(FIRST, step_s)
    finally:
        await scale.end()
    return _document(knees, _hot(profile) if profile.exists() else [])


def needed(frames_per_s: float, us_a_frame: float) -> float:
    """Cores for so many frames a second, all of them busy."""
    return frames_per_s * us_a_frame / 1e6


def _document(knees: dict[int, list[Step]], hot: list[dict[str, Any]]) -> dict[str, Any]:
    edges = {
        pipelines: max((step for step in steps if step.held), key=lambda step: step.cameras, default=None)
        for pipelines, steps in knees.items()
    }
    one = edges.get(1)
    costs = {} if one is None else {"pipeline": one.pipeline_us, "postgres": one.postgres_us, "memory_valkey": one.valkey_us}
    return {
        "what": "cameras of 8 people at 5 frames a second that 1, 2 and 4 pipelines hold with every rule, and CPU a frame",
        "headline": {
            "cameras_held": {str(pipelines): edge.cameras if edge else 0 for pipelines, edge in edges.items()},
            "cpu_us_a_frame": costs,
            "cores_for_320000_frames_per_s": {part: round(needed(WANTED_FPS, cost)) for part, cost in costs.items()},
            "bottleneck": max(costs, key=lambda part: costs[part], default=None),
        },
        "data_set": f"the scene of bench pipeline ({PEOPLE} people, 2 of them loitering), up to {MOST} cameras",
        "samples": {str(pipelines): len(steps) for pipelines, steps in knees.items()},
        "steps": [asdict(step) | {"held": step.held} for steps in knees.values() for step in steps],
        "where_a_pipeline_s_time_goes": hot,
        "shared_with_the_sender": f"{machine()['cores']} cores hold the sender, too",
    }


async def _prepared(servers: OwnServers) -> tuple[Any, list[uuid.UUID]]:
    admin = await asyncpg.connect(servers.postgres.url("admin"), timeout=10)
    return admin, await _cameras(admin, MOST)


async def _with(servers: OwnServers, home: Path, seconds: float) -> dict[str, Any]:
    admin, cameras = await _prepared(servers)
    ours, theirs = SPAWN.Pipe()
    sender = aside(_sender, theirs, servers.memory.url, cameras, daemon=True)
    sender.start()
    try:
        return await _measure(Scale(servers, home, admin, ours), home, seconds)
    finally:
        sender.kill()
        sender.join(10)
        await admin.close(timeout=5)


def _round_trip(seconds: float, home: Path) -> dict[str, Any]:
    with own_servers() as servers:
        return asyncio.run(_with(servers, home, seconds))


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """A step lasts a twentieth of `seconds`, five at least."""
    with tempfile.TemporaryDirectory() as home:
        return await asyncio.to_thread(_round_trip, arguments.seconds, Path(home))
