"""How many 720p cameras at 5 frames a second one machine carries without drops: the worker's own code, real RTSP, real Triton."""

import asyncio
import socket
import sys
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil
from prometheus_client import CollectorRegistry

from app.contracts.control import DesiredCamera
from app.kit.errors import SetupError
from app.kit.ids import new_id
from app.workers.cpu.analysis import Analysis
from app.workers.cpu.worker import Lanes, Models
from app.workers.emitter import RedisEmitter
from app.workers.telemetry import WorkerMetrics
from benchmarks.servers import Servers

STEPS = (2, 4, 6, 8, 10, 12, 14, 16)
FIRST_TRIED = 8
FPS = 5.0
SETTLE_S = 6.0
DROPS_ALLOWED = 0.005
"""Share of due frames: a lone scheduling hiccup of a shared machine is no overload."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a number of cameras did.

    Attributes:
        drop_share: due frames that were not analysed, over all due.
        frames_per_s_per_camera: analysed, of the slowest camera.
        worker_cores: CPU of this process (worker only; Triton and the cameras are others).
    """

    cameras: int
    analysed: int
    drop_share: float
    frames_per_s_per_camera: float
    worker_cores: float

    @property
    def holds(self) -> bool:
        """Whether nothing was dropped and every camera kept its rate."""
        return self.drop_share <= DROPS_ALLOWED and self.frames_per_s_per_camera >= 0.97 * FPS


async def most_cameras(servers: Servers, clip: Path, cache: Path, seconds: float) -> tuple[int, list[Step]]:
    """The largest number of STEPS that holds, found upwards from FIRST_TRIED (downwards if that does not hold)."""
    tried: list[Step] = []

    async def holds(count: int) -> bool:
        # Only as many simulated cameras as are measured: they take their processor time from the worker's machine.
        async with feed(clip, cache, count) as ports:
            tried.append(await _run(servers, ports, seconds))
        return tried[-1].holds

    first = STEPS.index(FIRST_TRIED)
    for count in STEPS[first:]:
        if not await holds(count):
            break
    if not tried[0].holds:
        for count in reversed(STEPS[:first]):
            if await holds(count):
                break
    return max((step.cameras for step in tried if step.holds), default=0), tried


def as_rows(steps: list[Step]) -> list[dict[str, Any]]:
    """For the document."""
    return [{key: round(value, 4) for key, value in asdict(step).items()} | {"holds": step.holds} for step in steps]


async def _run(servers: Servers, ports: list[int], seconds: float) -> Step:
    metrics, stop, gone = WorkerMetrics(), asyncio.Event(), asyncio.Event()
    emitter, models = RedisEmitter(servers.memory_url, servers.bus_url), Models(servers.triton_url)
    cameras = {camera.camera_id: camera for camera in map(_camera, ports)}
    loop = asyncio.get_running_loop()

    def wake() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(analysis.wake)

    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(emitter.run(gone))
            analysis = Analysis(lambda: lanes.current(), models.of, emitter, metrics, models.pose_requests)
            lanes = Lanes(emitter, metrics, group, wake)
            analysing = group.create_task(analysis.run(stop))
            lanes.want(cameras)
            await asyncio.sleep(SETTLE_S)
            step = await _measure(metrics.registry, list(cameras), seconds)
            lanes.want({})
            stop.set()
            analysis.wake()
            await asyncio.wait({analysing}, timeout=10)
            gone.set()
    finally:
        await models.close()
    return step


async def _measure(registry: CollectorRegistry, cameras: list[uuid.UUID], seconds: float) -> Step:
    process = psutil.Process()
    before, cpu, started = _counts(registry, cameras), process.cpu_times(), time.monotonic()
    await asyncio.sleep(seconds)
    after, now, elapsed = _counts(registry, cameras), process.cpu_times(), time.monotonic() - started
    analysed = [late[0] - early[0] for early, late in zip(before, after, strict=True)]
    lost = sum(late[1] - early[1] for early, late in zip(before, after, strict=True))
    return Step(
        cameras=len(cameras),
        analysed=int(sum(analysed)),
        drop_share=lost / max(1.0, lost + sum(analysed)),
        frames_per_s_per_camera=min(analysed) / elapsed,
        worker_cores=(now.user + now.system - cpu.user - cpu.system) / elapsed,
    )


def _counts(registry: CollectorRegistry, cameras: list[uuid.UUID]) -> list[tuple[float, float]]:
    """(analysed, dropped or failed) of each camera so far."""

    def of(name: str, camera: uuid.UUID) -> float:
        return registry.get_sample_value(f"pennyprotect_worker_{name}_total", {"camera": str(camera)}) or 0.0

    return [(of("frames_analysed", c), of("frames_dropped", c) + of("pose_failures", c)) for c in cameras]


def _camera(port: int) -> DesiredCamera:
    return DesiredCamera(
        camera_id=new_id(),
        store_id=new_id(),
        url=f"rtsp://127.0.0.1:{port}/stream",
        analysis_fps=FPS,
        pose_model="yolo_pose",
        pose_version="1",
        policy_revision=0,
        face=False,
        gait=False,
    )


@asynccontextmanager
async def feed(clip: Path, cache: Path, count: int) -> AsyncIterator[list[int]]:
    """Ports of so many RTSP cameras that play a clip, in a process of their own; `cache` keeps what is encoded of it."""
    ports = _free_ports(count)
    words = [sys.executable, "-m", "benchmarks.camera_feed", str(clip), str(cache), *map(str, ports)]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe)
    assert process.stdin is not None and process.stdout is not None
    try:
        if not await asyncio.wait_for(process.stdout.readline(), 120):
            raise SetupError(f"The simulated cameras did not start; run them by hand: {' '.join(words)}")
        yield ports
    finally:
        process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 10)
        except TimeoutError:
            process.kill()
            await process.wait()


def _free_ports(count: int) -> list[int]:
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()
