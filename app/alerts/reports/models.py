"""Precision with its interval, and the threshold that would have met a target. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.alerts.models import Outcome

RIGHT = frozenset({Outcome.CORRECT.value, Outcome.ACTION_TAKEN.value})
Z = 1.959964
"""Of a two-sided interval of 95 %."""
LEAST_JUDGED = 10
"""Fewer judged alerts suggest nothing."""


@dataclass(frozen=True, slots=True)
class Precision:
    """Share of right ones among the judged; None without any. `low`, `high`: Wilson's interval of 95 %."""

    right: int
    wrong: int
    precision: float | None
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judged:
    """An alert that somebody judged: what its rule measured, and whether it was right."""

    measured: float
    right: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A threshold and what it would have kept: right and wrong alerts, and their precision."""

    threshold: float
    kept: Precision
    lost_right: int
    spared_wrong: int


def wilson(right: int, wrong: int) -> Precision:
    """Precision with the score interval of Wilson (1927), which stays within 0 and 1 and holds for small numbers."""
    total = right + wrong
    if not total:
        return Precision(0, 0, None, 0.0, 1.0)
    share = right / total
    middle = share + Z * Z / (2 * total)
    spread = Z * math.sqrt(share * (1 - share) / total + Z * Z / (4 * total * total))
    scale = 1 + Z * Z / total
    return Precision(right, wrong, share, max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale))


def suggest(judged: Sequence[Judged], target: float) -> Suggestion | None:
    """The lowest threshold from which on the judged alerts would have met the target precision; None: no such, or too few judged.

    Only thresholds at least as high as the present one can be judged: what was never raised has no outcome.
    """
    if len(judged) < LEAST_JUDGED:
        return None
    ordered = sorted(judged, key=lambda each: each.measured)
    right = sum(each.right for each in ordered)
    wrong = len(ordered) - right
    lost = spared = 0
    for place, each in enumerate(ordered):
        first = place == 0 or each.measured > ordered[place - 1].measured
        kept = wilson(right - lost, wrong - spared)
        if first and kept.precision is not None and kept.precision >= target:
            return Suggestion(each.measured, kept, lost, spared)
        lost, spared = lost + each.right, spared + (not each.right)
    return None
