"""A version beside the one in use is asked where cameras leave room, seldom where they leave none."""

import math

import pytest

from app.workers.turns import LONGEST_WAIT_S, RARELY_S, Turn, turn_of


@pytest.mark.parametrize(
    ("has_room", "waited_s", "since_asked_s", "turn"),
    [
        (True, 0.0, 0.1, Turn.ASK),
        (True, LONGEST_WAIT_S, 0.1, Turn.ASK),
        (False, 0.0, 0.1, Turn.WAIT),
        (False, LONGEST_WAIT_S - 0.01, RARELY_S - 0.01, Turn.WAIT),
        (False, LONGEST_WAIT_S, 0.1, Turn.PASS),
        (False, 0.0, RARELY_S, Turn.ASK),  # a report comes on the busiest machine, too
        (False, 0.0, math.inf, Turn.ASK),
    ],
)
def test_whose_moment_it_is(has_room: bool, waited_s: float, since_asked_s: float, turn: Turn) -> None:
    assert turn_of(has_room, waited_s, since_asked_s) is turn
