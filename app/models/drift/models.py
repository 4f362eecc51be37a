"""Drift of one version at one camera: pure."""

import statistics
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from app.models.readings.models import Sums

BASELINE_DAYS: Final = 14
"""The days before the last one that it is compared with."""
LEAST_DAYS: Final = 3
LEAST_FRAMES: Final = 1_000
LEAST_PERSONS: Final = 200
"""Of a day, below which it says nothing."""
FAR: Final = 4.0
"""Spreads from the median: so far off hardly any day of a quiet camera is by chance."""
_NORMAL: Final = 1.4826
"""Median absolute deviation to standard deviation of a normal distribution."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something of a day that may drift.

    Attributes:
        of: the day's value; None where it has none.
        enough: whether the day has seen enough to have one.
        least, share: the spread is never taken as less than this, and than this share of the median.
    """

    of: Callable[[Sums], float | None]
    enough: Callable[[Sums], bool]
    least: float
    share: float


def _frames(day: Sums) -> bool:
    return day.frames >= LEAST_FRAMES


def _persons(day: Sums) -> bool:
    return day.persons >= LEAST_PERSONS


MEASURES: Final[Mapping[str, Measure]] = {
    "persons-a-frame": Measure(lambda day: day.persons_a_frame, _frames, 0.01, 0.2),
    "score": Measure(lambda day: day.score, _persons, 0.01, 0.02),
    "quality": Measure(lambda day: day.quality, _persons, 0.01, 0.02),
    "embedding-norm": Measure(lambda day: day.norm, _persons, 1e-3, 0.02),
}


@dataclass(frozen=True, slots=True)
class Drift:
    """A measure that is not as it used to be.

    Attributes:
        usual: median of the days before; `now`: of the last 24 hours; `spreads`: how far off that is, signed.
    """

    measure: str
    usual: float
    now: float
    spreads: float


@dataclass(frozen=True, slots=True)
class CameraDrift:
    """Of one camera and version."""

    camera_id: uuid.UUID
    model: str
    version: int
    drift: Drift


def drifts(days: Mapping[int, Sums]) -> list[Drift] | None:
    """What drifted; None where there is no baseline yet.

    Args:
        days: what the version answered of the camera by days ago; 0 are the last 24 hours.
    """
    today = days.get(0, Sums())
    found, known = [], False
    for name, measure in MEASURES.items():
        values = [
            value
            for ago, day in days.items()
            if 0 < ago <= BASELINE_DAYS and measure.enough(day) and (value := measure.of(day)) is not None
        ]
        if len(values) < LEAST_DAYS:
            continue
        known = True
        now = measure.of(today) if measure.enough(today) else None
        if now is None:
            continue
        usual = statistics.median(values)
        deviation = _NORMAL * statistics.median(abs(value - usual) for value in values)
        spread = max(deviation, measure.least, measure.share * usual)
        if abs(now - usual) >= FAR * spread:
            found.append(Drift(name, round(usual, 4), round(now, 4), round((now - usual) / spread, 1)))
    return found if known else None
