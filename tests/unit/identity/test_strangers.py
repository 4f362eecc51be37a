"""Counts of strangers' scores: what is kept, what follows from it, and what a page may foresee by it."""

import math
import uuid

import numpy as np
import pytest

from app.identity.decision import tail
from app.identity.decision.published import AGAINST, FAR, NEAR, cosine_of
from app.identity.decision.strangers import BINS, LEAST_SEARCHES, StrangerScores, bin_of, calibrate_strangers
from app.identity.decision.thresholds import LEAST, PUBLISHED, STRICTEST, WANTED_FPIR, Calibrated, Source, Thresholds, details_of
from app.identity.thresholds.foreseen import in_use
from app.identity.thresholds.repository import Footfall, SearchedList
from app.kit.errors import BadInputError

CHAIN, OTHER, LIST = (uuid.UUID(int=number) for number in (1, 2, 3))
MODEL = ("face_embedding", "1")


def days(templates: int, tracks: int = 1500, count: int = 8, middle: float = 0.75, spread: float = 0.05) -> list[StrangerScores]:
    """Best of `templates` normal scores, for each of `tracks` people a day."""
    random, made = np.random.default_rng(3), []
    for _ in range(count):
        day = StrangerScores()
        for score in (middle + spread * random.standard_normal((tracks, templates))).max(axis=1):
            day.note(float(score), templates)
        made.append(day)
    return made


def test_counts_keep_no_score_and_no_person() -> None:
    counts = StrangerScores()
    for score, templates in ((0.5, 10), (math.nan, 10), (0.7, 0), (-0.3, 5), (1.0, 5)):
        counts.note(score, templates)
    assert (counts.searches, counts.comparisons) == (3, 20)
    assert counts.bins[[0, bin_of(0.5), BINS - 1]].tolist() == [1, 1, 1]


@pytest.mark.parametrize("measured_on", [20, 100])
def test_a_tail_of_one_list_holds_for_lists_of_other_sizes(measured_on: int) -> None:
    found = calibrate_strangers(days(measured_on), [])
    random = np.random.default_rng(4)
    for templates in (10, 100, 400):
        wanted = tail.threshold_for(found, templates, 0.01)
        seen = (0.75 + 0.05 * random.standard_normal((20_000, templates))).max(axis=1)
        assert (seen > wanted.value).mean() == pytest.approx(0.01, abs=0.009)
        assert wanted.low < wanted.high < 1


def test_leads_that_reviewers_refused_are_strangers_too() -> None:
    plain, with_false = (calibrate_strangers(days(20), leads) for leads in ([], [0.98] * 40))
    assert tail.threshold_for(with_false, 20, 1e-3).value > tail.threshold_for(plain, 20, 1e-3).value


def test_too_few_and_all_alike_are_refused() -> None:
    with pytest.raises(BadInputError, match=str(LEAST_SEARCHES)):
        calibrate_strangers(days(10, tracks=100, count=2), [])
    alike = StrangerScores()
    for _ in range(2000):
        alike.note(0.8, 5)
    with pytest.raises(BadInputError):
        calibrate_strangers([alike], [])


