"""The face path of the worker: which heads are tried, and what is let go of the moment a policy says so."""

import asyncio
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

import cv2
import numpy as np
import pytest
from av import VideoFrame
from prometheus_client import CollectorRegistry

from app.capture.polygons import Polygons
from app.contracts.biometrics import ProbeEmbedding
from app.contracts.control import DesiredCamera, DesiredState
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.inference.face_client import FaceAnswer
from app.inference.loading import NotLoadedError
from app.workers.best_shot import APART_US, MOST_SHOTS, MOST_TRIES, TRACKS_KEPT, Shots, head_of
from app.workers.control import Grant, permitted, wanted
from app.workers.cpu.face_crop import crop
from app.workers.cpu.faces import FaceStage
from app.workers.face_asking import FaceAsking
from app.workers.model_reports import Readings
from app.workers.telemetry import FaceMetrics
from tests.unit.workers.loading import Loading

CAMERA = uuid.UUID(int=1)


def looking(eye: float = 10.0, nose: float = 0.0, score: float = 0.9) -> np.ndarray:
    """Keypoints of somebody whose eyes are 2 `eye` apart round (200, 100)."""
    points = np.full((17, 3), score, np.float32)
    points[0, :2], points[1, :2], points[2, :2] = (200 + nose, 100 + eye), (200 + eye, 100), (200 - eye, 100)
    return points


def grant(*, face: bool = True, revision: int = 3, age_s: float = 0.0, masks: Polygons = ()) -> Grant:
    camera = DesiredCamera(
        CAMERA, CAMERA, "rtsp://x", 5.0, "yolo_pose", "1", revision, face, False, masks=[list(each) for each in masks]
    )
    return Grant(DesiredState("r", 10.0, [camera]), time.monotonic() - age_s)


NOBODY = np.zeros((17, 3), np.float32)


@pytest.mark.parametrize(
    "person", [looking(4.9), looking(nose=8), looking(score=0.4), looking(-10.0), np.full_like(NOBODY, np.nan), NOBODY]
)
def test_small_turned_uncertain_and_hidden_heads_are_left_alone(person: np.ndarray) -> None:
    assert head_of(person, 640, 480) is None


def test_a_head_is_cut_inside_the_frame() -> None:
    found = head_of(looking(), 640, 480)
    assert found is not None
    assert found.box[2] - found.box[0] == 100
    assert found.box[0] <= 190 <= 210 <= found.box[2]
    assert head_of(looking(), 640, 20) is None
    larger, turned = head_of(looking(15), 640, 480), head_of(looking(nose=4), 640, 480)
    assert larger is not None
    assert turned is not None
    assert larger.merit > found.merit > turned.merit


def test_shots_of_a_track_are_few_better_and_apart() -> None:
    shots, track = Shots(), (CAMERA, 1, 7)
    assert shots.take(track, 10, 0)
    assert not shots.take(track, 99, APART_US - 1)
    shots.taken(track, 10)
    assert not shots.take(track, 10.5, APART_US)
    given, at_us, merit = 1, APART_US, 10.0
    for _ in range(50):
        at_us, merit = at_us + APART_US, merit * 1.2
        if shots.take(track, merit, at_us):
            shots.taken(track, merit)
            given += 1
    assert given == MOST_SHOTS
    other = (CAMERA, 1, 8)
    assert sum(shots.take(other, 10, number * APART_US) for number in range(50)) == MOST_TRIES
    for number in range(TRACKS_KEPT + 10):
        shots.take((CAMERA, 2, number), 1, 0)
    assert len(shots) == TRACKS_KEPT


def test_a_crop_is_the_same_part_of_the_picture() -> None:
    pixels = np.zeros((120, 160, 3), np.uint8)
    pixels[40:80, 60:100] = (200, 30, 60)
    frame = VideoFrame.from_ndarray(pixels, format="rgb24")
    for form in ("yuv420p", "rgb24"):
        part = crop(frame.reformat(format=form), (61, 41, 99, 79))
        assert part.shape == (40, 40, 3)
        assert np.abs(part[5:-5, 5:-5].astype(int) - (200, 30, 60)).max() < 12


