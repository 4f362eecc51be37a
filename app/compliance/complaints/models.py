"""A complaint, its clocks and what may become of it. Pure."""

import dataclasses
import enum
import uuid
from datetime import datetime, timedelta
from typing import Final

from app.kit.errors import BadInputError, ConflictError

ACKNOWLEDGE_DAYS: Final = 7
ANSWER_DAYS: Final = 30


class ComplaintState(enum.StrEnum):
    """Where a complaint stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    DECIDED = "decided"


class ComplaintOutcome(enum.StrEnum):
    """What was found."""

    UPHELD = "upheld"
    PARTLY_UPHELD = "partly-upheld"
    NOT_UPHELD = "not-upheld"


@dataclasses.dataclass(frozen=True, slots=True)
class Complaint:
    """One complaint. Its clocks count from `received_at`, whenever it was recorded.

    Attributes:
        contact: sealed; who complains and how to answer.
        corrected: the enrolment behind the match was erased, for every store.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    received_at: datetime
    happened_at: datetime
    alert_id: uuid.UUID | None
    match_id: uuid.UUID | None
    summary: str
    contact: bytes | None = dataclasses.field(repr=False)
    recorded_by: uuid.UUID
    recorded_at: datetime
    state: ComplaintState = ComplaintState.OPEN
    acknowledged_by: uuid.UUID | None = None
    acknowledged_at: datetime | None = None
    outcome: ComplaintOutcome | None = None
    answer: str | None = None
    corrected: bool = False
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = None
    revision: int = 0

    @property
    def acknowledge_by(self) -> datetime:
        """When the person must have heard that it arrived."""
        return self.received_at + timedelta(days=ACKNOWLEDGE_DAYS)

    @property
    def answer_by(self) -> datetime:
        """When the person must have an answer."""
        return self.received_at + timedelta(days=ANSWER_DAYS)

    def overdue(self, at: datetime) -> bool:
        """Whether a clock ran out before what it waits for was done."""
        if self.state is ComplaintState.DECIDED:
            return False
        return at > self.answer_by or (self.state is ComplaintState.OPEN and at > self.acknowledge_by)


def demand_times(received_at: datetime, happened_at: datetime, now: datetime) -> None:
    """BadInputError unless it happened before it was complained about, and both before now."""
    if not happened_at <= received_at <= now:
        raise BadInputError("What happened comes before the complaint about it, and neither lies in the future.")


def acknowledge(complaint: Complaint, by: uuid.UUID, at: datetime) -> Complaint:
    """The person was told that it arrived; ConflictError where that was done or it is decided."""
    if complaint.state is not ComplaintState.OPEN:
        raise ConflictError("This complaint was acknowledged before.")
    return _next(complaint, state=ComplaintState.ACKNOWLEDGED, acknowledged_by=by, acknowledged_at=at)


def decide(
    complaint: Complaint, outcome: ComplaintOutcome, answer: str, by: uuid.UUID, at: datetime, *, corrected: bool
) -> Complaint:
    """The answer, for good. A correction belongs to a complaint about a match that is upheld.

    Raises:
        ConflictError: it is decided. BadInputError: the decision does not fit together.
    """
    if complaint.state is ComplaintState.DECIDED:
        raise ConflictError("This complaint is decided.")
    if corrected and complaint.match_id is None:
        raise BadInputError("Only a complaint about a match has an enrolment to correct.")
    if corrected and outcome is ComplaintOutcome.NOT_UPHELD:
        raise BadInputError("Nothing is corrected for a complaint that is not upheld.")
    done = {"outcome": outcome, "answer": answer, "corrected": corrected, "decided_by": by, "decided_at": at}
    if complaint.state is ComplaintState.OPEN:  # the answer tells them, too, that it arrived
        done |= {"acknowledged_by": by, "acknowledged_at": at}
    return _next(complaint, state=ComplaintState.DECIDED, **done)


def _next(complaint: Complaint, **changes: object) -> Complaint:
    return dataclasses.replace(complaint, revision=complaint.revision + 1, **changes)  # type: ignore[arg-type]