def test_the_own_measurement_only_raises_and_counts_for_its_chain_alone() -> None:
    own = details_of(calibrate_strangers(days(20, middle=0.89, spread=0.02), []), 1e-3)
    lax = details_of(calibrate_strangers(days(20, middle=0.5), []), 1e-3)
    default = Thresholds({}).measured(*MODEL, 4)
    assert default == LEAST
    assert Thresholds({}).source(*MODEL, 4) is Source.DEFAULT
    for unknown in (("another", "1"), (MODEL[0], "2")):
        assert Thresholds({}).measured(*unknown, 4) == STRICTEST
        assert Thresholds({}).calibration(*unknown) is None, "what was published is about one version"
    calibrated: Calibrated = {(CHAIN, *MODEL, False): (0.9, own)}
    raised = Thresholds(calibrated, CHAIN)
    assert raised.measured(*MODEL, 4) > default
    assert raised.measured(*MODEL, 5000) <= STRICTEST
    assert raised.source(*MODEL, 4) is Source.STRANGERS
    assert Thresholds(calibrated, OTHER).measured(*MODEL, 4) == default
    assert Thresholds({(CHAIN, *MODEL, False): (0.5, lax)}, CHAIN).measured(*MODEL, 4) == default
    pictures = Thresholds({(None, *MODEL, False): (0.93, {}), (CHAIN, *MODEL, False): (0.5, lax)}, CHAIN)
    assert (pictures.measured(*MODEL, 1), pictures.source(*MODEL, 1)) == (0.93, Source.PICTURES)
    pushed = (MODEL[0], "1001")
    mine: Calibrated = {(CHAIN, *pushed, True): (0.7, lax)}
    assert Thresholds(mine, CHAIN).source(*pushed, 1) is Source.PICTURES
    assert 0.7 <= Thresholds(mine, CHAIN).measured(*pushed, 1) < Thresholds(mine, CHAIN).measured(*pushed, 64) < STRICTEST
    assert Thresholds(mine, OTHER).measured(*pushed, 1) == STRICTEST, "who pushed it measured it"
    both = Thresholds(mine | {(CHAIN, *pushed, False): (0.9, own)}, CHAIN)
    assert both.measured(*pushed, 64) > Thresholds(mine, CHAIN).measured(*pushed, 64)
    assert both.source(*pushed, 64) is Source.STRANGERS


def test_before_anybody_measured_a_longer_list_needs_a_higher_score() -> None:
    """By the published points one search of a stranger in a thousand is a false lead, until the strictest threshold."""
    known = PUBLISHED[MODEL]
    assert known.tail.above(cosine_of(FAR)) == pytest.approx(AGAINST[0])
    assert known.tail.above(cosine_of(NEAR)) == pytest.approx(AGAINST[1])
    found = {size: Thresholds({}).measured(*MODEL, size) for size in (1, 4, 16, 64, 256, 1024, 100_000)}
    assert (found[1], found[100_000]) == (LEAST, STRICTEST)
    assert list(found.values()) == sorted(found.values())
    assert found[4] < found[64] < found[256] < STRICTEST
    for size, of_thousand in ((1000, 2), (10_000, 18)):
        assert round(1000 * tail.fpir(known.tail, Thresholds({}).measured(*MODEL, size), size)) == of_thousand
    for size in (1, 3, 16, 50, 256, 512):
        assert tail.fpir(known.tail, Thresholds({}).measured(*MODEL, size), size) <= WANTED_FPIR * 1.001
    (unseen,) = in_use([SearchedList(LIST, "Violence", 50)], Thresholds({}), {}, Footfall(0, 0), *MODEL)
    assert unseen.false_alerts is None, "nobody was counted here"
    assert unseen.of_thousand is not None
    assert 0 < unseen.of_thousand.low < unseen.of_thousand.value <= 1.001


def test_false_alerts_are_foreseen_for_the_real_size_and_footfall() -> None:
    own = details_of(calibrate_strangers(days(20, middle=0.93, spread=0.012), []), 1e-3)
    thresholds = Thresholds({(CHAIN, *MODEL, False): (0.9, own)}, CHAIN)
    listed, busy = [SearchedList(LIST, "Violence", 40)], Footfall(28_000, 28)
    (found,) = in_use(listed, thresholds, {}, busy, *MODEL)
    assert found.false_alerts is not None
    assert found.false_alerts.low <= found.false_alerts.value <= found.false_alerts.high
    assert found.false_alerts.value == pytest.approx(1.0, rel=0.6), "a thousand strangers a day at one in a thousand"
    (higher,) = in_use(listed, thresholds, {None: 0.995}, busy, *MODEL)
    assert (higher.raised, higher.threshold) == (True, 0.995)
    assert higher.false_alerts is not None
    assert higher.false_alerts.value < found.false_alerts.value
    (unknown,) = in_use(listed, Thresholds({}), {}, busy, "another", "1")
    assert (unknown.false_alerts, unknown.of_thousand) == (None, None)
