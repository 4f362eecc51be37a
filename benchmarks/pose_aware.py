"""A tracker that looks at keypoints where boxes overlap, as an experiment of `bench tracking`; the product does not use it.

Where two tracks' boxes overlap and both poses go on clearly better the other way round, the tracks change names.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections, TrackedDetections
from app.tracking.tracker import Tracker

OVERLAP: Final = 0.2
"""IoU from which two tracks are looked at."""

MARGIN: Final = 0.15
"""By how much the two similarities together must be better the other way round; they add up to 0..2."""

REMEMBERED_US: Final = 3_000_000
"""A pose or a name unused for longer is forgotten: longer than the tracker keeps a lost track."""

OLDEST_US: Final = 1_000_000
SEEN_SCORE: Final = 0.3
FEWEST_POINTS: Final = 4
_SPREAD = np.array([26, 25, 25, 35, 35, 79, 79, 72, 72, 62, 62, 107, 107, 87, 87, 89, 89]) / 1000
"""Of each point, of COCO's object keypoint similarity."""
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class _Pose:
    at_us: int
    points: Floats
    before: tuple[int, Floats] | None


def overlap(one: Floats, others: Floats) -> Floats:
    """(n,) IoU of corners (4,) and (n, 4)."""
    low, high = np.maximum(one[:2], others[:, :2]), np.minimum(one[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    found: Floats = shared / np.maximum((one[2:] - one[:2]).prod() + areas - shared, 1e-9)
    return found


def similarity(one: Floats, other: Floats, area: float) -> float:
    """Object keypoint similarity, 0..1, of two (17, 3) over what is seen in both; 0.5, which decides nothing, of too little."""
    seen = (one[:, 2] >= SEEN_SCORE) & (other[:, 2] >= SEEN_SCORE)
    if seen.sum() < FEWEST_POINTS:
        return 0.5
    off = ((one[:, :2] - other[:, :2]) ** 2).sum(axis=1) / (2 * area * (2 * _SPREAD) ** 2 + 1e-9)
    return float(np.exp(-off[seen]).mean())


class PoseAware:
    """Another tracker, corrected. Not thread-safe."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self._names: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._poses: OrderedDict[int, _Pose] = OrderedDict()

    def update(self, detections: Detections, at_us: int) -> TrackedDetections:
        """See `Tracker.update`."""
        found = self._tracker.update(detections, at_us)
        ids = found.track_ids.tolist()
        boxes, points = found.detections.boxes, found.detections.keypoints
        for each in ids:
            self._names[each] = (self._names.get(each, (each, 0))[0], at_us)
            self._names.move_to_end(each)
        for row in range(len(ids) - 1):
            near = np.flatnonzero(overlap(boxes[row], boxes[row + 1 :]) >= OVERLAP) + row + 1
            for other in near.tolist():
                self._compare((ids[row], ids[other]), boxes[[row, other]], points[[row, other]], at_us)
        names = [self._names[each][0] for each in ids]
        for name, point in zip(names, points, strict=True):
            last = self._poses.get(name)
            self._poses[name] = _Pose(at_us, point, None if last is None else (last.at_us, last.points))
            self._poses.move_to_end(name)
        self._forget(at_us)
        return TrackedDetections(found.detections, np.array(names, np.uint64))

    def _compare(self, pair: tuple[int, int], boxes: Floats, points: Floats, at_us: int) -> None:
        names = [self._names[each][0] for each in pair]
        expected = [self._expected(name, at_us) for name in names]
        if expected[0] is None or expected[1] is None:
            return
        area = float((boxes[:, 2:] - boxes[:, :2]).prod(axis=1).mean())
        straight = similarity(expected[0], points[0], area) + similarity(expected[1], points[1], area)
        crossed = similarity(expected[0], points[1], area) + similarity(expected[1], points[0], area)
        if crossed > straight + MARGIN:
            self._names[pair[0]], self._names[pair[1]] = (names[1], at_us), (names[0], at_us)

    def _expected(self, name: int, at_us: int) -> Floats | None:
        """Its points now, had the body gone on as it did. None where it was not seen of late."""
        last = self._poses.get(name)
        if last is None or at_us - last.at_us > OLDEST_US:
            return None
        if last.before is None or last.at_us - last.before[0] > OLDEST_US:
            return last.points
        gone = (last.points[:, :2].mean(axis=0) - last.before[1][:, :2].mean(axis=0)) / max(last.at_us - last.before[0], 1)
        moved = last.points.copy()
        moved[:, :2] += gone * (at_us - last.at_us)
        return moved

    def _forget(self, at_us: int) -> None:
        while self._names and at_us - next(iter(self._names.values()))[1] > REMEMBERED_US:
            self._names.popitem(last=False)
        while self._poses and at_us - next(iter(self._poses.values())).at_us > REMEMBERED_US:
            self._poses.popitem(last=False)
