"""`Motion.low` spares the rules about lying most frames: it may be true too often, never false where they would find somebody."""

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.behaviour.bodies import BOX_BOTTOM, BOX_TOP, BOX_X, FEATURES, SHOULDERS, STATURE, Floats
from app.behaviour.motion import Motion
from app.behaviour.posture import maybe_low, statures

PERSON = st.tuples(st.floats(0.1, 0.9), st.floats(0.05, 1.0), st.booleans())
"""(standing height, height of the shoulders over the box's bottom as a share of it, whether the shoulders are seen)."""


def make_bodies(people: list[tuple[float, float, bool]]) -> Floats:
    bodies = np.full((len(people), FEATURES), np.nan, np.float32)
    for row, (stature, share, seen) in zip(bodies, people, strict=True):
        row[STATURE], row[BOX_BOTTOM], row[BOX_X] = stature, 0.95, 0.5
        row[BOX_TOP] = 0.95 - stature * share
        if seen:
            row[SHOULDERS.start + 1] = 0.95 - stature * share
    return bodies


@settings(max_examples=40)
@example(frames=[[(0.75, 0.25, False)], [(0.5, 1.0, False)]], interval_us=30_000)  # both are one column, whose mean is low
@given(st.lists(st.lists(PERSON, min_size=1, max_size=3), min_size=1, max_size=140), st.integers(30_000, 400_000))
def test_whoever_may_lie_is_never_passed_over(frames: list[list[tuple[float, float, bool]]], interval_us: int) -> None:
    motion = Motion()
    for index, people in enumerate(frames):
        motion.take(1_000_000 + index * interval_us, make_bodies(people), list(range(len(people))))
        if maybe_low(motion, statures(motion)):
            assert motion.low


def test_people_who_stand_are_passed_over() -> None:
    motion = Motion()
    for index in range(300):
        motion.take(1_000_000 + index * 200_000, make_bodies([(0.4, 0.8, True), (0.3, 0.78, True)]), [0, 1])
        assert not motion.low
