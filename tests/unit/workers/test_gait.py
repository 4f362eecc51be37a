"""The gait path of the worker: what is held of a track and for how long, and what is let go of the moment a policy says so."""

import asyncio
import time
import uuid
from collections.abc import Callable, Sequence

import numpy as np
from prometheus_client import CollectorRegistry

from app.contracts.biometrics import GaitEmbedding
from app.contracts.control import DesiredCamera, DesiredState
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.inference.gait.client import GaitResult, PoseSequence
from app.inference.gait.features import features
from app.inference.gait.quality import FEWEST_FRAMES, Unfit, quality, unfit
from app.workers.control import Grant
from app.workers.gait import GaitStage
from app.workers.gait_tracks import AGAIN_US, ENOUGH_US, IDLE_S, MOST_LOOKS, MOST_TRACKS, WINDOW_US, GaitTracks
from app.workers.telemetry import GaitMetrics
from tests.unit.workers.loading import Loading

CAMERA, STORE = uuid.UUID(int=1), uuid.UUID(int=2)
STEP_US = 100_000
RANDOM = np.random.default_rng(5)


def frame(number: int, *tracks: int, revision: int = 3) -> TrackedFrame:
    points = RANDOM.uniform(50, 400, (len(tracks), 17, 3)).astype(np.float32)
    points[..., 2] = 0.9
    none = floats(np.zeros((len(tracks), 4), np.float32))
    at_us = 1_000_000_000 + number * STEP_US
    ids = list(tracks)
    return TrackedFrame(
        CAMERA, 1, number, at_us, at_us, 640, 480, revision, ids, none, floats(np.zeros(len(ids))), floats(points)
    )


def grant(*, gait: bool = True, face: bool = False, revision: int = 3, age_s: float = 0.0) -> Grant:
    camera = DesiredCamera(CAMERA, STORE, "rtsp://x", 10.0, "yolo_pose", "1", revision, face, gait)
    return Grant(DesiredState("r", 10.0, [camera]), time.monotonic() - age_s)


def test_a_track_is_looked_at_after_four_seconds_again_after_eight_and_three_times_at_most() -> None:
    tracks, looks = GaitTracks(), []
    for number in range(600):
        tracks.see(frame(number, 7), 0.0)
        looks += [(number, each) for each in tracks.due(0.0, 16)]
    moments = [number * STEP_US for number, _ in looks]
    assert len(moments) == MOST_LOOKS
    assert moments[0] == ENOUGH_US
    assert set(np.diff(moments)) == {AGAIN_US}
    assert all(len(each.sequence.times_s) >= FEWEST_FRAMES and not each.ended for _, each in looks)
    assert max(each.sequence.times_s[-1] for _, each in looks) <= WINDOW_US / 1e6


def test_a_track_that_ended_is_looked_at_once_unless_it_was_and_nothing_of_it_stays() -> None:
    tracks = GaitTracks()
    for number in range(10):
        tracks.see(frame(number, 1), 0.0)
    for number in range(10, 60):
        tracks.see(frame(number, 2), 0.0)
    assert [each.track[2] for each in tracks.due(0.0, 16)] == [2]
    (ended,) = tracks.due(IDLE_S + 0.1, 16)
    assert (ended.track[2], ended.ended, len(ended.sequence.times_s)) == (1, True, 10)
    assert len(tracks) == 0


def test_what_goes_is_overwritten_and_the_number_of_tracks_is_bounded() -> None:
    tracks = GaitTracks()
    tracks.see(frame(0, 1), 0.0)
    held = tracks._held[CAMERA, 1, 1].frames[0][1]
    tracks.keep(lambda _camera, revision: revision == 3)
    assert held.any()
    tracks.see(frame(1, 1, revision=4), 0.0)
    assert not held.any(), "seen under another policy"
    gone = sum(tracks.see(frame(2, *range(first, first + 100)), 0.0) for first in range(100, 100 + MOST_TRACKS + 100, 100))
    assert len(tracks) == MOST_TRACKS
    assert gone == 101
    kept = [each.frames[0][1] for each in tracks._held.values()]
    tracks.forget()
    assert not any(each.any() for each in kept)
    assert len(tracks) == 0


