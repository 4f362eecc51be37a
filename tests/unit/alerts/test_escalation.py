"""Who gets an alert that nobody reacts to, and when."""

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.alerts.escalation import Step, Waiting, next_step
from app.alerts.models import AlertState, EscalationLevel
from app.alerts.rota.models import THREATS, RotaEntry
from app.behaviour.findings import Threat

MONDAY = datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
REGION = uuid.UUID(int=50)
AREA, CENTRE = uuid.UUID(int=1), uuid.UUID(int=2)


def make_entry(user: uuid.UUID = CENTRE, **changes: Any) -> RotaEntry:
    values: dict[str, Any] = {
        "id": uuid.UUID(int=9), "store_id": None, "region_id": REGION if user == AREA else None, "user_id": user,
        "username": "u", "days": (1, 2, 3, 4, 5, 6, 7), "starts": time(0), "ends": time(0), "timezone": "UTC", "after_s": 60,
        "lowest_threat": Threat.LOW, "created_at": MONDAY,
    }  # fmt: skip
    return RotaEntry(**(values | changes))


def make_waiting(**changes: Any) -> Waiting:
    values: dict[str, Any] = {"state": AlertState.RAISED, "threat": Threat.MEDIUM, "level": EscalationLevel.STORE}
    return Waiting(**(values | {"waiting_since": MONDAY} | changes))


def later(seconds: float) -> datetime:
    return MONDAY + timedelta(seconds=seconds)


def test_it_goes_from_the_store_to_the_area_to_the_centre() -> None:
    rota = [make_entry(AREA), make_entry(CENTRE, after_s=120)]
    assert next_step(make_waiting(), rota, later(59)) is None
    first = next_step(make_waiting(), rota, later(60))
    assert first == Step(AlertState.ESCALATED, EscalationLevel.AREA, later(60), True, (AREA,))
    up = make_waiting(state=AlertState.ESCALATED, level=EscalationLevel.AREA, waiting_since=later(60))
    assert next_step(up, rota, later(179)) is None
    second = next_step(up, rota, later(180))
    assert second == Step(AlertState.ESCALATED, EscalationLevel.OPERATIONS_CENTRE, later(180), True, (CENTRE,))
    top = make_waiting(state=AlertState.ESCALATED, level=EscalationLevel.OPERATIONS_CENTRE)
    assert next_step(top, rota, later(10_000)) is None


def test_a_level_where_nobody_is_on_duty_is_passed_over_and_an_empty_rota_moves_nothing() -> None:
    asleep = make_entry(AREA, starts=time(20), ends=time(22))
    step = next_step(make_waiting(), [asleep, make_entry(CENTRE)], later(60))
    assert step is not None
    assert (step.level, step.to) == (EscalationLevel.OPERATIONS_CENTRE, (CENTRE,))
    alone = next_step(make_waiting(), [asleep], later(60))
    assert alone is not None
    assert (alone.level, alone.to) == (EscalationLevel.AREA, ())
    assert next_step(make_waiting(), [], later(10_000)) is None
    assert next_step(make_waiting(threat=Threat.LOW), [make_entry(lowest_threat=Threat.HIGH)], later(10_000)) is None


def test_hours_over_midnight_belong_to_the_day_they_begin_on() -> None:
    night = make_entry(days=(1,), starts=time(22), ends=time(6), timezone="Europe/Berlin")
    for at, on in (
        (datetime(2026, 1, 5, 21, 30, tzinfo=UTC), True),  # Monday 22:30 there
        (datetime(2026, 1, 6, 4, 59, tzinfo=UTC), True),  # Tuesday 05:59
        (datetime(2026, 1, 6, 5, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 5, 3, 0, tzinfo=UTC), False),  # Monday 04:00 is Sunday's night
    ):
        assert night.on_duty(at) is on


def test_a_snooze_ends_by_itself_at_the_level_it_was() -> None:
    asleep = make_waiting(state=AlertState.SNOOZED, waiting_since=None, snoozed_until=later(30), level=EscalationLevel.AREA)
    assert next_step(asleep, [], later(29)) is None
    assert next_step(asleep, [], later(30)) == Step(AlertState.ESCALATED, EscalationLevel.AREA, later(30))


def test_a_clock_that_jumps_moves_an_alert_once_and_puts_none_to_sleep() -> None:
    rota = [make_entry(AREA), make_entry(CENTRE)]
    ahead = next_step(make_waiting(), rota, later(86_400))
    assert ahead is not None
    assert ahead.level is EscalationLevel.AREA
    moved = make_waiting(state=ahead.state, level=ahead.level, waiting_since=ahead.waiting_since)
    assert next_step(moved, rota, later(86_401)) is None
    back = next_step(moved, rota, MONDAY)
    assert back == Step(AlertState.ESCALATED, EscalationLevel.AREA, MONDAY)


@given(
    st.sampled_from(AlertState),
    st.sampled_from(EscalationLevel),
    st.sampled_from(THREATS),
    st.integers(-100_000, 100_000),
    st.lists(
        st.tuples(st.sampled_from([AREA, CENTRE]), st.integers(10, 1000), st.integers(0, 23), st.integers(0, 23)), max_size=4
    ),
)
def test_time_only_moves_what_waits_and_only_up(
    state: AlertState, level: EscalationLevel, threat: Threat, seconds: int, hours: list[tuple[uuid.UUID, int, int, int]]
) -> None:
    rota = [make_entry(user, after_s=after, starts=time(a), ends=time(b)) for user, after, a, b in hours]
    alert = make_waiting(state=state, level=level, threat=threat)
    step = next_step(alert, rota, later(seconds))
    if step is None:
        return
    assert state in (AlertState.RAISED, AlertState.ESCALATED)
    assert step.waiting_since == later(seconds)
    if step.escalates:
        assert step.level.rank > level.rank
        assert seconds >= min(entry.after_s for entry in rota if entry.level is step.level)
        assert set(step.to) <= {entry.user_id for entry in rota if entry.level is step.level and entry.on_duty(later(seconds))}
    else:
        assert (step.state, step.level) == (state, level)
        assert seconds < 0
