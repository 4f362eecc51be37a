"""A finished track as linking sees it, how cameras follow one another, and what a visit is. No name, no picture, no body."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from app.perception.ground import Point

KEEP: Final = timedelta(hours=24)
"""Each sighting of a visit is forgotten so long after its own end, unless an incident needs the visit."""
KEEP_CLOSED: Final = timedelta(days=30)
"""Visits of an incident's alerts stay while it is open, and so long after its last change once it is closed."""
MOST_METRES: Final = 200.0
"""Of a way between two cameras."""
LONGEST_VISIT_S: Final = 4 * 3600.0
"""What begins later than so long after a visit's begin is another visit: who works all day in a store leaves no endless path."""


class Key(NamedTuple):
    """Which finished track; a long one is told in pieces of the same camera, epoch and track."""

    camera_id: uuid.UUID
    epoch: int
    track_id: int
    started_at: datetime


class Stand(NamedTuple):
    """Where somebody stood: foot point and height of the box, all in shares of the picture."""

    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Track:
    """One finished track.

    Attributes:
        started_s, ended_s: seconds since 1970 on the cameras' common clock.
        first, last: where it began and ended.
        aspect: width of the picture over its height.
        visit_id: of the visit it was put to before; None for none.
        rivals: of its join, as it was put before.
        visit_began_s: when the earliest sighting of that visit began; `started_s` where nobody knows.
    """

    key: Key
    started_s: float
    ended_s: float
    first: Stand
    last: Stand
    aspect: float = 16 / 9
    visit_id: uuid.UUID | None = None
    rivals: int = 0
    visit_began_s: float | None = None


@dataclass(frozen=True, slots=True)
class Passage:
    """A way that people walk between the pictures of two cameras, in either direction.

    Attributes:
        area_a, area_b: where in each picture they leave and come in; None for anywhere.
        metres: to walk unseen; 0 where the pictures touch or overlap.
    """

    camera_a: uuid.UUID
    camera_b: uuid.UUID
    metres: float
    area_a: Sequence[Point] | None = None
    area_b: Sequence[Point] | None = None


@dataclass(frozen=True, slots=True)
class Before:
    """The track that came before another in one visit.

    Attributes:
        index: of the earlier track.
        rivals: at least so many other joins of either track are nearly as likely; 0 where there is no doubt.
    """

    index: int
    rivals: int


@dataclass(frozen=True, slots=True)
class Sighting:
    """One track of a visit; `rivals` as of its join to the track before it."""

    key: Key
    ended_at: datetime
    rivals: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit, its sightings from the first to the last; `left_out` more are farther from what was asked about."""

    id: uuid.UUID
    sightings: tuple[Sighting, ...]
    left_out: int = 0
