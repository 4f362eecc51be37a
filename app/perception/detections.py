"""Persons found in one frame, as a structure of arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from app.perception.keypoints import KEYPOINT_COUNT

Float32 = npt.NDArray[np.float32]
UInt64 = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Detections:
    """`n` persons of one frame; pixels of that frame, origin top left, x right, y down.

    Attributes:
        boxes: (n, 4) float32, x1 y1 x2 y2.
        scores: (n,) float32 in [0, 1].
        keypoints: (n, 17, 3) float32, x y score in COCO order.
    """

    boxes: Float32
    scores: Float32
    keypoints: Float32

    def __post_init__(self) -> None:
        n = len(self.scores)
        if self.boxes.shape != (n, 4) or self.keypoints.shape != (n, KEYPOINT_COUNT, 3):
            raise ValueError(f"shapes disagree: boxes {self.boxes.shape}, keypoints {self.keypoints.shape}, n {n}")

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def empty(cls) -> Self:
        """No person."""
        return cls(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, KEYPOINT_COUNT, 3), np.float32))

    def parts(self, counts: Sequence[int]) -> list[Self]:
        """The first `counts[0]` of them, the next `counts[1]`, and so on: views."""
        found, end = [], 0
        for count in counts:
            begin, end = end, end + count
            found.append(type(self)(self.boxes[begin:end], self.scores[begin:end], self.keypoints[begin:end]))
        return found

    def take(self, index: npt.NDArray[np.intp] | npt.NDArray[np.bool_]) -> Self:
        """The persons at `index` (integer or boolean), in that order."""
        return type(self)(self.boxes[index], self.scores[index], self.keypoints[index])


def joined(frames: Sequence[Detections]) -> tuple[Detections, list[int]]:
    """The persons of several frames, one after another, and how many each has."""
    parts = [np.concatenate([getattr(each, name) for each in frames]) for name in ("boxes", "scores", "keypoints")]
    return Detections(*parts), [len(each) for each in frames]


@dataclass(frozen=True, slots=True)
class TrackedDetections:
    """Detections with the track each belongs to: `track_ids` is (n,) uint64, unique within a worker epoch."""

    detections: Detections
    track_ids: UInt64

    def __len__(self) -> int:
        return len(self.track_ids)
