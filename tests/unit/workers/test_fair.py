"""Fair between cameras, in order within one."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from app.workers.cpu.fair import longest_waiting


@dataclass
class Waiter:
    has_frame: bool = True
    busy: bool = False
    served_at: float = 0.0


def test_the_longest_waiting_camera_is_next() -> None:
    old, new = Waiter(served_at=1.0), Waiter(served_at=2.0)
    assert longest_waiting([new, old]) is old


def test_a_busy_or_empty_camera_waits() -> None:
    assert longest_waiting([Waiter(busy=True), Waiter(has_frame=False)]) is None


@given(st.integers(2, 12), st.integers(1, 5))
def test_under_overload_all_cameras_are_served_alike(cameras: int, rounds: int) -> None:
    waiting = [Waiter() for _ in range(cameras)]
    served = [0] * cameras
    for turn in range(cameras * rounds):
        chosen = longest_waiting(waiting)
        assert chosen is not None
        chosen.served_at = turn + 1.0
        served[next(i for i, waiter in enumerate(waiting) if waiter is chosen)] += 1
    assert served == [rounds] * cameras
