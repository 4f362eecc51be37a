"""The state machine by itself: every happening in every phase, and long random lives."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.capture.failures import FailureKind, failure
from app.capture.reconnect import (
    PATIENCE,
    Abandon,
    Action,
    Failed,
    Happening,
    Looked,
    Open,
    Rules,
    Started,
    Stopped,
    StreamState,
    step,
)
from app.capture.source import parse_source
from app.contracts.tracked import CameraState

SOURCE = parse_source("rtsp://user:secret@cam.example/stream")
assert SOURCE is not None
RULES = Rules(SOURCE)


def go(state: StreamState, happening: Happening, now: float, chance: float = 0.5) -> tuple[StreamState, Action]:
    return step(RULES, state, happening, now, chance)


def failed(kind: FailureKind) -> Failed:
    assert SOURCE is not None
    return Failed(failure(kind, SOURCE))


def live(now: float = 0.0) -> StreamState:
    state, _ = go(StreamState(), Started(), now)
    state, _ = go(state, Looked(now, now), now)
    assert state.phase is CameraState.LIVE
    return state


def test_starting_opens_once() -> None:
    state, action = go(StreamState(), Started(), 1.0)
    assert (state.phase, action) == (CameraState.CONNECTING, Open)
    assert go(state, Started(), 2.0) == (state, None)


def test_a_picture_makes_it_live_and_clears_the_reason() -> None:
    state, _ = go(StreamState(), Started(), 0.0)
    state, _ = go(state, failed(FailureKind.REFUSED), 0.1)
    assert state.phase is CameraState.RECONNECTING
    state, action = go(state, Looked(), 10.0)
    assert action is Open
    state, _ = go(state, Looked(10.5, 10.5), 10.5)
    assert (state.phase, state.reason, state.reconnects) == (CameraState.LIVE, "", 0)


def test_packets_without_a_picture_are_given_up_in_the_end() -> None:
    state, _ = go(StreamState(), Started(), 0.0)
    assert go(state, Looked(19.0, None), 19.0) == (state, None)
    state, action = go(state, Looked(20.0, None), 20.0)
    assert action is Abandon
    assert "whole picture" in state.reason


def test_silence_freezes_and_is_opened_again() -> None:
    state, action = go(live(), Looked(0.0, 0.0), PATIENCE.frozen_s)
    assert (state.phase, action) == (CameraState.FROZEN, Abandon)
    assert go(state, Looked(), state.retry_at - 0.01)[1] is None
    state, action = go(state, Looked(), state.retry_at)
    assert (state.phase, action) == (CameraState.FROZEN, Open)
    state, _ = go(state, Looked(9.0, 9.0), 9.0)
    assert (state.phase, state.reconnects) == (CameraState.LIVE, 1)


def test_a_hung_decoder_is_noticed_although_it_read_packets_before() -> None:
    state, action = go(live(), Looked(packet_at=1.0, frame_at=1.0), 1.0 + PATIENCE.frozen_s)
    assert (state.phase, action) == (CameraState.FROZEN, Abandon)


def test_a_silent_open_times_out() -> None:
    state, _ = go(StreamState(), Started(), 0.0)
    assert go(state, Looked(), PATIENCE.open_s - 0.1) == (state, None)
    state, action = go(state, Looked(), PATIENCE.open_s)
    assert (state.phase, action) == (CameraState.RECONNECTING, Abandon)
    assert "in time" in state.reason


@pytest.mark.parametrize("kind", [FailureKind.UNAUTHORIZED, FailureKind.NOT_FOUND, FailureKind.CODEC])
def test_a_refusal_waits_longer_and_stays_shown_while_asking_again(kind: FailureKind) -> None:
    state, _ = go(StreamState(), Started(), 0.0)
    state, _ = go(state, failed(kind), 1.0, chance=0.0)
    assert state.phase is CameraState.REFUSED
    assert state.retry_at - 1.0 >= 2.5
    state, _ = go(state, Looked(), state.retry_at)
    assert state.phase is CameraState.REFUSED


def test_back_off_grows_and_starts_over_after_a_settled_life() -> None:
    state, _ = go(StreamState(), Started(), 0.0)
    waits, now = [], 0.0
    for _ in range(8):
        state, _ = go(state, failed(FailureKind.ENDED), now, chance=0.0)
        waits.append(state.retry_at - now)
        now = state.retry_at
        state, _ = go(state, Looked(), now)
    assert waits == sorted(waits)
    assert waits[-1] == PATIENCE.retry.longest_s / 2
    state, _ = go(state, Looked(now, now), now)
    later = now + PATIENCE.settled_s
    state, _ = go(state, Looked(later, later), later)
    assert state.attempt == 0


def test_a_stream_that_dies_at_once_does_not_start_over() -> None:
    state, _ = go(StreamState(), Started(), 0.0)
    state, _ = go(state, failed(FailureKind.ENDED), 0.0)
    state, _ = go(state, Looked(), state.retry_at)
    state, _ = go(state, Looked(5.0, 5.0), 5.0)
    state, _ = go(state, failed(FailureKind.ENDED), 5.1)
    assert state.attempt == 2


def test_stopping_forgets_everything_but_the_count() -> None:
    state, action = go(replace(live(), reconnects=3), Stopped(), 5.0)
    assert (state, action) == (StreamState(reconnects=3), Abandon)
    assert go(state, Looked(9.0, 9.0), 9.0) == (state, None)
    assert go(state, failed(FailureKind.ENDED), 9.0) == (state, None)


def test_a_late_failure_of_an_abandoned_reader_changes_nothing() -> None:
    state, _ = go(live(), Looked(0.0, 0.0), PATIENCE.frozen_s)
    assert go(state, failed(FailureKind.ENDED), PATIENCE.frozen_s + 0.1) == (state, None)


HAPPENINGS = st.one_of(
    st.just(Started()),
    st.just(Stopped()),
    st.sampled_from(FailureKind).map(failed),
    st.tuples(st.none() | st.floats(0, 3), st.none() | st.floats(0, 3)).map(lambda ages: ("look", *ages)),
)


@given(st.lists(st.tuples(HAPPENINGS, st.floats(0.01, 30.0), st.floats(0, 0.999)), max_size=60))
def test_any_life_keeps_one_reader_and_tells_why(life: list[tuple[object, float, float]]) -> None:
    state, now, readers = StreamState(), 100.0, 0
    for what, passed, chance in life:
        now += passed
        if isinstance(what, tuple):
            _, packet_age, frame_age = what
            what = Looked(
                None if packet_age is None else now - packet_age,
                None if frame_age is None or packet_age is None else now - frame_age,
            )
        state, action = step(RULES, state, what, now, chance)  # type: ignore[arg-type]
        readers += (action is Open) - (action is Abandon)
        assert readers == int(state.running)
        assert readers in (0, 1)
        if state.phase in (CameraState.RECONNECTING, CameraState.REFUSED, CameraState.FROZEN):
            assert state.reason
            assert "secret" not in state.reason
            assert state.retry_at <= now + PATIENCE.refused.longest_s