def test_rule_01_worker_needs_a_fresh_grant_of_the_same_revision_that_says_face() -> None:
    now = time.monotonic()
    assert permitted(grant(), CAMERA, 3, now)
    assert permitted(grant(face=False), CAMERA, 3, now) is None
    assert permitted(grant(revision=4), CAMERA, 3, now) is None
    assert permitted(grant(age_s=4.1), CAMERA, 3, now) is None
    assert permitted(grant(), uuid.UUID(int=2), 3, now) is None
    assert permitted(Grant(), CAMERA, 3, now) is None
    assert wanted(grant(), now)
    assert not wanted(grant(face=False), now)
    assert not wanted(grant(age_s=4.1), now)


class Model:
    """Answers one good face; `during` happens while it thinks."""

    def __init__(self) -> None:
        self.calls = 0
        self.quality = 0.9
        self.during: Callable[[], None] = lambda: None
        self.versions: list[str] = []
        self.pictures: list[np.ndarray] = []

    async def find(self, picture: np.ndarray, most: int = 1, version: str = "1") -> FaceAnswer:
        self.calls += 1
        self.versions.append(version)
        self.pictures.append(picture)
        await asyncio.sleep(0)
        self.during()
        one = np.ones((1, 5), np.float32)
        return FaceAnswer(one * 40, np.zeros((1, 4, 2), np.float32), one * self.quality, np.ones((1, 4), np.float32) / 2)


class Bench:
    """A stage, its present grant, and what it emitted."""

    def __init__(self) -> None:
        self.grant, self.model, self.loading = grant(), Model(), Loading()
        self.emitted: list[tuple[ProbeEmbedding, Callable[[], bool]]] = []
        self.registry, self.readings = CollectorRegistry(), Readings()
        self.stage = FaceStage(
            lambda: self.grant, self.model, self.loading, lambda probe, ok: self.emitted.append((probe, ok)),
            FaceMetrics(self.registry), self.readings.looked_at_faces,
        )  # fmt: skip
        self.frame = VideoFrame.from_ndarray(np.zeros((480, 640, 3), np.uint8), format="rgb24")

    def see(self, people: int = 1, revision: int = 3) -> None:
        keypoints = floats(np.stack([looking()] * people))
        none = floats(np.zeros((people, 5), np.float32))
        ids = list(range(people))
        self.stage.offer(self.frame, TrackedFrame(CAMERA, 1, 1, 10**9, 10**9, 640, 480, revision, ids, none, none, keypoints))

    def dropped(self, why: str) -> float:
        return self.registry.get_sample_value("pennyprotect_worker_faces_dropped_total", {"why": why}) or 0.0


async def running(bench: Bench, act: Callable[[], None], settle_s: float = 0.15) -> None:
    stop = asyncio.Event()
    task = asyncio.create_task(bench.stage.run(stop))
    await asyncio.sleep(0.05)
    act()
    await asyncio.sleep(settle_s)
    with suppress(TimeoutError):  # of a crowd on a loaded machine; what waits for models that never come stays
        async with asyncio.timeout(5):
            while bench.stage._waiting:
                await asyncio.sleep(0.02)
    await asyncio.sleep(0.05)
    stop.set()
    await asyncio.wait_for(task, 20)


async def test_a_face_is_emitted_under_its_revision_and_models_go_at_the_end() -> None:
    bench = Bench()
    await running(bench, bench.see)
    ((probe, sendable),) = bench.emitted
    assert (probe.policy_revision, probe.track_id, probe.store_id) == (3, 0, CAMERA)
    assert probe.embedding_array().tolist() == [0.5] * 4
    assert "embedding" not in repr(probe)
    assert sendable()
    bench.grant = grant(revision=4)
    assert not sendable(), "what waits for Redis is dropped when the policy changes"
    assert bench.loading.acts == ["load", "unload"]


async def test_a_server_that_started_anew_is_asked_to_load_them_again() -> None:
    bench, stop = Bench(), asyncio.Event()

    def gone() -> None:
        if len(bench.loading.acts) < 2:
            raise NotLoadedError("It does not serve faces now.")

    bench.model.during = gone
    task = asyncio.create_task(bench.stage.run(stop))
    async with asyncio.timeout(30):
        while not bench.emitted:
            bench.stage._shots.forget()
            bench.see()
            await asyncio.sleep(0.02)
    stop.set()
    await asyncio.wait_for(task, 20)
    assert bench.loading.acts == ["load", "load", "unload"]


