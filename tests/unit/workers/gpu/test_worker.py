"""The fleet of pipelines over a graph that is stood in for: versions, masks, refusals, draining."""

import asyncio
import dataclasses
import io
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import msgspec
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from app.contracts.control import DesiredCamera, DesiredState, Recording, UploadWish
from app.contracts.tracked import CameraState
from app.kit.clock import now_us
from app.kit.errors import SetupError
from app.perception.detections import Detections
from app.workers.clips import Recorder
from app.workers.control import Grant
from app.workers.gpu import worker
from app.workers.gpu.building import Pipeline
from app.workers.gpu.faces import Faces
from app.workers.gpu.fleet import Fleet
from app.workers.gpu.gauges import GpuMetrics
from app.workers.gpu.graph import Change, Facts, State
from app.workers.gpu.handover import FrameCopy, Handover
from app.workers.gpu.packets import Packet
from app.workers.gpu.rings import CameraRing
from app.workers.gpu.sources import Sources
from app.workers.gpu.versions import Version
from app.workers.model_reports import Readings
from app.workers.shadow import Shadowing
from app.workers.spool import Spool
from app.workers.telemetry import FaceMetrics, WorkerMetrics
from tests.integration.capture.rtsp_server import h264
from tests.unit.workers.loading import Loading


def camera(number: int, version: str = "1") -> DesiredCamera:
    return DesiredCamera(uuid.UUID(int=number), uuid.UUID(int=9), "rtsp://c", 10.0, "yolo_pose", version, 3, False, gait=False)


class Said:
    """An emitter that keeps what it is given."""

    def __init__(self) -> None:
        self.frames: list[Any] = []
        self.health_of: dict[uuid.UUID, Any] = {}
        self.tracklets: list[Any] = []

    def frame(self, message: Any) -> None:
        self.frames.append(message)

    def health(self, message: Any) -> None:
        self.health_of[message.camera_id] = message

    def tracklet(self, message: Any) -> None:
        self.tracklets.append(message)


class Rig:
    def __init__(self, ring_bytes: int = 0) -> None:
        self.said, self.built, self.stopped, self.promoted = Said(), [], [], []
        self.wrong, self.asked = "", 0
        self.readings = Readings()
        self.shadow = Shadowing(lambda _model, _version: None, self.readings)  # type: ignore[arg-type,return-value]
        registry = CollectorRegistry()
        metrics = WorkerMetrics()
        faces = Faces(self.said, FaceMetrics(registry), None, Grant, self.readings.looked_at_faces)  # type: ignore[arg-type]
        self.fleet = Fleet(
            self._build, self._check, self._promote, self.said, metrics, GpuMetrics(registry), faces, self.shadow, ring_bytes
        )  # type: ignore[arg-type]

    async def _check(self, _key: Version) -> None:
        self.asked += 1
        if self.wrong:
            raise SetupError(self.wrong)

    def _build(self, key: Version, fleet: Fleet) -> Pipeline:
        self.built.append(key)
        graph = SimpleNamespace(want=lambda cameras: self.wanted.update({key: cameras}), facts=dict, stop=lambda: self._stop(key))
        probes = SimpleNamespace(wrong={})
        return Pipeline(key, graph, Sources(), Handover(fleet.wake), probes, SimpleNamespace())  # type: ignore[arg-type]

    wanted: dict[Version, Any]

    def _stop(self, key: Version) -> bool:
        self.stopped.append(key)
        return True

    def _promote(self, pipeline: Pipeline, new: Version, done: Callable[[bool], None]) -> None:
        self.promoted.append((pipeline.key, new))
        done(True)


def frame(connection: int = 1, picture: Any = None) -> FrameCopy:
    found = Detections(np.array([[1, 1, 50, 90]], np.float32), np.array([0.9], np.float32), np.ones((1, 17, 3), np.float32))
    return FrameCopy(
        0,
        connection,
        0,
        1_700_000_000_000_000,
        1280,
        720,
        found,
        np.array([2**63], np.uint64),
        everybody=found,
        answered_s=0.03,
        picture=picture,
    )


async def test_versions_move_in_place_and_a_canary_beside() -> None:
    rig = Rig()
    rig.wanted = {}
    one, two = Version("yolo_pose", "1"), Version("yolo_pose", "2")
    rig.fleet.want({each.camera_id: each for each in (camera(1), camera(2))})
    await rig.fleet._reconcile()
    assert (rig.built, set(rig.wanted[one])) == ([one], {uuid.UUID(int=1), uuid.UUID(int=2)})
    rig.fleet.want({each.camera_id: each for each in (camera(1, "2"), camera(2, "2"))})
    await rig.fleet._reconcile()
    assert (rig.built, rig.promoted, rig.stopped) == ([one], [(one, two)], [])
    rig.fleet.want({each.camera_id: each for each in (camera(1, "2"), camera(2, "3"))})
    await rig.fleet._reconcile()
    assert rig.built == [one, Version("yolo_pose", "3")]
    assert set(rig.wanted[one]) == {uuid.UUID(int=1)}, "the graph that was built for version 1"
    await rig.fleet.close()
    assert rig.fleet.ids() == []


