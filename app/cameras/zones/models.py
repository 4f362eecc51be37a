"""Zones, and what makes a polygon one: 3 to 64 points in 0..1 of the picture, no edge crossing another, some area.

A zone of the kind `line` is a straight line of two points instead.
"""

import enum
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from app.kit.errors import BadInputError

FEWEST_POINTS = 3
MOST_POINTS = 64
LEAST_AREA = 1e-5
"""Of the picture: a polygon smaller than a few pixels of a full-HD frame is a slip of the mouse."""
LEAST_LENGTH = 0.01
"""Of a line, as a share of the picture."""

Point = tuple[float, float]


class ZoneKind(enum.StrEnum):
    """What a zone is for."""

    LOITERING = "loitering"
    ENTRY = "entry"
    LINE = "line"
    CROWDING = "crowding"
    QUEUE = "queue"
    SHELF = "shelf"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Zone:
    """A named polygon, or a line; x right, y down, in 0..1 of the picture."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    name: str
    kind: ZoneKind
    polygon: tuple[Point, ...]
    created_at: datetime


def check_outline(kind: ZoneKind, points: Sequence[Point]) -> tuple[Point, ...]:
    """The outline of a zone of that kind: a line's two points, anything else's polygon.

    Raises:
        BadInputError: with what is wrong with it.
    """
    if kind is not ZoneKind.LINE:
        return check_polygon(points)
    line = tuple((float(x), float(y)) for x, y in points)
    if len(line) != 2:
        raise BadInputError(f"A line has two points; this one has {len(line)}.")
    _check_in_picture(line)
    if (line[0][0] - line[1][0]) ** 2 + (line[0][1] - line[1][1]) ** 2 < LEAST_LENGTH**2:
        raise BadInputError("This line is too short to be crossed; draw it longer.")
    return line


def _check_in_picture(points: Sequence[Point]) -> None:
    if any(not (0 <= x <= 1 and 0 <= y <= 1) for x, y in points):
        raise BadInputError("Every point of a zone must lie in the picture: x and y between 0 and 1.")


def check_polygon(points: Sequence[Point]) -> tuple[Point, ...]:
    """The polygon, a repeated last point dropped.

    Raises:
        BadInputError: with what is wrong with it.
    """
    polygon = tuple((float(x), float(y)) for x, y in points)
    if len(polygon) > 1 and polygon[0] == polygon[-1]:
        polygon = polygon[:-1]
    if not FEWEST_POINTS <= len(polygon) <= MOST_POINTS:
        raise BadInputError(f"A zone needs {FEWEST_POINTS} to {MOST_POINTS} points; this one has {len(polygon)}.")
    _check_in_picture(polygon)
    if len(set(polygon)) != len(polygon) or _crosses_itself(polygon):
        raise BadInputError("The outline of a zone must not touch or cross itself; draw it in one turn around.")
    if area(polygon) < LEAST_AREA:
        raise BadInputError("This zone is too small to hold anybody; draw it larger.")
    return polygon


def area(polygon: Sequence[Point]) -> float:
    """Area by the shoelace formula, as a share of the picture."""
    closed = [*polygon, polygon[0]]
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(closed))) / 2


def _crosses_itself(polygon: Sequence[Point]) -> bool:
    edges = list(pairwise([*polygon, polygon[0]]))
    count = len(edges)
    for i in range(count):
        for j in range(i + 1, count):
            if j == i + 1 or (i == 0 and j == count - 1):
                if _folds_back(edges[i], edges[j], last=i == 0 and j == count - 1 and count > 2 and j != i + 1):
                    return True
            elif _touch(edges[i], edges[j]):
                return True
    return False


def _folds_back(one: tuple[Point, Point], other: tuple[Point, Point], *, last: bool) -> bool:
    """Whether neighbouring edges lie on each other. `last`: `other` ends where `one` begins."""
    shared, a, b = (one[0], one[1], other[0]) if last else (one[1], one[0], other[1])
    if _turn(shared, a, b) != 0:
        return False
    return (a[0] - shared[0]) * (b[0] - shared[0]) + (a[1] - shared[1]) * (b[1] - shared[1]) > 0


def _turn(a: Point, b: Point, c: Point) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _on(a: Point, b: Point, c: Point) -> bool:
    return min(a[0], b[0]) <= c[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= c[1] <= max(a[1], b[1])


def _touch(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    (a, b), (c, d) = one, other
    t1, t2, t3, t4 = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if ((t1 > 0) != (t2 > 0)) and ((t3 > 0) != (t4 > 0)) and 0 not in (t1, t2, t3, t4):
        return True
    return (t1 == 0 and _on(a, b, c)) or (t2 == 0 and _on(a, b, d)) or (t3 == 0 and _on(c, d, a)) or (t4 == 0 and _on(c, d, b))
