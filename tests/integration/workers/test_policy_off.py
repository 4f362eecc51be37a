"""Rule 1 at the worker: Triton's own counters of the face models, with a store that allows faces beside one that does not.

Triton, Valkey, RTSP and the worker are real; the pose network is stood in for by a person who always looks at the camera,
and the service by one that answers heartbeats, so that it can be frozen.
"""

import asyncio
import os
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import redis.asyncio as redis
from aiohttp import web
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

from app.contracts.biometrics import decode_probe, probes_stream
from app.contracts.control import DesiredCamera, DesiredState
from app.contracts.wire import FIELD
from app.inference.face_client import FaceAnswer, TritonFaces
from app.inference.picture import Picture
from app.kit.ids import shard_of
from app.perception.detections import Detections
from app.settings import Settings
from app.workers import best_shot
from app.workers.cpu import worker
from tests.integration.capture.rtsp_server import Behaviour, h264, rtsp_server
from tests.integration.inference.conftest import CHECKOUT, Server, triton
from tests.integration.workers.test_cpu_worker import CAMERAS, KEY, Service, serving, valkeys

__all__ = ["triton", "valkeys"]
ALLOWS, FORBIDS = CAMERAS
WIDE = 200
"""Pixels: crops of the larger camera, which is the forbidding store's, are higher."""
PATIENCE_S = 60.0
STOP_S = 5.0
CUT_S = 4.0


class Looking:
    """One person, eyes as far apart as a tenth of the picture's width, so that crops tell the cameras apart."""

    async def detect(self, frames: Sequence[Picture]) -> list[Detections]:
        return [self._person(frame.width) for frame in frames]

    def _person(self, width: int) -> Detections:
        eye = width / 20
        keypoints = np.full((1, 17, 3), 0.9, np.float32)
        keypoints[0, :3, :2] = [(160, 110), (160 + eye, 100), (160 - eye, 100)]
        return Detections(np.array([[20, 20, 300, 200]], np.float32), np.array([0.9], np.float32), keypoints)


class Policies(Service):
    """A service whose stores' face switches can be turned, and which can be frozen."""

    def __init__(self) -> None:
        super().__init__()
        self.face = {ALLOWS: False, FORBIDS: False}
        self.revision = {ALLOWS: 1, FORBIDS: 1}
        self.frozen = False
        self.answered: list[float] = []

    async def beat(self, request: web.Request) -> web.Response:
        if self.frozen:
            await asyncio.sleep(60)
        await request.read()
        cameras = [
            DesiredCamera(
                camera, uuid.uuid5(camera, "store"), url, 10.0, "yolo_pose", "1", self.revision[camera], self.face[camera], False
            )
            for camera, url in self.wanted.items()
        ]
        self.answered.append(time.monotonic())
        state = DesiredState(f"{self.revision}{self.face}", 10.0, cameras)
        return web.Response(body=msgspec.json.encode(state), content_type="application/json")

    def turn(self, camera: uuid.UUID, on: bool) -> None:
        self.face[camera] = on
        self.revision[camera] += 1


async def calls(client: aio.InferenceServerClient, model: str = "face_pipeline") -> int | None:
    """Requests Triton counts for a model, good and bad; None when it is not loaded."""
    try:
        found = await client.get_inference_statistics(model, as_json=True, client_timeout=5)
    except InferenceServerException:
        return None
    stats = [entry["inference_stats"] for entry in found["model_stats"]]
    return sum(int(each.get(kind, {}).get("count", 0)) for each in stats for kind in ("success", "fail"))


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.05)


async def until_called(client: aio.InferenceServerClient, seconds: float = 90.0) -> None:
    async with asyncio.timeout(seconds):
        while not await calls(client):
            await asyncio.sleep(0.1)


class InFlight:
    """Between Triton and the worker: every answer becomes a good face, and one of a wide crop can be kept in flight."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, ...]] = []
        self.wide_waits, self.let_go = asyncio.Event(), asyncio.Event()
        self.let_go.set()
        self._real = TritonFaces.find

    def patch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand between them from now on."""

        async def find(faces: TritonFaces, picture: Any, most: int = 1, version: str = "1") -> FaceAnswer:
            self.asked.append(picture.shape)
            await self._real(faces, picture, most)
            if picture.shape[0] >= WIDE and not self.let_go.is_set():
                self.wide_waits.set()
                await self.let_go.wait()
            one = np.ones((1, 5), np.float32)
            return FaceAnswer(one * 40, np.zeros((1, 4, 2), np.float32), one * 0.9, np.full((1, 512), 0.5, np.float32))

        monkeypatch.setattr(TritonFaces, "find", find)


