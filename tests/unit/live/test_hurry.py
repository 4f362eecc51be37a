"""Presentation times of one viewer: a kept group is hurried through, then time is the camera's."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from app.contracts.video import CLOCK_RATE, AccessUnit
from app.live.feed import HURRIED, LIVE_WITHIN_US, Hurry

FRAME = CLOCK_RATE // 15
NOW_US = 1_800_000_000_000_000


def unit(pts: int, age_us: int) -> AccessUnit:
    return AccessUnit(pts, NOW_US - age_us, False, b"")


def test_a_group_of_two_seconds_is_shown_within_a_moment_and_live_keeps_its_pace() -> None:
    hurry = Hurry()
    ages = [2_000_000 - number * 66_667 for number in range(31)]
    times = [hurry.at(unit(1000 + number * FRAME, max(0, age)), NOW_US) for number, age in enumerate(ages)]
    old = sum(age > LIVE_WITHIN_US for age in ages)
    assert times[old - 1] - times[0] <= old * HURRIED
    live = times[old:]
    assert {after - before for before, after in pairwise(live)} == {FRAME}


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 20_000), st.integers(0, 3_000_000)), min_size=1, max_size=60))
def test_times_always_rise(steps: list[tuple[int, int]]) -> None:
    hurry, pts, before = Hurry(), 0, -1
    for step, age in steps:
        pts += step
        at = hurry.at(unit(pts, age), NOW_US)
        assert at > before
        before = at
