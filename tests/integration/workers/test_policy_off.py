"""Rule 1 at the worker: Triton's own counters of the face models, with a store that allows faces beside one that does not.

Triton, Valkey, RTSP and the worker are real; the pose network is stood in for by a person who always looks at the camera,
and the service by one that answers heartbeats, so that it can be frozen.
"""

import asyncio
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from aiohttp import web
from tritonclient.grpc import aio
from tritonclient.utils import InferenceServerException

from app.contracts.control import DesiredCamera, DesiredState
from app.inference.face_client import FaceAnswer, TritonFaces
from app.inference.picture import Picture
from app.perception.detections import Detections
from app.settings import Settings
from app.workers import best_shot
from app.workers.cpu import worker
from tests.integration.capture.rtsp_server import Behaviour, h264, rtsp_server
from tests.integration.inference.conftest import CHECKOUT, Server, triton
from tests.integration.workers.test_cpu_worker import CAMERAS, KEY, Service, serving, valkeys

__all__ = ["triton", "valkeys"]
ALLOWS, FORBIDS = CAMERAS
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
        self.revision = 1
        self.frozen = False

    async def beat(self, request: web.Request) -> web.Response:
        if self.frozen:
            await asyncio.sleep(60)
        await request.read()
        cameras = [
            DesiredCamera(
                camera, uuid.uuid5(camera, "store"), url, 10.0, "yolo_pose", "1", self.revision, self.face[camera], False
            )
            for camera, url in self.wanted.items()
        ]
        state = DesiredState(f"{self.revision}{self.face}", 10.0, cameras)
        return web.Response(body=msgspec.json.encode(state), content_type="application/json")

    def turn(self, camera: uuid.UUID, on: bool) -> None:
        self.face[camera], self.revision = on, self.revision + 1


async def calls(client: aio.InferenceServerClient, model: str = "face_pipeline") -> int | None:
    """Requests Triton counts for a model, good and bad; None when it is not loaded."""
    try:
        found = await client.get_inference_statistics(model, as_json=True, client_timeout=5)
    except InferenceServerException:
        return None
    stats = [entry["inference_stats"] for entry in found["model_stats"]]
    return sum(int(each.get(kind, {}).get("count", 0)) for each in stats for kind in ("success", "fail"))


async def until_called(client: aio.InferenceServerClient, seconds: float = 90.0) -> None:
    async with asyncio.timeout(seconds):
        while not await calls(client):
            await asyncio.sleep(0.1)


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
    asked: list[tuple[int, ...]] = []
    real = TritonFaces.find

    async def find(self: TritonFaces, picture: Any, most: int = 1) -> FaceAnswer:
        asked.append(picture.shape)
        return await real(self, picture, most)

    monkeypatch.setattr(TritonFaces, "find", find)
    monkeypatch.setattr(worker.Models, "of", lambda _self, _lane: Looking())
    monkeypatch.setattr(best_shot, "MOST_TRIES", 10**9)  # or calls would end by themselves
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
    client, stop = aio.InferenceServerClient(triton.url), asyncio.Event()
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
                assert asked[0][0] < 200, "only the small picture's heads, which are the allowing store's"
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
                await asyncio.wait_for(running, 30)
                await client.close()
