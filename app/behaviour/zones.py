"""Areas of a camera's picture, and which people stand in them: all people against all edges at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_FEW = 400
"""People times edges up to which one after the other is faster than all at once."""
_HAIR = 1e-6
EVERYWHERE = ""
"""Area id of the whole picture, for rules that need no zone."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon in shares of the picture, x right and y down; its edges may cross (even-odd rule)."""

    zone_id: str
    polygon: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A straight line in shares of the picture. Its arrow points to the right hand of whoever walks from `start` to `end`."""

    start: tuple[float, float]
    end: tuple[float, float]

    def place(self, x: float, y: float, aspect: float) -> tuple[float, float]:
        """(picture heights off the line, positive where the arrow points; share of the way from start to end)."""
        along_x, along_y = (self.end[0] - self.start[0]) * aspect, self.end[1] - self.start[1]
        to_x, to_y = (x - self.start[0]) * aspect, y - self.start[1]
        length = (along_x * along_x + along_y * along_y) ** 0.5
        if length <= 0:
            return 0.0, -1.0
        return (along_x * to_y - along_y * to_x) / length, (along_x * to_x + along_y * to_y) / (length * length)

    def between(self, x1: float, y1: float, x2: float, y2: float, aspect: float) -> bool:
        """Whether the straight way from one point to another on the other side passes between the line's ends."""
        (off1, share1), (off2, share2) = self.place(x1, y1, aspect), self.place(x2, y2, aspect)
        if off1 == off2:
            return False
        return 0.0 <= share1 + (share2 - share1) * off1 / (off1 - off2) <= 1.0


def line_of(zone: Zone) -> Line:
    """The line that a zone of two points is.

    Raises:
        ValueError: not two different points of finite numbers.
    """
    points = np.asarray(zone.polygon, dtype=np.float64)
    if points.shape != (2, 2) or not np.isfinite(points).all() or (points[0] == points[1]).all():
        raise ValueError(f"zone {zone.zone_id} is no line of two [x, y] points")
    return Line((float(points[0, 0]), float(points[0, 1])), (float(points[1, 0]), float(points[1, 1])))


class ZoneSet:
    """The zones of one camera, prepared for `inside`.

    Attributes:
        ids: zone ids, in the order of `inside`'s columns.

    Raises:
        ValueError: a polygon has fewer than three corners or a corner that is no finite number.
    """

    __slots__ = ("_edges", "_from_x", "_from_y", "_slope", "_starts", "_to_y", "_zones", "ids")

    def __init__(self, zones: Sequence[Zone] = ()) -> None:
        self._zones = tuple(zones)
        self.ids = tuple(zone.zone_id for zone in zones)
        corners = [_corners(zone) for zone in zones]
        self._starts = np.cumsum([0, *(len(polygon) for polygon in corners)])[:-1]
        begin = np.concatenate(corners) if corners else np.empty((0, 2))
        end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in corners]) if corners else np.empty((0, 2))
        self._from_x, self._from_y, self._to_y = begin[:, 0], begin[:, 1], end[:, 1]
        rise = end[:, 1] - begin[:, 1]
        self._slope = np.divide(end[:, 0] - begin[:, 0], rise, out=np.zeros_like(rise), where=rise != 0)
        edges = zip(self._from_x.tolist(), self._from_y.tolist(), self._to_y.tolist(), self._slope.tolist(), strict=True)
        by_zone = [[next(edges) for _ in polygon] for polygon in corners]
        # With a box around each, a hair wider than it is: nobody outside is inside.
        self._edges = [
            (*(polygon.min(axis=0) - _HAIR).tolist(), *(polygon.max(axis=0) + _HAIR).tolist(), each)
            for polygon, each in zip(corners, by_zone, strict=True)
        ]

    def only(self, kept: Sequence[int]) -> "ZoneSet":
        """The zones at these places of the order, in it."""
        return (
            self if len(kept) == len(self._zones) else ZoneSet([self._zones[index] for index in kept if index < len(self._zones)])
        )

    def inside(self, x: Sequence[float], y: Sequence[float]) -> list[list[bool]]:
        """(n people, z zones): whether each foot point lies in each zone, by the even-odd rule."""
        if not self.ids or not len(x):
            return [[] for _ in x]
        if len(x) * len(self._slope) <= _FEW:
            return [
                [
                    left <= at_x <= right and top <= at_y <= bottom and _within(edges, at_x, at_y)
                    for left, top, right, bottom, edges in self._edges
                ]
                for at_x, at_y in zip(x, y, strict=True)
            ]
        points_y = np.asarray(y, dtype=np.float64)[:, None]
        crosses = (self._from_y > points_y) != (self._to_y > points_y)
        crosses &= np.asarray(x, dtype=np.float64)[:, None] < self._slope * (points_y - self._from_y) + self._from_x
        within: list[list[bool]] = np.logical_xor.reduceat(crosses, self._starts, axis=1).tolist()
        return within


Edge = tuple[float, float, float, float]
"""x and y of its begin, y of its end, change of x per y."""


def _within(edges: Sequence[Edge], x: float, y: float) -> bool:
    """One point and one polygon, with the same arithmetic as all against all."""
    odd = False
    for from_x, from_y, to_y, slope in edges:
        if (from_y > y) != (to_y > y) and x < slope * (y - from_y) + from_x:
            odd = not odd
    return odd


def _corners(zone: Zone) -> Floats:
    polygon = np.asarray(zone.polygon, dtype=np.float64)
    if polygon.ndim != 2 or polygon.shape[1] != 2 or len(polygon) < 3 or not np.isfinite(polygon).all():
        raise ValueError(f"zone {zone.zone_id} is no polygon of three or more [x, y] corners")
    return polygon