class Held(Loading):
    """A server that may start anew, holding nothing."""

    serves = False

    async def ready(self) -> bool:
        return self.serves

    async def load(self) -> None:
        await super().load()
        self.serves = True

    async def close(self) -> None:
        """Nothing to close."""


async def test_face_models_that_a_server_lost_as_it_started_anew_are_loaded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "LOOK_S", 0.01)
    rig, held, stop = Rig(), Held(), asyncio.Event()
    wish = msgspec.structs.replace(camera(1), face=True)

    def grant() -> Grant:
        return Grant(DesiredState("r", 10.0, [wish]), time.monotonic())

    async def until(*acts: str) -> None:
        async with asyncio.timeout(30):
            while held.acts != [*acts]:
                await asyncio.sleep(0.01)

    task = asyncio.create_task(worker._mind_faces(rig.fleet, rig.fleet._faces, grant, held, stop))  # type: ignore[arg-type]
    await until("load")
    held.serves = False
    await until("load", "load")
    assert rig.fleet.faces_on
    wish = msgspec.structs.replace(wish, face=False)
    held.serves = False
    await until("load", "load", "unload")
    stop.set()
    await asyncio.wait_for(task, 20)


async def test_a_wrong_model_is_refused_with_a_sentence() -> None:
    rig = Rig()
    rig.wanted = {}
    rig.wrong = "answers 84, its contract says 56"
    rig.fleet.want({uuid.UUID(int=2): camera(2)})
    await rig.fleet._reconcile()
    assert rig.built == []
    assert rig.wrong in rig.said.health_of[uuid.UUID(int=2)].reason


async def test_a_server_that_goes_away_for_long_ends_the_pipeline_is_asked_again_and_the_cameras_say_so_until_it_is_back() -> (
    None
):
    rig = Rig()
    rig.wanted = {}
    key = Version("yolo_pose", "1")
    rig.fleet.want({uuid.UUID(int=1): camera(1)})
    await rig.fleet._reconcile()
    rig.fleet.fatal(key, "The inference server does not answer.")
    rig.wrong = "Triton at triton:8001 does not answer"
    await asyncio.sleep(0)
    await rig.fleet._reconcile()
    assert (rig.stopped, rig.fleet.pipelines, rig.built) == ([key], {}, [key])
    said = rig.said.health_of[uuid.UUID(int=1)]
    assert (said.state, said.reason) == (CameraState.RECONNECTING, "The inference server does not answer.")
    pauses = []
    for _ in range(12):  # minutes, in which it is asked each time the pause is over and not once more
        pauses.append(rig.fleet._due[key] - time.monotonic())
        asked = rig.asked
        await rig.fleet._reconcile()
        assert rig.asked == asked
        rig.fleet._due[key] = 0.0
        await rig.fleet._reconcile()
        assert (rig.asked, rig.built) == (asked + 1, [key])
    assert pauses[0] < 3
    assert 7 < max(pauses) < 31
    assert rig.wrong in rig.said.health_of[uuid.UUID(int=1)].reason
    rig.wrong, rig.fleet._due[key] = "", 0.0
    await rig.fleet._reconcile()
    assert (rig.built, list(rig.fleet.pipelines), set(rig.wanted[key])) == ([key, key], [key], {uuid.UUID(int=1)})
    assert key not in rig.fleet._failures, "the next outage begins with short pauses again"


async def test_masks_reach_the_graph_with_their_camera_and_what_could_not_be_masked_is_counted() -> None:
    rig = Rig()
    rig.wanted = {}
    masked = msgspec.structs.replace(camera(1), masks=[[(0, 0), (1, 0), (1, 1)]])
    rig.fleet.want({each.camera_id: each for each in (masked, camera(2))})
    await rig.fleet._reconcile()
    (wanted,) = rig.wanted.values()
    assert wanted[masked.camera_id].masks == (((0.0, 0.0), (1.0, 0.0), (1.0, 1.0)),)
    assert wanted[uuid.UUID(int=2)].masks == ()
    (pipeline,) = rig.fleet.pipelines.values()
    pipeline.graph.facts = lambda: {masked.camera_id: Facts(0, 1, State.RECONNECTING, 5, 5, (0, 0), 0, unmasked=3)}  # type: ignore[method-assign]
    for _ in range(2):
        rig.fleet._count()
    assert rig.fleet.gpu.wrong.labels("unmasked")._value.get() == 3


