"""Training as values: which course opens which gate, and whether somebody's record still stands. Pure."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

MATCH_REVIEW: Final = "match-review"
"""The gate of reviewing leads: whoever looks at a match must know how such matches go wrong."""
GATES: Final = {MATCH_REVIEW: "Reviewing matches"}


@dataclass(frozen=True, slots=True)
class Course:
    """A course of a chain; a record of it opens `gate` for `valid_months`."""

    id: uuid.UUID
    name: str
    gate: str
    valid_months: int
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """Somebody took a course.

    Attributes:
        expires_on: the first day it no longer counts.
        certificate: reference of the paper, "" for none.
    """

    id: uuid.UUID
    course_id: uuid.UUID
    user_id: uuid.UUID
    trainer: str
    trained_on: date
    expires_on: date
    certificate: str
    recorded_by: uuid.UUID
    recorded_at: datetime
    withdrawn_at: datetime | None = None


def opens(gate: str, courses: Sequence[Course], records: Sequence[TrainingRecord], user: uuid.UUID, today: date) -> bool:
    """Whether `user` may pass `gate` today: one course of it that is not retired, and a record of it that stands.

    A gate for which the chain has no course stays shut.
    """
    wanted = {course.id for course in courses if course.gate == gate and course.retired_at is None}
    return any(
        record.user_id == user
        and record.course_id in wanted
        and record.withdrawn_at is None
        and record.trained_on <= today < record.expires_on
        for record in records
    )
