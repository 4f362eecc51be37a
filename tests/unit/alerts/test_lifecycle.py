"""What people may do to an alert."""

import dataclasses
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.alerts.endpoints import AlertOut
from app.alerts.lifecycle import AlertAct, decide
from app.alerts.models import Alert, AlertState, Handler, Outcome, Threat, alert_body, alert_message
from app.kit.errors import ConflictError

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


def test_claim_keeps_others_out_until_taken_over() -> None:
    claimed = decide(make_alert(), AlertAct.CLAIM, ANN, NOW)
    assert claimed is not None
    assert (claimed.state, claimed.claimed_by) == (AlertState.CLAIMED, ANN)
    assert decide(claimed, AlertAct.CLAIM, ANN, NOW) is None
    for act in AlertAct:
        with pytest.raises(ConflictError, match="ann claimed") as caught:
            decide(claimed, act, BOB, NOW)
        assert caught.value.extra["by"] == {"id": str(ANN.id), "username": "ann"}
        assert caught.value.extra["at"] == "2026-01-01T10:00:05Z"
    later = dataclasses.replace(claimed, changed_at=NOW + timedelta(seconds=60))  # the act goes on
    with pytest.raises(ConflictError) as caught:
        decide(later, AlertAct.CLAIM, BOB, NOW)
    assert caught.value.extra["at"] == "2026-01-01T10:00:05Z"
    taken = decide(claimed, AlertAct.CLAIM, BOB, NOW, take_over=True)
    assert taken is not None
    assert taken.claimed_by == BOB


def test_acknowledging_twice_changes_nothing_and_a_second_person_learns_who_did() -> None:
    done = decide(make_alert(), AlertAct.ACKNOWLEDGE, ANN, NOW)
    assert done is not None
    assert (done.state, done.acknowledged_by, done.acknowledged_at) == (AlertState.ACKNOWLEDGED, ANN, NOW)
    assert decide(done, AlertAct.ACKNOWLEDGE, ANN, NOW) is None
    with pytest.raises(ConflictError, match="ann acknowledged"):
        decide(done, AlertAct.ACKNOWLEDGE, BOB, NOW)
    with pytest.raises(ConflictError, match="ann acknowledged"):
        decide(done, AlertAct.CLAIM, BOB, NOW)


def test_resolving_ends_it_with_one_outcome() -> None:
    acknowledged = decide(make_alert(), AlertAct.ACKNOWLEDGE, ANN, NOW)
    assert acknowledged is not None
    done = decide(acknowledged, AlertAct.RESOLVE, BOB, NOW, outcome=Outcome.FALSE_ALARM)
    assert done is not None
    assert (done.state, done.outcome, done.resolved_by) == (AlertState.RESOLVED, "false-alarm", BOB)
    assert decide(done, AlertAct.RESOLVE, BOB, NOW, outcome=Outcome.FALSE_ALARM) is None
    with pytest.raises(ConflictError):
        decide(done, AlertAct.RESOLVE, BOB, NOW, outcome=Outcome.HANDLED)


@given(st.lists(st.tuples(st.sampled_from(list(AlertAct)), st.sampled_from([ANN, BOB]), st.booleans()), max_size=8))
def test_states_only_go_forward_and_facts_stay(acts: list[tuple[AlertAct, Handler, bool]]) -> None:
    order = [AlertState.RAISED, AlertState.CLAIMED, AlertState.ACKNOWLEDGED, AlertState.RESOLVED]
    alert = make_alert()
    for act, who, take_over in acts:
        try:
            changed = decide(alert, act, who, NOW, take_over=take_over)
        except ConflictError:
            continue
        if changed is None:
            continue
        assert order.index(changed.state) >= order.index(alert.state)
        for name in ("id", "score", "explanation", "started_at", "raised_at"):
            assert getattr(changed, name) == getattr(alert, name)
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
    for alert, changed_at in ((make_alert(changed_at=ahead), ahead), (make_alert(), NOW + timedelta(seconds=1))):
        done = decide(alert, act, ANN, NOW + timedelta(seconds=1))
        assert done is not None
        assert done.changed_at == changed_at
