"""Which frames are analysed, and when they count as captured."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.capture.pacing import PLAUSIBLE_SKEW_US, CaptureClock, FrameSampler, RateMeter
from app.capture.waiting import CALM, NewestFew

NOW = 1_700_000_000_000_000


def chosen(stream_fps: float, fps: float, seconds: float = 20.0, jitter_s: float = 0.0) -> list[int]:
    sampler, chance = FrameSampler(fps), random.Random(7)
    times = [NOW + int((number / stream_fps + chance.uniform(0, jitter_s)) * 1e6) for number in range(int(seconds * stream_fps))]
    return [at for at in sorted(times) if sampler.is_due(at)]


@pytest.mark.parametrize("stream_fps", [5, 8, 10, 12.5, 15, 20, 25, 29.97, 30, 60])
@pytest.mark.parametrize("jitter_s", [0.0, 0.02])
def test_the_asked_rate_is_kept_whatever_the_stream_sends(stream_fps: float, jitter_s: float) -> None:
    assert len(chosen(stream_fps, 5, jitter_s=jitter_s)) == pytest.approx(100, abs=4)


def test_a_slower_stream_is_taken_whole() -> None:
    assert len(chosen(2, 5)) == 40


def test_fifteen_to_five_is_every_third_frame() -> None:
    times = chosen(15, 5)
    gaps = {round((b - a) / 1e6, 3) for a, b in pairwise(times[2:])}
    assert gaps == {0.2}


def test_after_a_pause_no_burst_follows() -> None:
    sampler = FrameSampler(5)
    taken = [sampler.is_due(NOW + step * 66_667) for step in range(31)]
    assert sum(taken) == 11
    later = NOW + 60_000_000
    assert [sampler.is_due(later + step * 66_667) for step in range(4)] == [True, False, False, True]


@given(st.lists(st.tuples(st.none() | st.integers(-(10**8), 10**8), st.integers(0, 10**6)), min_size=1, max_size=50))
def test_captured_times_rise_strictly(packets: list[tuple[int | None, int]]) -> None:
    clock, arrival, last = CaptureClock(), NOW, 0
    for skew, gap in packets:
        arrival += gap
        at = clock.at(None if skew is None else arrival + skew, arrival)
        assert at > last
        last = at


def test_an_implausible_camera_clock_is_not_believed() -> None:
    clock = CaptureClock()
    assert clock.at(0, NOW) == NOW
    assert not clock.from_camera
    assert clock.at(NOW + PLAUSIBLE_SKEW_US, NOW) == NOW + PLAUSIBLE_SKEW_US
    assert clock.from_camera


def test_rate_over_a_window() -> None:
    meter = RateMeter()
    for number in range(61):
        meter.add(NOW + number * 66_667)
    assert meter.per_second(NOW + 60 * 66_667) == pytest.approx(15, abs=0.3)
    assert meter.per_second(NOW + 60_000_000) == 0.0


def test_a_few_wait_in_order() -> None:
    woken = []
    waiting: NewestFew[int] = NewestFew(lambda: woken.append(1), depth=2)
    for value in (1, 2):
        waiting.put(value)
    assert (waiting.take(), waiting.take(), waiting.take(), waiting.dropped, len(woken)) == (1, 2, None, 0, 2)
    waiting.put(3)
    waiting.clear()
    assert (waiting.take(), waiting.dropped, waiting.has_value) == (None, 0, False)


def test_under_overload_only_the_newest_waits_and_the_rest_are_counted() -> None:
    waiting: NewestFew[int] = NewestFew(depth=2)
    for value in range(12):
        waiting.put(value)
    assert (waiting.take(), waiting.take(), waiting.dropped) == (11, None, 11)
    waiting.put(12)
    waiting.put(13)
    assert (waiting.take(), waiting.take(), waiting.dropped) == (13, None, 12)


def test_a_taker_that_keeps_up_again_may_leave_a_few_waiting_again() -> None:
    waiting: NewestFew[int] = NewestFew(depth=2)
    for value in range(3):
        waiting.put(value)
    waiting.take()
    for value in range(CALM):
        waiting.put(value)
        assert waiting.take() == value
    waiting.put(100)
    waiting.put(101)
    assert (waiting.take(), waiting.take(), waiting.dropped) == (100, 101, 2)


def test_the_cameras_clock_is_compared_with_ours_and_a_set_clock_counts_at_once() -> None:
    clock, chance = CaptureClock(), random.Random(3)
    clock.at(None, NOW)
    assert clock.off_s is None
    for step in range(200):
        arrival = NOW + step * 66_667 + chance.randint(0, 400_000)
        clock.at(NOW + step * 66_667 + 8_000_000, arrival)
    assert clock.off_s == pytest.approx(7.8, abs=0.15)
    clock.at(0, NOW + 20_000_000)  # it stands at 1970
    assert clock.off_s is not None
    assert clock.off_s < -1e9
