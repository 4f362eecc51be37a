"""How often strangers score above a threshold, beyond what was counted: an extreme-value tail of non-mate scores. Pure.

Excesses over a high score follow a generalised Pareto distribution (Pickands 1975); its two numbers are estimated by
probability-weighted moments (Hosking and Wallis 1987), which need no search and do not fail. Uncertainty is by bootstrap over
people, because scores of one person are not independent.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

Float64 = npt.NDArray[np.float64]

TAIL_SHARE: Final = 0.05
LEAST_SCORES: Final = 200
LEAST_PEOPLE: Final = 10
DRAWS: Final = 400
_HEAVIEST: Final = 0.45


@dataclass(frozen=True, slots=True)
class Tail:
    """P(score > t) for t at or above `start`.

    Attributes:
        share: of scores above `start`.
        scale, shape: of the generalised Pareto distribution of what exceeds it; a shape below 0 ends at `start - scale / shape`.
    """

    start: float
    share: float
    scale: float
    shape: float

    def above(self, threshold: float) -> float:
        """Chance that one stranger's comparison with one template scores above `threshold`; at most `share` below `start`."""
        if threshold <= self.start:
            return self.share
        excess = (threshold - self.start) / self.scale
        if abs(self.shape) < 1e-9:
            return self.share * math.exp(-excess)
        inner = 1 + self.shape * excess
        return 0.0 if inner <= 0 else float(self.share * inner ** (-1 / self.shape))

    def threshold(self, chance: float) -> float:
        """Where that chance is `chance`; `start` for what is more likely than the tail."""
        if chance >= self.share:
            return self.start
        ratio = self.share / chance
        grown = math.log(ratio) if abs(self.shape) < 1e-9 else (ratio**self.shape - 1) / self.shape
        return self.start + self.scale * grown


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The tail of a model version's non-mate scores, with tails of drawn samples for intervals."""

    tail: Tail
    drawn: tuple[Tail, ...]
    scores: int
    people: int


def fit(scores: Float64) -> Tail:
    """The tail of (n,) non-mate scores.

    Raises:
        BadInputError: too few, or not numbers.
    """
    if len(scores) < LEAST_SCORES or not np.isfinite(scores).all():
        raise BadInputError(f"A tail needs {LEAST_SCORES} comparisons of different people at least, all numbers.")
    start = float(np.quantile(scores, 1 - TAIL_SHARE))
    excesses = scores[scores > start] - start
    count = len(excesses)
    if count < 5:
        raise BadInputError("These scores are all alike; nothing can be learned from them.")
    shape, scale = pareto(excesses)
    return Tail(start, count / len(scores), scale, shape)


def pareto(excesses: Float64) -> tuple[float, float]:
    """Shape and scale of the generalised Pareto distribution of (n,) excesses, by probability-weighted moments."""
    ranked, count = np.sort(excesses), len(excesses)
    mean = float(ranked.mean())
    weighted = float((ranked * (count - 1 - np.arange(count)) / (count - 1)).mean())
    if mean - 2 * weighted <= 1e-15 * mean:
        return _HEAVIEST, max(mean * (1 - _HEAVIEST), 1e-12)
    shape = min(_HEAVIEST, 2 - mean / (mean - 2 * weighted))
    return shape, max(mean * (1 - shape), 1e-12)


def calibrate(by_person: Sequence[Float64], seed: int = 1) -> Calibration:
    """From non-mate scores, one array for each person looked for.

    Raises:
        BadInputError: too few people or scores.
    """
    if len(by_person) < LEAST_PEOPLE:
        raise BadInputError(f"A calibration needs {LEAST_PEOPLE} people at least; {len(by_person)} were given.")
    every = np.concatenate(by_person)
    tail, random, drawn = fit(every), np.random.default_rng(seed), []
    for _ in range(DRAWS):
        chosen = random.integers(0, len(by_person), len(by_person))
        try:
            drawn.append(fit(np.concatenate([by_person[each] for each in chosen])))
        except BadInputError:
            continue
    if len(drawn) < DRAWS // 2:
        raise BadInputError("These people differ too little for an interval; use more of them.")
    return Calibration(tail, tuple(drawn), len(every), len(by_person))


def fpir(tail: Tail, threshold: float, templates: int) -> float:
    """Chance that one search of a stranger among that many templates finds somebody."""
    return -math.expm1(templates * math.log1p(-min(tail.above(threshold), 1 - 1e-15)))


def threshold_for(calibration: Calibration, templates: int, wanted_fpir: float) -> Measured:
    """The threshold at which a list of that size has that FPIR. Use the interval's high end: the promise then holds at 97.5 %.

    Raises:
        BadInputError: the rate is no rate.
    """
    if not 0 < wanted_fpir < 1 or templates < 1:
        raise BadInputError("An FPIR lies between 0 and 1, and a list has one template at least.")
    chance = -math.expm1(math.log1p(-wanted_fpir) / templates)
    return _measured(calibration, lambda tail: min(1.0, tail.threshold(chance)))


def false_alerts_a_day(
    calibration: Calibration, threshold: float, templates: int, visitors: float, searches_a_visitor: float = 1.0
) -> Measured:
    """How many strangers a day will be taken for somebody on the list.

    Args:
        visitors: strangers a day who pass a camera that looks at faces.
        searches_a_visitor: looks at one of them, at all cameras together; each is counted as if it were another stranger.
    """
    searches = max(0.0, visitors) * max(0.0, searches_a_visitor)
    return _measured(calibration, lambda tail: searches * fpir(tail, threshold, max(0, templates)))


def _measured(calibration: Calibration, figure: Callable[[Tail], float]) -> Measured:
    low, high = np.percentile([figure(tail) for tail in calibration.drawn], [2.5, 97.5])
    value = figure(calibration.tail)
    return Measured(value, min(float(low), value), max(float(high), value))