async def test_rule_01_worker_off_loads_nothing_and_asks_nothing() -> None:
    bench = Bench()
    bench.grant = grant(face=False)
    await running(bench, bench.see)
    assert (bench.model.calls, bench.emitted, bench.loading.acts) == (0, [], [])


async def test_rule_01_worker_drops_an_answer_whose_policy_changed_meanwhile() -> None:
    bench = Bench()

    def off() -> None:
        bench.grant = grant(face=False, revision=4)

    bench.model.during = off
    await running(bench, lambda: bench.see(5))
    assert bench.model.calls == 1
    assert bench.emitted == []
    assert bench.dropped("policy") >= 1


async def test_a_stale_revision_and_a_crowd_beyond_the_bound() -> None:
    bench = Bench()
    await running(bench, lambda: bench.see(revision=2))
    assert bench.model.calls == 0
    bench = Bench()
    await running(bench, lambda: bench.see(40), settle_s=1.0)
    assert bench.dropped("full") == 24
    assert len(bench.emitted) == 16


async def test_poor_faces_are_counted_and_not_emitted() -> None:
    bench = Bench()
    bench.model.quality = 0.1
    await running(bench, bench.see)
    assert bench.emitted == []
    assert bench.dropped("quality") == 1


async def test_answers_are_summed_for_drift_and_one_that_came_too_late_is_not() -> None:
    bench = Bench()
    await running(bench, bench.see)
    report = bench.readings.take(CAMERA)
    assert report is not None
    (reading,) = report.readings
    assert (reading.model, reading.version, reading.frames, reading.persons) == ("face_embedding", 1, 1, 1)
    assert (reading.score_sum, reading.quality_sum, reading.norm_sum) == pytest.approx((40.0, 0.9, 1.0))
    bench = Bench()
    bench.model.during = lambda: setattr(bench, "grant", grant(face=False, revision=4))
    await running(bench, bench.see)
    assert bench.readings.take(CAMERA) is None, "nothing is measured of faces that may not be looked at"


LEFT_HALF = [[(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]]
BELOW = [[(0.0, 0.25), (1.0, 0.25), (1.0, 1.0), (0.0, 1.0)]]


async def test_a_head_under_a_mask_that_was_drawn_since_its_frame_is_not_looked_at() -> None:
    bench = Bench()
    bench.grant = grant(masks=LEFT_HALF)
    await running(bench, bench.see)
    assert (bench.model.calls, bench.dropped("mask")) == (0, 1)


async def test_a_policy_that_ends_while_masks_are_drawn_leaves_the_model_unasked() -> None:
    bench = Bench()
    bench.registry = CollectorRegistry()
    asking = FaceAsking(bench.model, FaceMetrics(bench.registry))
    assert await asking.ask(np.zeros((64, 64, 3), np.uint8), grant().state.cameras[0], lambda: None) is None
    assert (bench.model.calls, bench.dropped("policy")) == (0, 1)


async def test_a_mask_in_force_is_drawn_over_the_head_s_picture() -> None:
    bench = Bench()
    bench.frame = VideoFrame.from_ndarray(np.full((480, 640, 3), 200, np.uint8), format="rgb24")
    bench.grant = grant(masks=BELOW)  # eyes at 100 of 480 pixels, the mask from 120 on
    await running(bench, bench.see)
    (seen,) = bench.model.pictures
    ((probe, sendable),) = bench.emitted
    assert seen[:20].min() > 190
    assert seen[-20:].max() == 0
    shown = cv2.imdecode(np.frombuffer(probe.picture, np.uint8), cv2.IMREAD_COLOR)
    assert shown[-15:].max() < 20
    assert sendable()
    bench.grant = grant(masks=LEFT_HALF)
    assert not sendable(), "what waits for Redis is dropped when a mask is drawn"


async def test_a_face_whose_masks_change_while_it_is_looked_at_is_not_sent() -> None:
    bench = Bench()
    bench.model.during = lambda: setattr(bench, "grant", grant(masks=BELOW))
    await running(bench, bench.see)
    assert bench.emitted == []
    assert bench.dropped("mask") == 1
