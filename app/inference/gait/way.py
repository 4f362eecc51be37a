"""Where somebody walked in the picture, in a few points, and how fast that is on a floor that is known in metres.

A worker knows no floor; who does makes metres of what the worker says.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from app.inference.gait.sequence import SEEN_SCORE
from app.perception.ground import Ground

Floats = npt.NDArray[np.floating]
STEP_S: Final = 0.5
"""One point for so long: about a step, so that neither foot's own swing is left."""
FEWEST_POINTS: Final = 4
FASTEST_M_PER_S: Final = 8.0
"""What is faster is a floor drawn wrongly, and not told."""
STRAIGHT_M: Final = 0.5
"""Further than this (root mean square) off one line at one pace, somebody turned or stopped: the line is slower than they are."""


def way_of(keypoints: Floats, times_s: Floats, width: int, height: int) -> npt.NDArray[np.float32]:
    """(k, 3) seconds, and x, y in shares of the picture, of the point between the ankles; of (n, 17, 3) pixels at (n,) seconds.

    Only frames that show both ankles count; k is at most one for each STEP_S.
    """
    shown = (keypoints[:, 15:17, 2] >= SEEN_SCORE).all(axis=1)
    if not shown.any() or width <= 0 or height <= 0:
        return np.empty((0, 3), np.float32)
    feet = keypoints[shown, 15:17, :2].mean(axis=1) / [width, height]
    at = np.asarray(times_s, np.float64)[shown]
    _, step = np.unique(np.floor((at - at[0]) / STEP_S), return_inverse=True)
    rows = np.concatenate([at[:, None], feet], axis=1)
    count = np.bincount(step)
    way = np.stack([np.bincount(step, rows[:, column]) / count for column in range(3)], axis=1)
    return way.astype(np.float32)


def speed_on(way: Floats, floor: Ground) -> float | None:
    """Metres a second along a (k, 3) way: of the straight line fitted to it.

    None where too little of it lies on the floor, and where it is no line: who turns round would be told to stand.
    """
    if len(way) < FEWEST_POINTS:
        return None
    places = floor.metres(way[:, 1], way[:, 2])
    known = np.isfinite(places).all(axis=1)
    if known.sum() < FEWEST_POINTS:
        return None
    at = way[known, 0].astype(np.float64)
    at -= at.mean()
    moved = places[known] - places[known].mean(axis=0)
    pace = at @ moved / (at @ at + 1e-9)
    off = float(np.sqrt(((moved - at[:, None] * pace) ** 2).sum(axis=1).mean()))
    speed = float(np.linalg.norm(pace))
    return speed if speed <= FASTEST_M_PER_S and off <= STRAIGHT_M else None


def with_metres(features: Mapping[str, float | bool | None], way: Floats, floor: Ground | None) -> dict[str, float | bool | None]:
    """Features of `inference.gait.features` by name, with speed and stride in metres where the floor tells them."""
    speed = None if floor is None else speed_on(way, floor)
    if speed is None:
        return dict(features)
    stride_s = features.get("stride_time_s")
    stride_m = None if stride_s is None else round(speed * stride_s, 4)
    return {**features, "speed_m_per_s": round(speed, 4), "stride_length_m": stride_m}
