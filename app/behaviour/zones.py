"""Areas of a camera's picture, and which people stand in them: all people against all edges at once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

EVERYWHERE = ""
"""Area id of the whole picture, for rules that need no zone."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A polygon in shares of the picture, x right and y down; its edges may cross (even-odd rule)."""

    zone_id: str
    polygon: tuple[tuple[float, float], ...]


class ZoneSet:
    """The zones of one camera, prepared for `inside`.

    Attributes:
        ids: zone ids, in the order of `inside`'s columns.

    Raises:
        ValueError: a polygon has fewer than three corners or a corner that is no finite number.
    """

    __slots__ = ("_from_x", "_from_y", "_slope", "_starts", "_to_y", "ids")

    def __init__(self, zones: Sequence[Zone] = ()) -> None:
        self.ids = tuple(zone.zone_id for zone in zones)
        corners = [_corners(zone) for zone in zones]
        self._starts = np.cumsum([0, *(len(polygon) for polygon in corners)])[:-1]
        begin = np.concatenate(corners) if corners else np.empty((0, 2))
        end = np.concatenate([np.roll(polygon, -1, axis=0) for polygon in corners]) if corners else np.empty((0, 2))
        self._from_x, self._from_y, self._to_y = begin[:, 0], begin[:, 1], end[:, 1]
        rise = end[:, 1] - begin[:, 1]
        self._slope = np.divide(end[:, 0] - begin[:, 0], rise, out=np.zeros_like(rise), where=rise != 0)

    def inside(self, x: Sequence[float], y: Sequence[float]) -> list[list[bool]]:
        """(n people, z zones): whether each foot point lies in each zone, by the even-odd rule."""
        if not self.ids or not len(x):
            return [[] for _ in x]
        points_y = np.asarray(y, dtype=np.float64)[:, None]
        crosses = (self._from_y > points_y) != (self._to_y > points_y)
        crosses &= np.asarray(x, dtype=np.float64)[:, None] < self._slope * (points_y - self._from_y) + self._from_x
        within: list[list[bool]] = np.logical_xor.reduceat(crosses, self._starts, axis=1).tolist()
        return within


def _corners(zone: Zone) -> Floats:
    polygon = np.asarray(zone.polygon, dtype=np.float64)
    if polygon.ndim != 2 or polygon.shape[1] != 2 or len(polygon) < 3 or not np.isfinite(polygon).all():
        raise ValueError(f"zone {zone.zone_id} is no polygon of three or more [x, y] corners")
    return polygon
