"""What people may do to an alert."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.endpoints import AlertOut
from app.alerts.lifecycle import AlertAct, How, decide, wake
from app.alerts.models import Alert, AlertState, Handler, Outcome, Threat, alert_body, alert_message
from app.kit.errors import BadInputError, ConflictError

NOW = datetime(2026, 1, 1, 10, 0, 5, tzinfo=UTC)
ANN, BOB = Handler(uuid.UUID(int=1), "ann"), Handler(uuid.UUID(int=2), "bob")


def make_alert(state: AlertState = AlertState.RAISED, **changes: object) -> Alert:
    alert = Alert(
        id=uuid.UUID(int=9),
        store_id=uuid.UUID(int=8),
        camera_id=uuid.UUID(int=7),
        zone_id=None,
        kind="loitering",
        threat=Threat.LOW,
        state=state,
        score=1.0,
        threshold=0.5,
        explanation={"dwell_s": 31.5},
        track_ids=(2**63 + 1,),
        epoch=3,
        started_at=NOW - timedelta(seconds=40, microseconds=7),
        ended_at=NOW,
        raised_at=NOW,
        changed_at=NOW,
    )
    return dataclasses.replace(alert, **changes)  # type: ignore[arg-type]


def do(alert: Alert, act: AlertAct, who: Handler, at: datetime = NOW, **how: Any) -> Alert:
    """The alert after an act that changes it."""
    if act is AlertAct.SNOOZE:
        how = {"until": at + timedelta(minutes=5), "reason": "cleaning"} | how
    done = decide(alert, act, who, at, How(**how))
    assert done is not None
    return done


def test_claim_keeps_others_out_until_taken_over() -> None:
    claimed = do(make_alert(), AlertAct.CLAIM, ANN)
    assert (claimed.state, claimed.claimed_by, claimed.waiting_since) == (AlertState.CLAIMED, ANN, None)
    assert decide(claimed, AlertAct.CLAIM, ANN, NOW) is None
    for act in set(AlertAct) - {AlertAct.REOPEN}:
        with pytest.raises(ConflictError, match="ann claimed") as caught:
            do(claimed, act, BOB)
        assert caught.value.extra["by"] == {"id": str(ANN.id), "username": "ann"}
        assert caught.value.extra["at"] == "2026-01-01T10:00:05Z"
    later = dataclasses.replace(claimed, changed_at=NOW + timedelta(seconds=60))  # the act goes on
    with pytest.raises(ConflictError) as caught:
        decide(later, AlertAct.CLAIM, BOB, NOW)
    assert caught.value.extra["at"] == "2026-01-01T10:00:05Z"
    assert do(claimed, AlertAct.CLAIM, BOB, take_over=True).claimed_by == BOB


def test_acknowledging_twice_changes_nothing_and_a_second_person_learns_who_did() -> None:
    done = do(make_alert(), AlertAct.ACKNOWLEDGE, ANN)
    assert (done.state, done.acknowledged_by, done.acknowledged_at) == (AlertState.ACKNOWLEDGED, ANN, NOW)
    assert decide(done, AlertAct.ACKNOWLEDGE, ANN, NOW) is None
    assert do(done, AlertAct.ACKNOWLEDGE, ANN, outcome=Outcome.CORRECT).outcome == "correct"
    for act in (AlertAct.ACKNOWLEDGE, AlertAct.CLAIM, AlertAct.SNOOZE, AlertAct.ESCALATE):
        with pytest.raises(ConflictError, match="ann acknowledged"):
            do(done, act, BOB)


def test_resolving_ends_it_with_one_outcome() -> None:
    acknowledged = do(make_alert(), AlertAct.ACKNOWLEDGE, ANN, outcome=Outcome.CORRECT)
    assert do(acknowledged, AlertAct.RESOLVE, BOB).outcome == "correct"
    done = do(acknowledged, AlertAct.RESOLVE, BOB, outcome=Outcome.FALSE)
    assert (done.state, done.outcome, done.resolved_by) == (AlertState.RESOLVED, "false", BOB)
    assert decide(done, AlertAct.RESOLVE, BOB, NOW, How(outcome=Outcome.FALSE)) is None
    with pytest.raises(ConflictError):
        do(done, AlertAct.RESOLVE, BOB, outcome=Outcome.ACTION_TAKEN)
    assert do(make_alert(), AlertAct.RESOLVE, ANN).outcome == "unknown"


def test_a_snooze_needs_an_end_and_a_reason_and_comes_back_by_itself() -> None:
    for wrong in ({"until": None}, {"until": NOW}, {"until": NOW + timedelta(hours=25)}, {"reason": "  "}):
        with pytest.raises(BadInputError):
            do(make_alert(), AlertAct.SNOOZE, ANN, **wrong)
    asleep = do(make_alert(), AlertAct.SNOOZE, ANN)
    assert (asleep.snoozed_by, asleep.snooze_reason, asleep.waiting_since) == (ANN, "cleaning", None)
    assert wake(asleep, NOW + timedelta(minutes=4)) is None
    woken = wake(asleep, NOW + timedelta(minutes=5))
    assert woken is not None
    assert (woken.state, woken.waiting_since) == (AlertState.RAISED, NOW + timedelta(minutes=5))
    assert wake(woken, NOW + timedelta(hours=1)) is None


def test_by_hand_it_goes_up_to_the_operations_centre_and_no_further() -> None:
    up = do(do(make_alert(), AlertAct.CLAIM, ANN), AlertAct.ESCALATE, ANN)
    assert (up.state, up.escalation_level, up.claimed_by, up.escalated_by) == (AlertState.ESCALATED, "area", None, ANN)
    top = do(do(up, AlertAct.CLAIM, BOB), AlertAct.ESCALATE, BOB)
    assert top.escalation_level == "operations-centre"
    with pytest.raises(ConflictError, match="nobody above"):
        do(top, AlertAct.ESCALATE, BOB)


def test_reopening_takes_the_outcome_back() -> None:
    done = do(do(make_alert(), AlertAct.ESCALATE, ANN), AlertAct.RESOLVE, ANN, outcome=Outcome.FALSE)
    again = do(done, AlertAct.REOPEN, BOB)
    assert (again.state, again.outcome, again.resolved_by, again.waiting_since) == (AlertState.ESCALATED, None, None, NOW)
    with pytest.raises(ConflictError, match="open already"):
        do(again, AlertAct.REOPEN, BOB)


@given(st.lists(st.tuples(st.sampled_from(list(AlertAct)), st.sampled_from([ANN, BOB]), st.booleans()), max_size=12))
def test_whatever_people_try_an_alert_stays_sound(acts: list[tuple[AlertAct, Handler, bool]]) -> None:
    alert = make_alert(waiting_since=NOW)
    for number, (act, who, take_over) in enumerate(acts):
        at = NOW + timedelta(seconds=number)
        how = How(take_over=take_over, until=at + timedelta(minutes=1), reason="r")
        try:
            changed = decide(alert, act, who, at, how)
        except ConflictError:
            continue
        if changed is None:
            continue
        if alert.state is AlertState.CLAIMED and alert.claimed_by != who:
            assert take_over, "only a claimant, or who takes over on purpose, changes a claimed alert"
        assert changed.revision == alert.revision + 1
        for name in ("id", "score", "explanation", "started_at", "raised_at"):
            assert getattr(changed, name) == getattr(alert, name)
        assert changed.escalation_level.rank >= alert.escalation_level.rank
        waits = changed.state in (AlertState.RAISED, AlertState.ESCALATED)
        assert (changed.waiting_since is not None) == waits
        assert (changed.claimed_by is not None) or changed.state is not AlertState.CLAIMED
        assert (changed.outcome is not None) or changed.state is not AlertState.RESOLVED
        assert (changed.snoozed_until is not None) or changed.state is not AlertState.SNOOZED
        alert = changed


def test_rest_and_live_messages_carry_the_same_body() -> None:
    alert = make_alert(AlertState.CLAIMED, claimed_by=ANN)
    rest = AlertOut.model_validate(alert_body(alert)).model_dump(mode="json")
    assert rest == alert_body(alert)
    assert rest["track_ids"] == ["9223372036854775809"]
    assert alert_message(alert) == {"store_id": str(alert.store_id), "alert": rest}


@pytest.mark.parametrize("act", list(AlertAct))
def test_the_time_of_change_never_goes_back(act: AlertAct) -> None:
    ahead = NOW + timedelta(seconds=3)  # the pipeline's clock
    state = AlertState.RESOLVED if act is AlertAct.REOPEN else AlertState.RAISED
    for alert, changed_at in ((make_alert(state, changed_at=ahead), ahead), (make_alert(state), NOW + timedelta(seconds=1))):
        done = do(alert, act, ANN, NOW + timedelta(seconds=1))
        assert done.changed_at == changed_at