class Black:
    """A copied picture."""

    width, height = 1280, 720

    def draw(self, into: Any) -> None:
        into[:] = 0

    def pixels(self, long_side: int) -> Any:
        return np.zeros((long_side * 9 // 16, long_side, 3), np.uint8)


async def test_answers_are_reported_of_the_version_that_gave_them_and_a_shadow_is_asked_about_copied_frames() -> None:
    rig = Rig()
    rig.wanted = {}
    asked: list[tuple[str, str]] = []
    nobody = SimpleNamespace(detect=lambda _frames: asyncio.sleep(0, [Detections.empty()]))
    rig.shadow._model = lambda *key: asked.append(key) or nobody
    wish = msgspec.structs.replace(camera(1), shadow_version="1001")
    rig.fleet.want({wish.camera_id: wish})
    await rig.fleet._reconcile()
    (pipeline,) = rig.fleet.pipelines.values()
    for state in (State.CONNECTING, State.LIVE):
        rig.fleet.heard(lambda: pipeline, Change(wish.camera_id, 0, 1, state))
    stop, over = asyncio.Event(), asyncio.Event()
    tasks = [asyncio.create_task(rig.fleet.drain(over)), asyncio.create_task(rig.shadow.run(stop))]
    pipeline.handover.put(frame())
    pipeline.handover.put(frame(picture=Black()))
    async with asyncio.timeout(20):
        while not rig.readings._disagreements:
            await asyncio.sleep(0.01)
    rig.fleet.want({wish.camera_id: msgspec.structs.replace(wish, pose_version="2")})  # the pipeline still runs the first
    pipeline.handover.put(frame())
    pipeline.sources.unanswered[wish.camera_id] += 2
    async with asyncio.timeout(20):
        while len(rig.said.frames) < 3:
            await asyncio.sleep(0.01)
    for _ in range(2):
        rig.fleet._count()
    stop.set()
    over.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 20)
    report = rig.readings.take(uuid.UUID(int=7))
    assert report is not None
    (reading,), (compared,), (shown,) = report.readings, report.shadows, report.disagreements
    assert (reading.version, reading.frames, reading.persons, reading.failures) == (1, 3, 3, 2)
    assert (compared.version, compared.against, compared.frames, compared.only_old) == (1001, 1, 1, 1)
    assert (asked, shown.still[:2]) == ([("yolo_pose", "1001")], b"\xff\xd8")


class Stored:
    """Uploads that keep what they are given."""

    def __init__(self) -> None:
        self.pieces: dict[uuid.UUID, tuple[UploadWish, bytes]] = {}
        self.lost: dict[uuid.UUID, str] = {}

    async def store(self, evidence_id: uuid.UUID, wish: UploadWish, body: bytes) -> None:
        self.pieces[evidence_id] = wish, body

    async def give_up(self, evidence_id: uuid.UUID, reason: str) -> None:
        self.lost[evidence_id] = reason

    async def close(self) -> None:
        pass


async def test_recordings_are_cut_from_the_packets_masked_where_masks_are_and_uploaded_with_who_was_where(tmp_path: Path) -> None:
    rig = Rig(ring_bytes=1 << 22)
    rig.wanted = {}
    mask = [[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]]
    plain, masked, silent = camera(1), msgspec.structs.replace(camera(2), masks=mask), camera(3)
    cameras = {each.camera_id: each for each in (plain, masked, silent)}
    rig.fleet.want(cameras)
    await rig.fleet._reconcile()
    (pipeline,) = rig.fleet.pipelines.values()
    start_us, step_us, bodies = now_us() - 4_000_000, 1_000_000 // 15, h264(320, 240, frames=45)
    for pad, one in enumerate((plain, masked)):
        for state in (State.CONNECTING, State.LIVE):
            rig.fleet.heard(lambda: pipeline, Change(one.camera_id, pad, 1, state))
        for number, body in enumerate(bodies):
            slot = SimpleNamespace(camera=one.camera_id)
            rig.fleet.packet(slot, 1, Packet("h264", number * step_us * 1000, number % 15 == 0, body, b""))  # type: ignore[arg-type]
            if number == 5:  # the first pictures are analysed while packets come
                seen = dataclasses.replace(
                    frame(), source_id=pad, received_us=start_us + 15 * step_us, pts_ns=15 * step_us * 1000, width=320, height=240
                )
                rig.fleet._accept(pipeline, seen)
    span = start_us + 1_000_000, start_us + 2_500_000, start_us + 1_000_000
    wishes = ((plain, "clip"), (masked, "clip"), (masked, "still"), (silent, "clip"))
    asked = [Recording(uuid.UUID(int=70 + number), one.camera_id, kind, *span) for number, (one, kind) in enumerate(wishes)]
    stored, stop = Stored(), asyncio.Event()
    recorder = Recorder(lambda: asked, rig.fleet.recorded, stored, Spool(tmp_path), WorkerMetrics())  # type: ignore[arg-type]
    running = asyncio.create_task(recorder.run(stop))
    async with asyncio.timeout(100):
        while len(stored.pieces) + len(stored.lost) < 4:
            await asyncio.sleep(0.02)
    stop.set()
    await running
    assert "is gone, or never was" in stored.lost[uuid.UUID(int=73)]
    for number, is_masked in ((70, False), (71, True), (72, True)):
        wish, body = stored.pieces[uuid.UUID(int=number)]
        assert (wish.masked, len(body)) == (is_masked, wish.size)
        shown = pictures_of(body, wish.media_type)
        assert all((abs(picture[100:140, 20:120].astype(int) - 16) < 8).all() == is_masked for picture in shown)
    wish, body = stored.pieces[uuid.UUID(int=70)]
    assert abs(wish.from_us - start_us - 1_000_000) < 5_000
    (moment,) = [each for each in stored.pieces[uuid.UUID(int=72)][0].boxes if each.persons]
    assert moment.persons[0][0] == str(2**63)
    assert len(pictures_of(body, wish.media_type)) == 23


async def test_packets_that_wait_for_a_first_analysed_frame_are_never_more_than_the_ring_may_hold() -> None:
    ring = CameraRing(10_000)
    for number in range(50):
        ring.add(1, Packet("h264", number * 66_000_000, number % 10 == 0, b"x" * 1000, b""))
    ring.matched(1, 49 * 66_000_000, now_us(), (320, 240))
    ring.add(1, Packet("h264", 50 * 66_000_000, True, b"x" * 1000, b""))
    assert ring.ring.dropped + len(ring.ring.cut(0, 2**62)) <= 11, "what had to wait beyond it was let go before"
    ring.add(1, Packet("h264", 51 * 66_000_000, True, b"x" * 1000, b""))
    assert ring.ring.held_us > 0


async def test_a_fault_that_a_probe_sees_first_while_faults_are_counted_ends_nothing() -> None:
    rig = Rig()
    rig.wanted = {}
    rig.fleet.want({uuid.UUID(int=1): camera(1)})
    await rig.fleet._reconcile()
    (pipeline,) = rig.fleet.pipelines.values()
    wrong = pipeline.probes.wrong
    wrong.update(shape=1, batch=1)
    labels = rig.fleet.gpu.wrong.labels

    def meanwhile(why: str) -> Any:
        wrong[f"another than {why}"] = 1  # as a streaming thread may
        return labels(why)

    rig.fleet.gpu.wrong.labels = meanwhile  # type: ignore[method-assign,assignment]
    rig.fleet._count()
    assert {"another than shape", "another than batch"} <= wrong.keys()


def pictures_of(body: bytes, media_type: str) -> list[Any]:
    """Luma of every picture."""
    if media_type == "image/jpeg":
        found = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_GRAYSCALE)
        return [(found.astype(float) * 219 / 255 + 16).astype(np.uint8)]
    with av.open(io.BytesIO(body)) as container:
        return [each.to_ndarray(format="yuv420p")[:240] for each in container.decode(video=0)]


