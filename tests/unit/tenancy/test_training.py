"""Rule 23: a gate opens for a standing record of one of its courses, and for nothing else."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tenancy.training.gate import requires_training
from app.tenancy.training.models import MATCH_REVIEW, Course, TrainingRecord, opens

WHO, COURSE, BOSS = (uuid.UUID(int=number) for number in (1, 2, 3))
NOW = datetime(2026, 11, 23, tzinfo=UTC)
TODAY = NOW.date()
COURSES = [Course(COURSE, "Reviewing leads", MATCH_REVIEW, 12, NOW)]
RECORD = TrainingRecord(uuid.UUID(int=9), COURSE, WHO, "T. Rainer", TODAY, TODAY + timedelta(days=365), "C-1", BOSS, NOW)


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"expires_on": TODAY}, False),
        ({"expires_on": TODAY + timedelta(days=1)}, True),
        ({"trained_on": TODAY + timedelta(days=1)}, False),
        ({"withdrawn_at": NOW}, False),
        ({"user_id": BOSS}, False),
        ({"course_id": uuid.UUID(int=8)}, False),
    ],
)
def test_rule_23_a_lapsed_record_shuts_the_gate(change: dict[str, object], allowed: bool) -> None:
    assert opens(MATCH_REVIEW, COURSES, [replace(RECORD, **change)], WHO, TODAY) is allowed  # type: ignore[arg-type]


def test_rule_23_a_gate_without_a_course_or_of_a_retired_one_stays_shut() -> None:
    assert opens(MATCH_REVIEW, [], [RECORD], WHO, TODAY) is False
    assert opens(MATCH_REVIEW, [replace(COURSES[0], retired_at=NOW)], [RECORD], WHO, TODAY) is False
    assert opens("another", COURSES, [RECORD], WHO, TODAY) is False


@given(st.dates(date(2026, 1, 1), date(2029, 1, 1)))
def test_rule_23_the_gate_is_open_exactly_while_the_record_stands(today: date) -> None:
    assert opens(MATCH_REVIEW, COURSES, [RECORD], WHO, today) is (RECORD.trained_on <= today < RECORD.expires_on)


def test_a_gate_is_named_rightly() -> None:
    with pytest.raises(ValueError, match="no gate"):
        requires_training("no-such-gate")
