"""A whole GPU worker but GStreamer: heartbeats over HTTP, real Valkey, NVIDIA's own batches through the real probes.

The graph is stood in for by a thread that plays batches; what a graph does with its elements, test_software_graph.py shows.
"""

import asyncio
import inspect
import itertools
import threading
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
import redis.asyncio as redis
from aiohttp import web

from app.contracts.biometrics import ProbeEmbedding, decode_probe, probes_stream
from app.contracts.control import DesiredCamera, DesiredState, Heartbeat
from app.contracts.tracked import CameraState
from app.contracts.wire import FIELD
from app.inference.face_client import FACE_VERSION, FaceAnswer, TritonFaces
from app.kit.ids import shard_of
from app.settings import Settings
from app.workers.gpu import building, worker
from app.workers.gpu.configuration import FACE_ID
from app.workers.gpu.graph import Change, State
from app.workers.gpu.heads import CopiedHead
from app.workers.gpu.nvds import PydsReader
from app.workers.gpu.pipeline import Graph
from tests.integration.workers.test_cpu_worker import KEY, Running, Service, serving, valkeys
from tests.nvds import layout
from tests.nvds.batches import EIGHT, Frame, attach_tensor, made, pose_tensor

__all__ = ["valkeys"]
pytestmark = pytest.mark.skipif(bool(layout.why_not()), reason=layout.why_not() or "there")
CAMERA = uuid.UUID(int=0x71)
TENSOR = pose_tensor(EIGHT[:2])
FACE = np.zeros(18 + 128, np.float32)
FACE[:9], FACE[13:18], FACE[18:] = (100, 150, 220, 290, 0.9, 130, 200, 190, 200), 0.8, 1 / np.sqrt(128)
EVERY_S = 0.1


class Played:
    """In the graph's place: one camera's frames from a thread, ten a second, each with new tracks and a face.

    Attributes:
        opened: how often its camera was.
    """

    running: ClassVar["list[Played]"] = []

    def __init__(
        self, _elements: Any, most: int, _admit: Any, on_change: Any, _arrived: Any, _fatal: Any, _packet: Any, probes: Any,
        numbers: Any,
    ) -> None:  # fmt: skip
        assert most >= 1
        self._on_change, self._probes, self._numbers = on_change, probes, numbers
        self._over, self.opened, self.batches = threading.Event(), 0, 0
        self._thread = threading.Thread(target=self._play, daemon=True)
        self.running.append(self)

    def start(self) -> None:
        """Nothing yet."""

    def want(self, cameras: Any) -> None:
        if not cameras or self._thread.ident is not None:
            return
        self.opened += 1
        at = next(self._numbers)
        for state in (State.CONNECTING, State.LIVE):
            self._on_change(Change(CAMERA, 0, at, state, "", (1280, 720)))
        self._thread.start()

    def _play(self) -> None:
        for number in itertools.count(1):
            if self._over.wait(EVERY_S):
                return
            with made([Frame(0, TENSOR, number=number, pts_ns=number)]) as batch:
                self._probes["pose"](batch.buffer)
                batch.track(first=10 * number)
                attach_tensor(batch, layout.address_of(batch.objects(0)[0]), "obj", FACE_ID, "face", FACE, (320, 640))
                self._probes["out"](batch.buffer)
            self.batches += 1

    def facts(self) -> dict[uuid.UUID, Any]:
        return {}

    def stop(self) -> bool:
        self._over.set()
        self._thread.join(20)
        return True


class Wanting(Service):
    """One camera, whose face version may change."""

    version = FACE_VERSION

    async def beat(self, request: web.Request) -> web.Response:
        self.beats.append(msgspec.json.decode(await request.read(), type=Heartbeat))
        wish = DesiredCamera(CAMERA, uuid.UUID(int=1), "rtsp://c", 10.0, "yolo_pose", "1", 3, face=True, gait=False)
        wish = msgspec.structs.replace(wish, face_version=self.version)
        state = DesiredState(self.version, 60.0, [wish])
        return web.Response(body=msgspec.json.encode(state), content_type="application/json")