class Model:
    """Answers as the real one does, with an embedding of its own; `during` happens while it thinks."""

    def __init__(self) -> None:
        self.asked: list[PoseSequence] = []
        self.during: Callable[[], None] = lambda: None

    async def look(self, sequences: Sequence[PoseSequence]) -> list[GaitResult | Unfit]:
        self.asked += sequences
        await asyncio.sleep(0)
        self.during()
        return [self._one(each) for each in sequences]

    def _one(self, sequence: PoseSequence) -> GaitResult | Unfit:
        points, times = np.asarray(sequence.keypoints, np.float64), np.asarray(sequence.times_s, np.float64)
        if (reason := unfit(points, times)) is not None:
            return reason
        found = features(points, times)
        return GaitResult(np.full(128, 1 / np.sqrt(128), np.float32), quality(points, times, found), found, "gait_embedding", "1")


class Bench:
    """A stage, its present grant, and what it emitted."""

    def __init__(self) -> None:
        self.grant, self.model, self.loading = grant(), Model(), Loading()
        self.emitted: list[tuple[GaitEmbedding, Callable[[], bool]]] = []
        self.stage = GaitStage(
            lambda: self.grant, self.model, self.loading, lambda said, ok: self.emitted.append((said, ok)),
            GaitMetrics(CollectorRegistry()),
        )  # fmt: skip
        self.stop = asyncio.Event()

    async def __aenter__(self) -> "Bench":
        self._running = asyncio.create_task(self.stage.run(self.stop))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.stop.set()
        await asyncio.wait_for(self._running, 10)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not true():
                await asyncio.sleep(0.02)

    def walk(self, frames: int, track: int = 7, revision: int = 3) -> None:
        for number in range(frames):
            self.stage.offer(frame(number, track, revision=revision))


async def test_a_walk_is_told_with_its_features_and_a_short_one_with_the_reason_when_it_ended() -> None:
    async with Bench() as bench:
        await bench.until(lambda: bench.loading.acts == ["load"])
        bench.walk(60)
        bench.walk(12, track=8)
        await bench.until(lambda: len(bench.emitted) == 2)
    (long, may), (short, _) = bench.emitted
    assert (long.track_id, long.store_id, long.policy_revision, long.reason) == (7, STORE, 3, "")
    assert long.embedding_array().shape == (128,)
    assert long.features["cadence_steps_per_min"] is None or long.features["cadence_steps_per_min"] > 0
    assert long.quality["frames"] == 60
    assert long.way_array().shape[1] == 3
    assert 0 < len(long.way_array()) <= 17, "where the feet were, for who knows the floor"
    assert short.way == b""
    assert (short.track_id, short.reason, short.embedding) == (8, Unfit.TOO_FEW_FRAMES.value, b"")
    assert not any(each.keypoints.any() for each in bench.model.asked), "keypoints are overwritten after use"
    assert may()
    bench.grant = grant(gait=False)
    assert not may(), "what waits is not sent when the switch went off"
    assert bench.loading.acts == ["load", "unload"]


async def test_rule_1_nothing_is_held_asked_or_loaded_with_the_switch_off_whatever_face_says() -> None:
    async with Bench() as bench:
        bench.grant = grant(gait=False, face=True)
        for _ in range(3):
            bench.walk(60)
            await asyncio.sleep(0.3)
        assert (bench.model.asked, bench.loading.acts, bench.emitted) == ([], [], [])
        bench.grant = grant()
        await bench.until(lambda: bench.loading.acts == ["load"])
        bench.walk(60, revision=2)  # another policy
        bench.model.during = lambda: setattr(bench, "grant", grant(gait=False))
        bench.walk(60)
        await bench.until(lambda: bench.loading.acts == ["load", "unload"])
    assert len(bench.model.asked) == 1
    assert bench.emitted == [], "the switch went off while the model thought"
