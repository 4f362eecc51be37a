"""Precision with its interval, and the threshold that would have met a target."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.reports.models import LEAST_JUDGED, Judged, suggest, wilson


@pytest.mark.parametrize(
    ("right", "wrong", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 0, 0.7225, 1.0), (5, 5, 0.2366, 0.7634), (81, 19, 0.7222, 0.8749)],
)
def test_the_interval_is_wilsons(right: int, wrong: int, low: float, high: float) -> None:
    found = wilson(right, wrong)
    assert (round(found.low, 4), round(found.high, 4)) == (low, high)
    assert wilson(0, 0).precision is None


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.builds(Judged, st.integers(50, 99).map(lambda each: each / 100), st.booleans()), max_size=60), st.floats(0.1, 1)
)
def test_a_suggestion_meets_its_target_and_no_lower_one_does(judged: list[Judged], target: float) -> None:
    def kept(threshold: float) -> tuple[int, int]:
        above = [each.right for each in judged if each.measured >= threshold]
        return sum(above), len(above) - sum(above)

    best = suggest(judged, target)
    if best is None:
        assert len(judged) < LEAST_JUDGED or all(kept(each.measured)[0] / sum(kept(each.measured)) < target for each in judged)
        return
    right, wrong = kept(best.threshold)
    assert right / (right + wrong) >= target
    assert (best.kept.right, best.kept.wrong) == (right, wrong)
    assert (best.lost_right, best.spared_wrong) == tuple(a - b for a, b in zip(kept(0), (right, wrong), strict=True))
    assert all(kept(each.measured)[0] / sum(kept(each.measured)) < target for each in judged if each.measured < best.threshold)
