"""How far two versions of a pose model agree about one frame: boxes, keypoints, scores. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections, Float32

CERTAIN: Final = 0.4
"""A person of at least this score must be found by the other, too, however faintly; fainter ones may come and go."""
SAME: Final = 0.5
"""Intersection over union from which two boxes are one person."""
ALIKE: Final = 0.5
"""Object keypoint similarity below which two skeletons of one person are worth showing (COCO's loosest threshold)."""
SEEN: Final = 0.5
"""Score of a keypoint that is compared."""
_FALLOFF: Final = 2 * np.array(
    [.026, .025, .025, .035, .035, .079, .079, .072, .072, .062, .062, .107, .107, .087, .087, .089, .089], np.float64
)  # fmt: skip
"""Twice COCO's standard deviation of each keypoint (cocodataset.org/#keypoints-eval)."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One frame under two versions.

    Attributes:
        both, only_old, only_new: persons.
        overlaps: of the boxes of those in both.
        likenesses: OKS of those in both whose keypoints are seen.
        shifts: score of the new one less that of the old one, of those in both.
    """

    both: int
    only_old: int
    only_new: int
    overlaps: tuple[float, ...]
    likenesses: tuple[float, ...]
    shifts: tuple[float, ...]

    @property
    def least_likeness(self) -> float:
        """Of the persons in both; 1 without any."""
        return min(self.likenesses, default=1.0)

    @property
    def agrees(self) -> bool:
        """Whether nothing is worth showing to an engineer."""
        return not self.only_old and not self.only_new and self.least_likeness >= ALIKE


def overlaps(one: Float32, other: Float32) -> npt.NDArray[np.float64]:
    """Intersection over union of each of `one` (n, 4; x1 y1 x2 y2) with each of `other` (m, 4): (n, m)."""
    first, second = one.astype(np.float64), other.astype(np.float64)
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = (first[:, 2:] - first[:, :2]).prod(axis=1)[:, None] + (second[:, 2:] - second[:, :2]).prod(axis=1)[None, :]
    united = areas - shared
    found: npt.NDArray[np.float64] = np.divide(shared, united, out=np.zeros_like(shared), where=united > 0)
    return found


def likeness(old: Float32, new: Float32, area: float) -> float | None:
    """Object keypoint similarity of two skeletons (17, 3) of a person of `area` square pixels; None: nothing is seen."""
    seen = old[:, 2] >= SEEN
    if not seen.any() or area <= 0:
        return None
    off = ((new[seen, :2].astype(np.float64) - old[seen, :2]) ** 2).sum(axis=1)
    return float(np.exp(-off / (2 * area * _FALLOFF[seen] ** 2)).mean())


def compare(old: Detections, new: Detections) -> Compared:
    """How far `new` agrees with `old` about one frame; both in its pixels."""
    pairs = _pairs(overlaps(old.boxes, new.boxes))
    certain = [(i, j, shared) for i, j, shared in pairs if max(old.scores[i], new.scores[j]) >= CERTAIN]
    likenesses = []
    for i, j, _ in certain:
        width, height = (old.boxes[i, 2:] - old.boxes[i, :2]).astype(float)
        if (alike := likeness(old.keypoints[i], new.keypoints[j], width * height)) is not None:
            likenesses.append(alike)
    return Compared(
        both=len(certain),
        only_old=_alone(old, {i for i, _, _ in pairs}),
        only_new=_alone(new, {j for _, j, _ in pairs}),
        overlaps=tuple(shared for _, _, shared in certain),
        likenesses=tuple(likenesses),
        shifts=tuple(float(new.scores[j] - old.scores[i]) for i, j, _ in certain),
    )


def _pairs(shared: npt.NDArray[np.float64]) -> list[tuple[int, int, float]]:
    """The largest overlaps first, each person at most once."""
    found: list[tuple[int, int, float]] = []
    left = shared.copy()
    while left.size and (best := float(left.max())) >= SAME:
        i, j = (int(index) for index in np.unravel_index(int(left.argmax()), left.shape))
        found.append((i, j, best))
        left[i, :] = -1
        left[:, j] = -1
    return found


def _alone(found: Detections, matched: set[int]) -> int:
    return sum(int(index) not in matched for index in np.flatnonzero(found.scores >= CERTAIN))
