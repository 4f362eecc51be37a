"""How high strangers score against the lists of a place, kept as counts alone, and the tail that follows from them. Pure.

A track that was no lead leaves its best score in one of 400 bins, with how many templates it was compared with: no vector, no
time, no camera. The tail of best scores is that of single comparisons but for its share: of n templates the best exceeds a high
score n times as often.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from app.identity.decision.tail import DRAWS, TAIL_SHARE, Calibration, Tail, pareto
from app.kit.errors import BadInputError

BINS: Final = 400
LEAST_SEARCHES: Final = 1_000
"""Strangers before a tail is believed: the fit sees one in twenty of them."""

Counts = npt.NDArray[np.int64]


def bin_of(score: float) -> int:
    """0..399; scores below 0 count in the first bin."""
    return min(BINS - 1, max(0, int(score * BINS)))


@dataclass(slots=True)
class StrangerScores:
    """Counts of one place and model version.

    Attributes:
        bins: (400,) tracks by their best score.
        comparisons: templates they were compared with, summed.
    """

    bins: Counts = field(default_factory=lambda: np.zeros(BINS, np.int64))
    comparisons: int = 0

    @property
    def searches(self) -> int:
        """Tracks."""
        return int(self.bins.sum())

    def note(self, score: float, templates: int) -> None:
        """One more track. A score that is no number, or no template, is no evidence."""
        if math.isfinite(score) and templates > 0:
            self.bins[bin_of(score)] += 1
            self.comparisons += templates


def calibrate_strangers(days: Sequence[StrangerScores], false_leads: Sequence[float], seed: int = 1) -> Calibration:
    """The tail of single comparisons, from counts a store and day, and from leads that reviewers found to be somebody else.

    Intervals: days are drawn, because the same people come by within one, and within a day counts are drawn, too.

    Raises:
        BadInputError: too few strangers, or all alike.
    """
    found = [day for day in days if day.comparisons]
    searches = sum(day.searches for day in found)
    if searches < LEAST_SEARCHES:
        raise BadInputError(f"{searches} of {LEAST_SEARCHES} strangers were counted; a tail needs them.")
    tail, random, drawn = _tail(found, false_leads), np.random.default_rng(seed), []
    for _ in range(DRAWS):
        chosen = [found[each] for each in random.integers(0, len(found), len(found))]
        again = [StrangerScores(random.poisson(day.bins).astype(np.int64), day.comparisons) for day in chosen]
        leads = [score for score in false_leads for _ in range(int(random.poisson(1)))]
        try:
            drawn.append(_tail(again, leads))
        except BadInputError:
            continue
    if len(drawn) < DRAWS // 2:
        raise BadInputError("These strangers differ too little for an interval; wait for more of them.")
    return Calibration(tail, tuple(drawn), searches + len(false_leads), len(found))


def _tail(days: Sequence[StrangerScores], false_leads: Sequence[float]) -> Tail:
    bins = np.sum([day.bins for day in days], axis=0)
    for score in false_leads:
        bins[bin_of(score)] += 1
    total, comparisons = int(bins.sum()), sum(day.comparisons for day in days)
    above = np.concatenate([np.cumsum(bins[::-1])[::-1], [0]])
    first = int(np.argmax(above <= TAIL_SHARE * total))
    count = int(above[first])
    if count < 20:  # many in one bin: begin below it
        first = max(0, first - 1)
        count = int(above[first])
    if count < 20 or count >= total:
        raise BadInputError("These scores are all alike; nothing can be learned from them.")
    middles = (np.arange(first, BINS) + 0.5 - first) / BINS
    shape, scale = pareto(np.repeat(middles, bins[first:]))
    templates = max(1.0, comparisons / total)
    return Tail(first / BINS, -math.log1p(-count / total) / templates, scale, shape)