async def emitted(memory: "redis.Redis") -> dict[uuid.UUID, set[int]]:
    """Revisions of the face messages that lie in the memory server, by camera."""
    found: dict[uuid.UUID, set[int]] = {}
    for camera in CAMERAS:
        for _, fields in await memory.xrange(probes_stream(shard_of(camera))):
            probe = decode_probe(fields[FIELD])
            found.setdefault(probe.camera_id, set()).add(probe.policy_revision)
    return found


async def last_change(client: aio.InferenceServerClient, seconds: float) -> float:
    """Seconds from now until the counter last moved, watched for `seconds`."""
    began, last, before = time.monotonic(), 0.0, await calls(client)
    while time.monotonic() - began < seconds:
        await asyncio.sleep(0.1)
        now = await calls(client)
        if now is not None and now != before:
            last, before = time.monotonic() - began, now
    return last


@pytest.mark.timeout(300)
async def test_rule_01_worker_calls_no_face_model_of_a_store_that_does_not_allow_it(
    triton: Server, valkeys: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    between = InFlight()
    between.patch(monkeypatch)
    asked = between.asked
    monkeypatch.setattr(worker.Models, "of", lambda _self, _lane: Looking())
    for name, value in {"MOST_TRIES": 10**9, "MOST_SHOTS": 10**9, "BETTER": 0.0}.items():
        monkeypatch.setattr(best_shot, name, value)  # or calls would end by themselves
    monkeypatch.setattr("tests.integration.workers.test_cpu_worker.Service", Policies)
    home = triton.models.parents[1]
    settings = Settings(
        PENNYPROTECT_HOME=home,
        PENNYPROTECT_CACHE=Path(os.environ.get("PENNYPROTECT_CACHE", CHECKOUT / ".cache")),
        PENNYPROTECT_ACCEPT_LICENSES=True,
        PENNYPROTECT_WORKER_KEY=KEY,
        REDIS_URL=valkeys["bus"],
        MEMORY_REDIS_URL=valkeys["memory"],
        TRITON_URL=triton.url,
    )
    client, memory, stop = aio.InferenceServerClient(triton.url), redis.Redis.from_url(valkeys["memory"]), asyncio.Event()
    with rtsp_server(Behaviour(h264(320, 240))) as one, rtsp_server(Behaviour(h264(640, 480))) as two:
        async with serving() as service:
            assert isinstance(service, Policies)
            service.wanted = {ALLOWS: one.url(), FORBIDS: two.url()}
            settings = settings.model_copy(update={"service_url": service.url})
            running = asyncio.create_task(worker.run(settings, stop))
            try:
                await asyncio.sleep(6)
                assert await calls(client) is None, "a fresh install loads no face model"
                assert asked == []
                service.turn(ALLOWS, True)
                await until_called(client)
                await asyncio.sleep(3)
                assert len(asked) > 3
                assert {shape[:2] for shape in asked} == {asked[0][:2]}
                assert asked[0][0] < WIDE, "only the small picture's heads, which are the allowing store's"
                assert set(await emitted(memory)) == {ALLOWS}
                await _switched_off_in_flight(service, between, memory)
                service.turn(ALLOWS, False)
                assert await last_change(client, 9) <= STOP_S
                assert await calls(client) is None, "no store needs them, so they are unloaded"
                service.turn(ALLOWS, True)
                await until_called(client)
                service.frozen = True
                count = len(asked)
                assert await last_change(client, 8) <= CUT_S
                assert len(asked) >= count
                await asyncio.sleep(0.5)
                assert await calls(client) is None
            finally:
                stop.set()
                between.let_go.set()
                await asyncio.wait_for(running, 30)
                await client.close()
                await memory.aclose()


async def _switched_off_in_flight(service: Policies, between: InFlight, memory: "redis.Redis") -> None:
    """Two stores' faces go through one queue; one of them is switched off while Triton's answer for it is on its way."""
    service.turn(FORBIDS, True)
    await until(lambda: any(shape[0] >= WIDE for shape in between.asked))
    between.let_go.clear()
    async with asyncio.timeout(PATIENCE_S):
        await between.wide_waits.wait()
    service.turn(FORBIDS, False)
    told = len(service.answered)
    await until(lambda: len(service.answered) >= told + 2)  # the second question comes after the first answer was obeyed
    await memory.delete(*(probes_stream(shard_of(camera)) for camera in CAMERAS))
    before = len(between.asked)
    between.let_go.set()
    async with asyncio.timeout(PATIENCE_S):
        while ALLOWS not in (found := await emitted(memory)):
            await asyncio.sleep(0.05)
    assert set(found) == {ALLOWS}, "what was in flight, or waited, for the store that was switched off was emitted"
    assert all(shape[0] < WIDE for shape in between.asked[before:]), "a model was asked about it again"
