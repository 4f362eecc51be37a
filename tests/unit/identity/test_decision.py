"""Fusion, explicit unknown, and the extreme-value tail behind a threshold."""

import math
import uuid

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.identity.decision import tail
from app.identity.decision.fusion import Band, Candidate, Lead, Shot, Unknown, band_of, decide, fused, kept
from app.kit.errors import BadInputError

A, B, C = (uuid.UUID(int=number) for number in (1, 2, 3))
scores = st.floats(-1, 1)
shots = st.lists(
    st.builds(
        Shot, captured_at_us=st.integers(0, 10), quality=st.floats(0, 1),
        scores=st.dictionaries(st.sampled_from([A, B, C]), scores, min_size=1),
    ), max_size=6,
)  # fmt: skip
candidates = st.lists(st.sampled_from([A, B, C]), unique=True).flatmap(
    lambda chosen: st.tuples(*[st.builds(Candidate, st.just(each), st.just(each), st.floats(-1, 1)) for each in chosen])
)


@settings(max_examples=200, deadline=None)
@given(shots=shots, candidates=candidates)
def test_a_decision_never_guesses(shots: list[Shot], candidates: tuple[Candidate, ...]) -> None:
    decision = decide(shots, candidates)
    if not shots:
        assert decision is Unknown.NOTHING_SEEN
    elif not candidates:
        assert decision is Unknown.NOBODY_ENROLLED
    elif isinstance(decision, Lead):
        assert decision.candidate in candidates
        assert decision.score >= decision.candidate.threshold
        # A mean is no better than the best shot, and a shot without this enrolment does not help.
        assert decision.score <= max(shot.scores.get(decision.candidate.enrolment_id, -1) for shot in shots) + 1e-12
    else:
        assert decision is Unknown.BELOW_THRESHOLD
        together = fused(shots)
        assert all(together.get(each.enrolment_id, -1) < each.threshold for each in candidates)


@settings(max_examples=60, deadline=None)
@given(shots=shots.filter(len), candidates=candidates, raised=st.floats(0, 1))
def test_a_raised_threshold_only_takes_leads_away(shots: list[Shot], candidates: tuple[Candidate, ...], raised: float) -> None:
    higher = [Candidate(each.enrolment_id, each.person_id, each.threshold + raised) for each in candidates]
    if not isinstance(decide(shots, candidates), Lead):
        assert not isinstance(decide(shots, higher), Lead)


def test_look_alikes_bands_and_broken_scores_are_said() -> None:
    known = [Candidate(A, A, 0.5), Candidate(B, B, 0.5)]
    near = decide([Shot(0, 0.9, {A: 0.9, B: 0.89})], known)
    assert isinstance(near, Lead)
    assert near.candidate.enrolment_id == A
    assert near.look_alike
    assert near.band is Band.HIGH
    far = decide([Shot(0, 0.9, {A: 0.55, B: 0.1}), Shot(1, 0.9, {A: 0.56})], known)
    assert isinstance(far, Lead)
    assert (far.look_alike, far.band, far.shots, far.best.captured_at_us) == (False, Band.LOW, 2, 1)
    # Two enrolments of one person are no look-alikes of each other.
    same = decide([Shot(0, 0.9, {A: 0.9, B: 0.89})], [Candidate(A, C, 0.5), Candidate(B, C, 0.5)])
    assert isinstance(same, Lead)
    assert not same.look_alike
    assert decide([Shot(0, 0.9, {A: math.nan})], known) is Unknown.NOTHING_SEEN
    assert band_of(0.7, 0.5) is Band.MEDIUM
    many: list[Shot] = []
    for number in range(9):
        many = kept(many, Shot(number, number / 10, {A: 0.1}))
    assert [shot.captured_at_us for shot in many] == [8, 7, 6, 5, 4, 3]


def people(random: np.random.Generator, count: int = 150, each: int = 60) -> list[np.ndarray]:
    """Non-mate scores as a face model gives them, some people being more like others than the rest."""
    return [0.1 + 0.08 * random.standard_normal(each) + 0.01 * random.standard_normal() for _ in range(count)]


def test_the_tail_keeps_its_promise_on_lists_of_many_sizes() -> None:
    random = np.random.default_rng(1)
    calibration = tail.calibrate(people(random))
    drawn = 0.1 + 0.08 * random.standard_normal(4_000_000) + 0.01 * random.standard_normal(4_000_000)
    thresholds = []
    for templates in (10, 100, 1000):
        wanted = tail.threshold_for(calibration, templates, 0.01)
        thresholds.append(wanted.value)
        searches = drawn[: len(drawn) // templates * templates].reshape(-1, templates).max(axis=1)
        assert (searches > wanted.high).mean() <= 0.01
        assert tail.fpir(calibration.tail, wanted.value, templates) == pytest.approx(0.01, rel=1e-6)
        # Beyond what was counted, yet of the right order.
        assert (searches > wanted.value).mean() == pytest.approx(0.01, abs=0.01)
    assert thresholds == sorted(thresholds)
    alerts = tail.false_alerts_a_day(calibration, thresholds[1], 100, visitors=3000, searches_a_visitor=2)
    assert alerts.low <= alerts.value <= alerts.high
    assert alerts.value == pytest.approx(60, rel=1e-6)
    fewer = tail.false_alerts_a_day(calibration, thresholds[1] + 0.05, 100, visitors=3000, searches_a_visitor=2)
    assert fewer.value < alerts.value
    assert tail.false_alerts_a_day(calibration, 0.3, 0, visitors=3000).value == 0


@settings(max_examples=50, deadline=None)
@given(shape=st.floats(-0.4, 0.4), scale=st.floats(0.01, 0.3), chance=st.floats(1e-9, 0.049))
def test_thresholds_and_chances_are_inverse(shape: float, scale: float, chance: float) -> None:
    made = tail.Tail(0.4, 0.05, scale, shape)
    assert made.above(made.threshold(chance)) == pytest.approx(chance, rel=1e-6)
    assert made.above(made.threshold(chance) + 0.01) <= chance


@pytest.mark.parametrize("given", [[np.zeros(100)] * 20, [np.arange(500.0)] * 9, [np.full(100, np.nan)] * 20])
def test_too_little_is_refused(given: list[np.ndarray]) -> None:
    with pytest.raises(BadInputError):
        tail.calibrate(given)
