"""Figures of `bench gait`: retrieval, verification and open-set search, with intervals over identities."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]
DRAWS: Final = 300
FPIR: Final = 1e-2


class Scores:
    """Similarities of m sequences of known identity, each compared with all others.

    Args:
        vectors: (m, d) of length 1.
        who: (m,) identity from 0. `views`: (m,) view from 0.
    """

    def __init__(self, vectors: Floats, who: Ints, views: Ints) -> None:
        self.who, self.views = who, views
        self.similar = (vectors @ vectors.T).astype(np.float64)
        np.fill_diagonal(self.similar, -np.inf)
        self.same = (who[:, None] == who[None]) & ~np.eye(len(who), dtype=bool)
        masked = np.where(self.same, self.similar, -np.inf)
        self.own, self.stranger = masked.max(axis=1), np.where(who[:, None] == who[None], -np.inf, self.similar).max(axis=1)
        self.first = self.own > self.stranger

    def precision(self) -> Floats:
        """(m,) average precision of each sequence's search among all others."""
        order = np.argsort(-self.similar, axis=1)[:, :-1]
        hits = np.take_along_axis(self.same, order, axis=1)
        ranks = np.arange(1, hits.shape[1] + 1)
        found: Floats = (np.cumsum(hits, axis=1) / ranks * hits).sum(axis=1) / np.maximum(hits.sum(axis=1), 1)
        return found

    def across_views(self) -> Floats:
        """(m,) share of the other views whose one sequence of each identity ranks this one's own first."""
        wins = np.zeros(len(self.who))
        kinds = np.unique(self.views)
        for view in kinds:
            gallery = np.flatnonzero(self.views == view)
            best = self.who[gallery][self.similar[:, gallery].argmax(axis=1)]
            wins += (best == self.who) & (self.views != view)
        across: Floats = wins / max(len(kinds) - 1, 1)
        return across

    def pairs(self) -> tuple[Ints, Ints, Floats, npt.NDArray[np.bool_]]:
        """(first, second, similarity, same identity) of every pair once."""
        first, second = np.triu_indices(len(self.who), 1)
        return first, second, self.similar[first, second], self.same[first, second]

    def figures(self) -> dict[str, float]:
        """All of them, of these identities."""
        ap, across = self.precision(), self.across_views()
        weight = np.ones(int(self.who.max()) + 1)
        return {**self._of(weight, ap, across, _Pairs(self)), "chance_rank1": _round(1 / len(np.unique(self.who)))}

    def _of(self, weight: Floats, ap: Floats, across: Floats, pairs: "_Pairs") -> dict[str, float]:
        each = weight[self.who]
        share = each / each.sum()
        return {
            "rank1": _round((self.first * share).sum()),
            "rank1_one_view_enrolled": _round((across * share).sum()),
            "map": _round((ap * share).sum()),
            "eer": _round(pairs.eer(weight)),
            "fnir_at_fpir_1e_2": _round(self.fnir(each)),
        }

    def fnir(self, each: Floats) -> float:
        """Searches of the enrolled that are missed at the threshold that FPIR of searches of strangers pass."""
        order = np.argsort(-self.stranger)
        passed = np.cumsum(each[order]) / each.sum()
        limit = self.stranger[order[min(int(np.searchsorted(passed, FPIR, side="right")), len(order) - 1)]]
        hit = self.first & (self.own > limit)
        return float(1 - (hit * each).sum() / each.sum())

    def intervals(self) -> dict[str, list[float]]:
        """95 % bootstrap intervals; whole identities are drawn, and count as often as they were, against the same gallery."""
        chance, count = np.random.default_rng(1), int(self.who.max()) + 1
        ap, across, pairs = self.precision(), self.across_views(), _Pairs(self)
        drawn: dict[str, list[float]] = {}
        for _ in range(DRAWS):
            weight = np.bincount(chance.integers(0, count, count), minlength=count).astype(np.float64)
            for name, value in self._of(weight, ap, across, pairs).items():
                drawn.setdefault(name, []).append(value)
        return {name: [_round(end) for end in np.percentile(values, [2.5, 97.5])] for name, values in drawn.items()}


class _Pairs:
    """All pairs sorted once, so that a draw only weighs them."""

    def __init__(self, scores: Scores) -> None:
        first, second, similar, same = scores.pairs()
        order = np.argsort(-similar, kind="stable")
        self.first, self.second, self.same = scores.who[first[order]], scores.who[second[order]], same[order]

    def eer(self, weight: Floats) -> float:
        """Where as large a share of strangers' pairs passes as of own pairs is refused."""
        # A pair within an identity counts as often as that was drawn, one between two as often as both.
        each = np.where(self.same, weight[self.first], weight[self.first] * weight[self.second])
        own, other = np.where(self.same, each, 0).cumsum(), np.where(self.same, 0, each).cumsum()
        if own[-1] == 0 or other[-1] == 0:
            return float("nan")
        refused, passed = 1 - own / own[-1], other / other[-1]
        at = int(np.argmin(np.abs(refused - passed)))
        return float((refused[at] + passed[at]) / 2)


def by(values: Floats, groups: Ints) -> dict[int, float]:
    """Mean of each group."""
    return {int(group): _round(values[groups == group].mean()) for group in np.unique(groups)}


def apart(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two 95 % intervals do not overlap."""
    return bool(one["rank1"][0] > other["rank1"][1] or one["rank1"][1] < other["rank1"][0])


def _round(value: Any) -> float:
    return round(float(value), 4)
