"""The floor of one camera: from four points of the picture that are corners of a known rectangle on it, places in metres.

Without it rules measure in body heights, which holds where a body is seen whole and from the side. With it they measure the
floor itself, so that the way towards the camera counts like the way across. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Point = tuple[float, float]

BODY_M = 1.7
"""What a body height is where metres are known: rules keep their settings in body heights."""
SHORTEST_M, LONGEST_M = 0.5, 100.0
LEAST_AREA = 0.002
"""Share of the picture that the four points must enclose: less, and a pixel is a step."""
LEAST_SINE = 0.05
"""Of each corner's angle: three points nearly on one line tell no plane."""
FARTHEST = 3.0
"""Rectangle lengths off its middle beyond which places are not believed: near the horizon a pixel is metres."""


@dataclass(frozen=True, slots=True)
class Ground:
    """A camera's floor.

    Attributes:
        matrix: 3 x 3, shares of the picture (x right, y down) to metres along and across the rectangle.
        middle, reach_m: places farther from `middle` than `reach_m` are not believed.
    """

    matrix: tuple[tuple[float, float, float], ...]
    middle: Point
    reach_m: float

    def metres(self, x: npt.ArrayLike, y: npt.ArrayLike) -> Floats:
        """(..., 2) places of foot points; NaN at and above the horizon, and where a place is too far off to be believed."""
        at_x, at_y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        (a, b, c), (d, e, f), (g, h, i) = self.matrix
        depth = g * at_x + h * at_y + i
        with np.errstate(divide="ignore", invalid="ignore"):
            places = np.stack([(a * at_x + b * at_y + c) / depth, (d * at_x + e * at_y + f) / depth], axis=-1)
            far = np.hypot(places[..., 0] - self.middle[0], places[..., 1] - self.middle[1]) > self.reach_m
        places[~(depth > 0) | far] = np.nan
        return places

    def apart(self, one: Point, other: Point) -> float | None:
        """Metres between two foot points; None where one of them is no place on the floor."""
        (x1, y1), (x2, y2) = self.metres([one[0], other[0]], [one[1], other[1]]).tolist()
        distance = float(np.hypot(x2 - x1, y2 - y1))
        return distance if np.isfinite(distance) else None


def ground_of(corners: Sequence[Sequence[float]], first_m: float, second_m: float) -> Ground:
    """The floor on which `corners`, in their order around it, are a rectangle.

    `first_m` is the length of the side from the first corner to the second, `second_m` of that from the second to the third.

    Raises:
        ValueError: no such rectangle is seen like that; says why in words for who drew it.
    """
    points = np.asarray(corners, np.float64)
    if points.shape != (4, 2) or not np.isfinite(points).all() or (points < 0).any() or (points > 1).any():
        raise ValueError("Give four points inside the picture.")
    for length in (first_m, second_m):
        if not SHORTEST_M <= length <= LONGEST_M:
            raise ValueError(f"Both lengths must be between {SHORTEST_M:g} and {LONGEST_M:g} metres.")
    _check_corners(points)
    rectangle = np.array([[0.0, 0.0], [first_m, 0.0], [first_m, second_m], [0.0, second_m]])
    matrix = _homography(points, rectangle)
    depths = points @ matrix[2, :2] + matrix[2, 2]
    matrix *= np.sign(depths[0])  # in front of the camera is positive
    if not (depths * np.sign(depths[0]) > 0).all():
        raise ValueError("These four points cannot be a rectangle on the floor.")
    rows = tuple((float(row[0]), float(row[1]), float(row[2])) for row in matrix)
    return Ground(rows, (first_m / 2, second_m / 2), FARTHEST * max(first_m, second_m))


def _check_corners(points: Floats) -> None:
    """Four corners of a convex outline, none of them flat, of some size."""
    sides = np.roll(points, -1, axis=0) - points
    lengths = np.hypot(sides[:, 0], sides[:, 1])
    if (lengths < 0.01).any():
        raise ValueError("Two of the points are in the same place.")
    following = np.roll(sides, -1, axis=0)
    turns = (sides[:, 0] * following[:, 1] - sides[:, 1] * following[:, 0]) / (lengths * np.roll(lengths, -1))
    if (np.abs(turns) < LEAST_SINE).any():
        raise ValueError("Three of the points are on one line.")
    if not ((turns > 0).all() or (turns < 0).all()):
        raise ValueError("Give the corners in their order around the rectangle; its sides must not cross.")
    x, y = points[:, 0], points[:, 1]
    if abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2 < LEAST_AREA:
        raise ValueError("The rectangle is too small in the picture; take points farther apart.")


def _homography(source: Floats, target: Floats) -> Floats:
    """(3, 3) that takes four points to four points, by the direct linear transform (Hartley and Zisserman 2004, 4.1)."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y, -u])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y, -v])
    matrix: Floats = np.linalg.svd(np.array(rows))[2][-1].reshape(3, 3)
    return matrix