@asynccontextmanager
async def working(urls: dict[str, str], service: Wanting, home: Path) -> AsyncIterator[tuple[Running, asyncio.Event]]:
    from tests.nvds import pyds

    settings = Settings(
        PENNYPROTECT_HOME=home, REDIS_URL=urls["bus"], MEMORY_REDIS_URL=urls["memory"], TRITON_URL="127.0.0.1:1",
        PENNYPROTECT_SERVICE_URL=service.url, PENNYPROTECT_WORKER_KEY=KEY, PENNYPROTECT_RING_MB=0,
    )  # fmt: skip
    rows = np.random.default_rng(1).integers(30, 220, (150, 100), np.uint8)
    parts = SimpleNamespace(cut=lambda _buffer, _number, box: CopiedHead(rows, box[0], box[1], 1280, 720))
    stop, running = asyncio.Event(), Running(urls)
    task = asyncio.create_task(worker.serve(settings, stop, PydsReader(pyds), lambda _folder: parts))
    try:
        yield running, stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 60)
        await running.close()


async def probes_of(memory: "redis.Redis", version: str) -> list[ProbeEmbedding]:
    """Waited for: the faces that were sent by this version, three at least."""
    async with asyncio.timeout(90):
        while True:
            found = [decode_probe(fields[FIELD]) for _, fields in await memory.xrange(probes_stream(shard_of(CAMERA)))]
            mine = [each for each in found if isinstance(each, ProbeEmbedding) and each.model_version == version]
            if len(mine) >= 3:
                return mine
            await asyncio.sleep(0.05)


@pytest.mark.timeout(300)
async def test_frames_faces_and_versions_reach_the_bus_a_slow_one_holds_no_probe_up_and_the_end_drains(
    valkeys: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def find(_self: TritonFaces, _picture: Any, _most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        asked.append(version)
        box, embedding = np.array([[9, 9, 49, 60, 0.9]], np.float32), np.full((1, 128), 0.5, np.float32)
        return FaceAnswer(box, np.zeros((1, 4, 2), np.float32), np.full((1, 5), 0.7, np.float32), embedding)

    monkeypatch.setattr(TritonFaces, "find", find)
    monkeypatch.setattr(worker, "check_outputs", lambda *_about: asyncio.sleep(0))
    taken = list(inspect.signature(Graph).parameters)
    assert (taken[3], taken[7], "numbers" in taken) == ("on_change", "probes", True), "the graph's own way of being made"
    monkeypatch.setattr(building, "Graph", Played)
    monkeypatch.setattr(Played, "running", [])
    service = Wanting()
    async with serving(service), working(valkeys, service, tmp_path) as (seen, stop):
        frames = await seen.until_frames(CAMERA, 5)
        assert {frame.policy_revision for frame in frames} == {3}
        assert all(len(frame.track_ids) == 2 for frame in frames)
        (graph,) = Played.running
        released = await probes_of(seen.memory, FACE_VERSION)
        assert all(probe.picture[:2] == b"\xff\xd8" for probe in released)
        assert asked == [], "nvinferserver's own answer was enough"
        service.version = "1002"  # promoted
        pushed = await probes_of(seen.memory, "1002")
        assert {float(probe.embedding_array()[0]) for probe in pushed} == {0.5}
        assert set(asked) == {"1002"}
        assert (len(Played.running), graph.opened) == (1, 1), "no graph was made and no source opened for it"
        await seen.memory.client_pause(120_000, all=False)  # takes no writes
        before = graph.batches
        async with asyncio.timeout(90):
            while graph.batches < before + 20:
                await asyncio.sleep(0.05)
        assert (await seen.frames(CAMERA))[-1].sequence < graph.batches - 10, "it really takes none"
        await seen.memory.client_unpause()
        began = time.time() * 1e6
        async with asyncio.timeout(90):
            while (await seen.frames(CAMERA))[-1].captured_at_us < began:
                await asyncio.sleep(0.05)
        stop.set()
        async with asyncio.timeout(90):
            while (await seen.health(CAMERA))[-1].state is not CameraState.STOPPED:
                await asyncio.sleep(0.05)
        async with asyncio.timeout(90):
            while (await seen.frames(CAMERA))[-1].sequence != graph.batches - 1:
                await asyncio.sleep(0.05)
        assert await seen.tracklets(CAMERA), "the tracks that were open ended with it"
