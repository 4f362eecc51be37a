"""Fair between cameras, in order within one, and the youngest frame of those whose turn is near."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.workers.cpu.fair import CHOSEN_AMONG, MOST_AHEAD, note_turn, whose_turn


@dataclass
class Waiter:
    has_frame: bool = True
    busy: bool = False
    served_at: float = 0.0
    waits_since: float = 0.0
    yielded: int = 0
    overloaded: bool = True


def test_the_longest_waiting_camera_is_next() -> None:
    old, new = Waiter(served_at=1.0), Waiter(served_at=2.0)
    assert whose_turn([new, old]) == (old, old)


def test_a_busy_or_empty_camera_waits() -> None:
    assert whose_turn([Waiter(busy=True), Waiter(has_frame=False)]) is None


def test_of_those_served_longest_ago_the_youngest_frame_goes_until_its_turns_are_used_up() -> None:
    old, young = Waiter(served_at=1.0, waits_since=1.0), Waiter(served_at=2.0, waits_since=1.2)
    assert whose_turn([old, young]) == (young, old)
    note_turn(young, old)
    assert (old.yielded, young.yielded) == (1, -1)
    assert whose_turn([old, young]) == (old, old), f"nobody gets ahead by {MOST_AHEAD} turns"


def test_while_no_frame_is_dropped_the_order_stays() -> None:
    old, young = Waiter(served_at=1.0, waits_since=1.0, overloaded=False), Waiter(served_at=2.0, waits_since=1.2)
    assert whose_turn([old, young]) == (old, old)


def test_a_camera_served_a_moment_ago_is_not_preferred() -> None:
    waiting = [Waiter(served_at=float(number)) for number in range(CHOSEN_AMONG)]
    late = Waiter(served_at=99.0, waits_since=99.0)
    assert whose_turn([late, *waiting]) == (waiting[0], waiting[0])


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12), st.integers(5, 30))
def test_a_camera_whose_frames_are_always_younger_gets_no_more_of_them(ages: list[float], rounds: int) -> None:
    waiting = [Waiter(waits_since=age) for age in ages]
    served = [0] * len(ages)
    for turn in range(len(ages) * rounds):
        found = whose_turn(waiting)
        assert found is not None
        chosen, first = found
        note_turn(chosen, first)
        chosen.served_at = turn + 1.0
        served[next(number for number, each in enumerate(waiting) if each is chosen)] += 1
    assert max(served) - min(served) <= CHOSEN_AMONG
