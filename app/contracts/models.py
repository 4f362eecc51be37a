"""What a worker measured of models: MessagePack of `ModelReport` to `POST /api/v1/workers/models`, some seconds' sums at a time.

Sums and counts only, but for the stills of disagreements, whose heads are blurred before they leave the worker.
"""

import bisect
import uuid
from typing import Final

import msgspec

from app.kit.decoding import one_error

LATENCY_MS: Final = (5, 10, 15, 20, 30, 40, 60, 80, 120, 160, 250, 400, 800, 1600, 3200)
"""Upper edges of the latency counts; one more count is for what took longer."""
LATENCIES: Final = len(LATENCY_MS) + 1
LARGEST_STILL: Final = 120_000
MOST_ROWS: Final = 4_000
MOST_STILLS: Final = 20


def latency_bucket(seconds: float) -> int:
    """Which of the counts a duration belongs to."""
    return bisect.bisect_left(LATENCY_MS, seconds * 1000)


def no_latencies() -> list[int]:
    """All counts at 0."""
    return [0] * LATENCIES


class ModelSums(msgspec.Struct, kw_only=True):
    """What a version answered.

    Attributes:
        frames, failures: answered, and asked without an answer.
        persons: found in them (heads with a face, of a face model).
        score_sum: of their scores.
        quality_sum: of the mean keypoint score of each (of a face's quality).
        norm_sum: of the embeddings' lengths; 0 of a pose model.
        latency: counts by `LATENCY_MS`.
    """

    frames: int = 0
    failures: int = 0
    persons: int = 0
    score_sum: float = 0.0
    quality_sum: float = 0.0
    norm_sum: float = 0.0
    latency: list[int] = msgspec.field(default_factory=no_latencies)


class ModelReading(ModelSums):
    """What one version answered of one camera since the last report."""

    camera_id: uuid.UUID
    model: str
    version: int


class ShadowSums(msgspec.Struct, kw_only=True):
    """The version in use and another one on the same frames (`models.comparison`).

    Attributes:
        frames, failures, skipped: compared, not answered by the other, not asked because it was busy.
        agreeing: frames in which nothing was worth showing.
        both, only_old, only_new: persons.
        overlap_sum: of the boxes of those in both.
        likeness_sum, likened: of the keypoints (OKS) of those in both whose keypoints are seen, and how many they are.
        shift_sum, shift_squares: of the score of the other less that of the one in use.
        latency_old, latency_new: counts by `LATENCY_MS`.
    """

    frames: int = 0
    failures: int = 0
    skipped: int = 0
    agreeing: int = 0
    both: int = 0
    only_old: int = 0
    only_new: int = 0
    overlap_sum: float = 0.0
    likeness_sum: float = 0.0
    likened: int = 0
    shift_sum: float = 0.0
    shift_squares: float = 0.0
    latency_old: list[int] = msgspec.field(default_factory=no_latencies)
    latency_new: list[int] = msgspec.field(default_factory=no_latencies)


class ShadowReading(ShadowSums):
    """The same of a camera since the last report.

    Attributes:
        version: the one that is tried without effects; `against`: the one the camera uses.
    """

    camera_id: uuid.UUID
    model: str
    version: int
    against: int


class Disagreement(msgspec.Struct, frozen=True):
    """A frame on which two versions disagree.

    Attributes:
        only_old, only_new: persons that one of them alone found.
        likeness: the least likeness of a person in both; 1 where none is unlike.
        still: JPEG with blurred heads; boxes of the version in use in green, of the other in magenta, no keypoints.
    """

    camera_id: uuid.UUID
    model: str
    version: int
    against: int
    captured_at_us: int
    only_old: int
    only_new: int
    likeness: float
    still: bytes


class ModelReport(msgspec.Struct, frozen=True):
    """One report; `id` makes a repetition harmless."""

    id: uuid.UUID
    worker_id: uuid.UUID
    readings: list[ModelReading]
    shadows: list[ShadowReading]
    disagreements: list[Disagreement]


decode_report = one_error(msgspec.msgpack.Decoder(ModelReport).decode)
