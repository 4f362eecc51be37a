"""The life of a part, as decisions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.embedded.lifecycle import Phase, Policy, Status, answered, ended, overdue, probe_pause_s, started, stopped

SERVER = Policy()
ONE_SHOT = Policy(one_shot=True, give_up_after=2)


def make_ready(now: float = 1.0) -> Status:
    return answered(started(Status(), 0.0, SERVER), now, SERVER)


def test_ready_only_after_its_probe_answered() -> None:
    status = started(Status(), 5.0, SERVER)
    assert status.phase is Phase.STARTING
    assert not status.serves_dependants
    assert answered(status, 6.0, SERVER).serves_dependants


def test_one_shot_serves_only_when_it_ended_well() -> None:
    status = started(Status(), 0.0, ONE_SHOT)
    assert answered(status, 1.0, ONE_SHOT) == status
    assert ended(status, 2.0, ONE_SHOT, 0).phase is Phase.DONE
    assert ended(status, 2.0, ONE_SHOT, 1).phase is Phase.BACKING_OFF


def test_server_that_ends_with_zero_is_restarted_too() -> None:
    assert ended(make_ready(), 100.0, SERVER, 0).phase is Phase.BACKING_OFF


def test_slow_start_is_overdue() -> None:
    status = started(Status(), 10.0, SERVER)
    assert not overdue(status, 10.0 + SERVER.ready_within_s - 0.1)
    assert overdue(status, 10.0 + SERVER.ready_within_s)
    assert not overdue(make_ready(), 1e9)


def test_a_part_that_starts_is_asked_soon_then_seldom() -> None:
    pauses = [probe_pause_s(asked) for asked in range(40)]
    assert pauses == sorted(pauses)
    assert pauses[0] <= 0.05
    assert pauses[-1] == probe_pause_s(10**6) == 0.25


@pytest.mark.parametrize(("code", "reason"), [(-9, "killed by signal 9"), (3, "exit code 3")])
def test_reason_names_what_happened(code: int, reason: str) -> None:
    assert ended(make_ready(), 100.0, SERVER, code).reason == reason


def test_gives_up_only_before_it_was_ever_ready() -> None:
    status = Status()
    for attempt in range(SERVER.give_up_after):
        assert status.phase is not Phase.FAILED
        status = ended(started(status, attempt, SERVER), attempt, SERVER, 1)
    assert status.phase is Phase.FAILED
    status = make_ready()
    for attempt in range(50):
        status = ended(started(status, attempt, SERVER), attempt, SERVER, 1)
    assert status.phase is Phase.BACKING_OFF


def test_waits_grow_and_a_stable_life_forgets_them() -> None:
    status = make_ready(now=0.0)
    waits = []
    for _ in range(6):
        status = ended(started(status, 0.0, SERVER), 0.0, SERVER, 1, chance=0.5)
        assert status.until is not None
        waits.append(status.until)
    assert waits == sorted(waits)
    assert waits[-1] <= SERVER.backoff.longest_s
    ready = answered(started(status, 100.0, SERVER), 100.0, SERVER)
    after = ended(ready, 100.0 + SERVER.stable_after_s, SERVER, 1, chance=0.5)
    assert after.failures == 1
    assert after.until == pytest.approx(100.0 + SERVER.stable_after_s + waits[0])


def test_an_optional_part_never_ends_the_start_and_is_tried_again() -> None:
    policy = Policy(optional=True, give_up_after=2)
    status = Status()
    for attempt in range(10):
        status = ended(started(status, attempt, policy), attempt, policy, 1)
        assert status.phase is Phase.ABSENT
        assert status.serves_dependants
        assert status.until is not None
    ready = answered(started(status, 20.0, policy), 21.0, policy)
    assert ready.phase is Phase.READY
    assert ended(ready, 22.0, policy, 1).phase is Phase.BACKING_OFF


def test_stopped_stays_stopped() -> None:
    status = stopped(make_ready(), 5.0)
    assert ended(status, 6.0, SERVER, -15) == status
    assert answered(status, 6.0, SERVER) == status


@given(st.lists(st.sampled_from(["start", "answer", "end well", "end badly"]), max_size=40), st.booleans())
def test_no_sequence_breaks_the_rules(steps: list[str], one_shot: bool) -> None:
    policy = Policy(one_shot=one_shot)
    status, now = Status(), 0.0
    for step in steps:
        now += 1.0
        if step == "start" and status.phase in (Phase.WAITING, Phase.BACKING_OFF):
            status = started(status, now, policy)
        elif step == "answer":
            status = answered(status, now, policy)
        elif step.startswith("end") and status.phase in (Phase.STARTING, Phase.READY):
            status = ended(status, now, policy, 0 if step == "end well" else 1)
        assert (status.phase is Phase.DONE) <= one_shot
        assert (status.phase is Phase.READY) <= (not one_shot)
        assert (status.phase is Phase.BACKING_OFF) == (status.until is not None and status.phase is not Phase.STARTING)
        assert (status.phase is Phase.FAILED) <= (not status.ever_ready)
