"""When one more frame is sent: at once to an idle instance, just in time to the one that is free next, never beyond the bound."""

import math

import pytest

from app.workers.cpu.places import HANGS_S, LEAD, LEAST_LEAD_S, Places, pause_s


@pytest.mark.parametrize(
    ("begun", "most", "usual", "pause"),
    [
        ([], 3, None, 0.0),
        ([9.9], 3, 0.1, 0.0),  # an instance is idle
        ([9.9, 9.95], 3, None, 0.0),  # nothing is known yet: as if an instance were free
        ([10.0, 9.98], 3, 0.1, 0.1 * (1 - LEAD) - 0.02),  # the older of the two ends first
        ([9.0, 9.98], 3, 0.1, 0.0),  # it is late already
        ([10.0, 10.0], 3, 0.05, 0.05 - LEAST_LEAD_S),  # a fast model: the way there counts
        ([10.0, 10.0, math.inf], 3, 0.1, math.inf),
        ([10.0], 2, 0.1, 0.1 * (1 - LEAD)),  # one at a time: the second waits for the end of the first
        ([9.9], 2, None, 0.0),
        ([10.0, 10.0], 2, 0.1, math.inf),
        ([], 1, 0.1, 0.0),
        ([10.0], 1, 0.1, math.inf),
        ([10.0] * 6, 8, 0.1, 0.0),
        ([10.0] * 7, 8, 0.1, 0.1 * (1 - LEAD)),  # only the last of many is held
    ],
)
def test_pause(begun: list[float], most: int, usual: float | None, pause: float) -> None:
    assert pause_s(begun, most, usual, 10.0) == pytest.approx(pause)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_what_a_frame_took_is_counted_from_its_turn_at_the_model() -> None:
    clock = Clock()
    places = Places(3, clock)
    first, second = places.take(), places.take()
    assert places.pause_s() == 0.0
    clock.now = 0.06
    third = places.take()
    assert places.pause_s() == math.inf
    clock.now = 0.1
    places.answered(first)
    places.leave(first)  # as the caller does in any case
    assert places.pause_s() == pytest.approx(0.0), "the second began with the first and is due"
    places.answered(second)
    clock.now = 0.15
    assert (places.take(), places.pause_s())[1] == pytest.approx(0.01), "the third began at 0.1 and takes 0.1, too"
    clock.now = 0.5
    places.leave(third)  # it failed: nothing is learned from it
    places.take()
    assert places.pause_s() == 0.0


def test_one_slow_answer_is_not_usual() -> None:
    clock = Clock()
    places = Places(3, clock)
    for took in (0.1, 0.1, 3.0, 0.1, 0.1):
        request = places.take()
        clock.now += took
        places.answered(request)
    places.take(), places.take()
    assert places.pause_s() == pytest.approx(0.1 * (1 - LEAD))


def test_requests_of_a_version_that_hangs_hold_no_place_of_another() -> None:
    clock = Clock()
    places = Places(2, clock)
    places.answered(places.take("1"))
    for _ in range(2):
        places.take("1001")
    clock.now = HANGS_S - 0.01
    assert 0 < places.pause_s("1") < 0.02, "it may only be slow; then it is looked at again"
    clock.now = HANGS_S + 0.01
    assert places.pause_s("1") == 0.0
    assert places.pause_s("1001") == math.inf, "it gets no more than it had"
    places.take("1")
    places.take("1")
    assert places.pause_s("1") == math.inf, "two of its own, as ever"
    clock.now = 3 * HANGS_S
    assert places.pause_s("1") == math.inf, "of a server that is slow as a whole no version gets more than its places"
