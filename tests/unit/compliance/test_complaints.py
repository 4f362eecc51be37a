"""Complaints: the clocks, and what may follow what."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from app.compliance.complaints.models import Complaint, ComplaintOutcome, ComplaintState, acknowledge, decide, demand_times
from app.kit.errors import BadInputError, ConflictError

AT = datetime(2026, 11, 1, tzinfo=UTC)
ME = uuid.uuid4()


def complaint(match: uuid.UUID | None = None) -> Complaint:
    return Complaint(uuid.uuid4(), uuid.uuid4(), AT, AT - timedelta(days=1), None, match, "s", None, ME, AT)


def test_rule_16_the_clocks_of_7_and_30_days_run_from_when_it_came_in() -> None:
    one = complaint()
    assert (one.acknowledge_by, one.answer_by) == (AT + timedelta(days=7), AT + timedelta(days=30))
    assert not one.overdue(AT + timedelta(days=7))
    assert one.overdue(AT + timedelta(days=7, seconds=1))
    told = acknowledge(one, ME, AT + timedelta(days=3))
    assert not told.overdue(AT + timedelta(days=30))
    assert told.overdue(AT + timedelta(days=30, seconds=1))
    done = decide(told, ComplaintOutcome.UPHELD, "Sorry.", ME, AT + timedelta(days=40), corrected=False)
    assert not done.overdue(AT + timedelta(days=90))
    assert (done.state, done.acknowledged_at, done.revision) == (ComplaintState.DECIDED, AT + timedelta(days=3), 2)


def test_an_answer_also_acknowledges_and_nothing_is_done_twice() -> None:
    done = decide(complaint(), ComplaintOutcome.NOT_UPHELD, "No.", ME, AT, corrected=False)
    assert done.acknowledged_at == AT
    with pytest.raises(ConflictError):
        decide(done, ComplaintOutcome.UPHELD, "Yes.", ME, AT, corrected=False)
    with pytest.raises(ConflictError):
        acknowledge(acknowledge(complaint(), ME, AT), ME, AT)


def test_a_correction_needs_a_match_and_an_upheld_complaint() -> None:
    with pytest.raises(BadInputError):
        decide(complaint(), ComplaintOutcome.UPHELD, "x", ME, AT, corrected=True)
    with pytest.raises(BadInputError):
        decide(complaint(uuid.uuid4()), ComplaintOutcome.NOT_UPHELD, "x", ME, AT, corrected=True)
    assert decide(complaint(uuid.uuid4()), ComplaintOutcome.PARTLY_UPHELD, "x", ME, AT, corrected=True).corrected


def test_times_are_in_order() -> None:
    demand_times(AT, AT, AT)
    for received, happened in ((AT + timedelta(seconds=1), AT), (AT, AT + timedelta(seconds=1))):
        with pytest.raises(BadInputError):
            demand_times(received, happened, AT)
