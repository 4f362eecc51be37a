"""Pose and gait models for the service's tests: somebody walks through every clip, and is known by the clip's first pixel.

`tests/integration/inference/test_gait.py` holds for `DrawnGait` and the real model.
"""

import io
from collections.abc import Sequence
from typing import Any

import av
import numpy as np

from app.identity.gait.walking import WalkReader
from app.inference.gait.client import GaitResult, PoseSequence
from app.inference.gait.features import features
from app.inference.gait.quality import Unfit, quality, unfit
from app.perception.detections import Detections
from tests.unit.inference.walker import body, from_the_side

FPS = 15


def clip(seconds: float, level: int = 40) -> bytes:
    """A grey MP4 clip; `level` is what `StrollingPose` goes by."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for _ in range(round(seconds * FPS)):
            frame = av.VideoFrame.from_ndarray(np.full((120, 160, 3), level, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


class StrollingPose:
    """`PoseModel`: one person who walks on with every frame; in clips brighter than 150 two, in black ones nobody."""

    def __init__(self) -> None:
        self.frames = 0

    async def detect(self, frames: Sequence[Any]) -> list[Detections]:
        return [self._one(int(each.pixels[0, 0, 0])) for each in frames]

    def _one(self, level: int) -> Detections:
        self.frames += 1
        count = 2 if level > 150 else 0 if level < 10 else 1
        at = np.array([self.frames / FPS])
        points = np.repeat(from_the_side(body(at, stride_hz=0.9)), count, axis=0).astype(np.float32)
        return Detections(np.zeros((count, 4), np.float32), np.full(count, 0.9, np.float32), points)


class DrawnGait:
    """`GaitModel`: quality and features are the real ones, the embedding follows from the cadence alone."""

    async def look(self, sequences: Sequence[PoseSequence]) -> list[GaitResult | Unfit]:
        return [self._one(each) for each in sequences]

    def _one(self, sequence: PoseSequence) -> GaitResult | Unfit:
        points, times = np.asarray(sequence.keypoints, np.float64), np.asarray(sequence.times_s, np.float64)
        if (why := unfit(points, times)) is not None:
            return why
        found = features(points, times)
        drawn = np.random.default_rng(round((found.cadence_steps_per_min or 0) / 10)).standard_normal(128)
        vector = (drawn / np.linalg.norm(drawn)).astype(np.float32)
        return GaitResult(vector, quality(points, times, found), found, "gait_embedding", "1")


def sequence() -> PoseSequence:
    """What `StrollingPose` shows of five seconds."""
    times = np.arange(1, 5 * FPS + 1) / FPS
    return PoseSequence(from_the_side(body(times, stride_hz=0.9)).astype(np.float32), times)


def reader(*_models: object) -> WalkReader:
    """The product's reader over both."""
    return WalkReader(StrollingPose(), DrawnGait())
