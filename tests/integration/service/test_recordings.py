"""A real worker, a real stream, the real service: from an alert to a clip that plays; masks; a worker that dies on the way."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.settings import Settings
from app.workers.cpu import worker
from tests.integration.capture.rtsp_server import Behaviour, h264, rtsp_server
from tests.integration.conftest import Valkey
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.workers.test_cpu_worker import StillPerson

MIDDLE = [[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]]


@asynccontextmanager
async def working(product: Product, bus: Valkey, memory: Valkey, home: Path) -> AsyncIterator[None]:
    given: dict[str, Any] = {
        "REDIS_URL": bus.url("worker"), "MEMORY_REDIS_URL": memory.url("worker"), "TRITON_URL": "127.0.0.1:1",
        "PENNYPROTECT_HOME": home, "PENNYPROTECT_SERVICE_URL": product.base, "PENNYPROTECT_WORKER_KEY": WORKER_KEY,
    }  # fmt: skip
    stop = asyncio.Event()
    task = asyncio.create_task(worker.run(Settings(_env_file=None, **given), stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 15)


async def ask_for_clip(product: Product, camera: dict[str, Any], *, before_s: float = 3, after_s: float = 1) -> str:
    """Raise an alert now; of its clip only so much is wanted, or this would take half a minute."""
    alert = await product.alert(camera)
    await product.sql(
        "UPDATE evidence SET wanted_from = now() - make_interval(secs => $1), wanted_to = now() + make_interval(secs => $2)"
        " WHERE type = 'clip' AND alert_id = $3",
        before_s, after_s, uuid.UUID(alert),
    )  # fmt: skip
    listed = (await product.ask("GET", f"/api/v1/evidence?alert_id={alert}"))[1]["items"]
    return str(next(each["id"] for each in listed if each["type"] == "clip"))


async def until(product: Product, evidence_id: str, *states: str, seconds: float = 30) -> dict[str, Any]:
    ends = time.monotonic() + seconds
    while True:
        piece = (await product.ask("GET", f"/api/v1/evidence/{evidence_id}"))[1]
        if piece["state"] in states or time.monotonic() > ends:
            assert piece["state"] in states, piece
            return dict(piece)
        await asyncio.sleep(0.1)


async def content(product: Product, evidence_id: str) -> list[np.ndarray]:
    status, body = await product.ask("GET", f"/api/v1/evidence/{evidence_id}/content")
    assert status == 200
    with av.open(BytesIO(body)) as container:
        return [frame.to_ndarray(format="yuv420p") for frame in container.decode(video=0)]


async def lively(product: Product, camera: dict[str, Any]) -> None:
    """Wait until the worker has had the stream for a while."""
    for _ in range(200):
        frames = await product.memory.xlen(f"frames:{uuid.UUID(camera['id']).bytes[-1] % 64:02d}")
        if frames >= 20:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("no frames came")


@pytest.fixture
def pose(monkeypatch: pytest.MonkeyPatch) -> StillPerson:
    model = StillPerson()
    monkeypatch.setattr(worker.Models, "of", lambda _self, _lane: model)
    return model


async def add_camera(product: Product, url: str) -> dict[str, Any]:
    body = {"store_id": await product.store(), "name": "Door", "url": url}
    status, made = await product.ask("POST", "/api/v1/cameras", body)
    assert status == 201, made
    return dict(made)


async def test_a_clip_comes_masked_or_not_and_survives_a_killed_worker(
    product: Product, bus: Valkey, memory: Valkey, pose: StillPerson, tmp_path: Path
) -> None:
    home, objects = tmp_path / "worker", product.settings.home / "objects"
    with rtsp_server(Behaviour(h264(320, 240))) as stream:
        camera = await add_camera(product, stream.url())
        async with working(product, bus, memory, home):
            await lively(product, camera)
            clip = await ask_for_clip(product, camera)
            piece = await until(product, clip, "present")
            pictures = await content(product, clip)
            recorded = [np.datetime64(piece[each][:26]) for each in ("recorded_from", "recorded_to")]
            wanted = [np.datetime64(piece[each][:26]) for each in ("wanted_from", "wanted_to")]
            assert recorded[0] <= wanted[0]
            assert abs(recorded[1] - wanted[1]) < np.timedelta64(300, "ms")
            assert len(pictures) > 40
            assert not piece["masked"]
            boxes = (await product.ask("GET", f"/api/v1/evidence/{clip}/boxes"))[1]["frames"]
            assert len(boxes) >= 5
            assert boxes[-1]["persons"][0][1:] == [0.0625, 0.0833, 0.25, 0.8333]

            mask = {"name": "Keypad", "polygon": MIDDLE}
            assert (await product.ask("POST", f"/api/v1/cameras/{camera['id']}/masks", mask))[0] == 201
            await asyncio.sleep(2.5)  # the next desired state
            clip = await ask_for_clip(product, camera, before_s=4)  # which began before there was a mask
            assert (await until(product, clip, "present"))["masked"]
            for picture in await content(product, clip):
                assert np.abs(picture[75:165, 95:225].astype(int) - 16).max() <= 8

            objects.rename(objects.with_name("away"))
            objects.write_bytes(b"a disk that takes nothing")
            clip = await ask_for_clip(product, camera)
            await until(product, clip, "uploading")
            await asyncio.sleep(1)
        assert len(list((home / "spool").iterdir())) == 2
        objects.unlink()
        objects.with_name("away").rename(objects)
        pose.down = True
        async with working(product, bus, memory, home):
            assert (await until(product, clip, "present"))["masked"]
        assert list((home / "spool").iterdir()) == []
        custody = (await product.ask("GET", f"/api/v1/evidence/{clip}/custody"))[1]
        assert ([each["act"] for each in custody["items"]], custody["whole"]) == (["registered"], True)