async def test_frames_become_messages_of_their_connection_and_what_waits_is_sent_at_the_end() -> None:
    rig = Rig()
    rig.wanted = {}
    rig.fleet.want({uuid.UUID(int=1): camera(1)})
    await rig.fleet._reconcile()
    (pipeline,) = rig.fleet.pipelines.values()
    for state in (State.CONNECTING, State.LIVE):
        rig.fleet.heard(lambda: pipeline, Change(uuid.UUID(int=1), 0, 1, state))
    over = asyncio.Event()
    drain = asyncio.create_task(rig.fleet.drain(over))
    pipeline.handover.put(frame())
    pipeline.handover.put(frame(connection=2))
    async with asyncio.timeout(20):
        while not rig.said.frames:
            await asyncio.sleep(0.01)
    assert rig.said.frames[0].track_ids == [2**63]
    assert rig.said.frames[0].policy_revision == 3
    rig.fleet.heard(lambda: pipeline, Change(uuid.UUID(int=1), 0, 2, State.RECONNECTING))
    rig.fleet.heard(lambda: pipeline, Change(uuid.UUID(int=1), 0, 2, State.LIVE))
    pipeline.handover.put(frame(connection=2))
    over.set()
    await asyncio.wait_for(drain, 20)
    first, second = rig.said.frames
    assert second.epoch > first.epoch
    assert [each.sequence for each in rig.said.frames] == [0, 0]
    await rig.fleet.close()
    assert len(rig.said.tracklets) == 2
    assert rig.said.health_of[uuid.UUID(int=1)].state is CameraState.STOPPED
