"""A data-subject request, its clock and what may become of it. Pure."""

import dataclasses
import enum
import uuid
from datetime import datetime, timedelta
from typing import Final

from app.kit.errors import BadInputError, ConflictError

ANSWER_DAYS: Final = 30
LONGEST_EXTENSION_DAYS: Final = 60
LONGEST_VISIT: Final = timedelta(days=1)
"""Of footage that a request may name, and that it keeps from deletion while it is open."""


class RequestKind(enum.StrEnum):
    """What somebody asks for."""

    ACCESS = "access"
    ERASURE = "erasure"


class RequestState(enum.StrEnum):
    """Where a request stands."""

    OPEN = "open"
    ANSWERED = "answered"


class RequestOutcome(enum.StrEnum):
    """What was done."""

    FULFILLED = "fulfilled"
    PARTLY_FULFILLED = "partly-fulfilled"
    NOTHING_HELD = "nothing-held"
    REFUSED = "refused"


@dataclasses.dataclass(frozen=True, slots=True)
class DataRequest:
    """One request. Its clock counts from `received_at`, whenever it was recorded.

    Attributes:
        identity_checked: how the handler made sure that whoever asks is who is meant.
        contact: sealed; who asks and how to answer.
        store_id, seen_from, seen_to: where and when they were, for their footage; all or none.
        searches: how often a picture was compared with every template there was. exports: how often it was exported.
    """

    id: uuid.UUID
    kind: RequestKind
    received_at: datetime
    identity_checked: str
    contact: bytes | None = dataclasses.field(repr=False)
    store_id: uuid.UUID | None
    seen_from: datetime | None
    seen_to: datetime | None
    recorded_by: uuid.UUID
    recorded_at: datetime
    state: RequestState = RequestState.OPEN
    extended_days: int = 0
    extension_reason: str = ""
    searches: int = 0
    exports: int = 0
    outcome: RequestOutcome | None = None
    answer: str | None = None
    answered_by: uuid.UUID | None = None
    answered_at: datetime | None = None
    revision: int = 0

    @property
    def answer_by(self) -> datetime:
        """When the person must have an answer."""
        return self.received_at + timedelta(days=ANSWER_DAYS + self.extended_days)

    def overdue(self, at: datetime) -> bool:
        """Whether the clock ran out without an answer."""
        return self.state is RequestState.OPEN and at > self.answer_by


@dataclasses.dataclass(frozen=True, slots=True)
class Subject:
    """An entry that a person said is of whoever asks. `erasure_id`: the proof that it is gone."""

    request_id: uuid.UUID
    enrolment_id: uuid.UUID
    added_by: uuid.UUID
    added_at: datetime
    erasure_id: uuid.UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What is held besides the entries of a request, when it is answered.

    Attributes:
        footage: whether there is any of the visit.
        not_compared: templates that no photo can be compared with now.
    """

    footage: bool = False
    not_compared: int = 0


def demand_times(received_at: datetime, now: datetime, visit: tuple[object, datetime | None, datetime | None]) -> None:
    """BadInputError unless it came in before now, and names store, beginning and end of a visit, or none of them."""
    if received_at > now:
        raise BadInputError("A request comes in before it is recorded.")
    store, seen_from, seen_to = visit
    if store is None and seen_from is None and seen_to is None:
        return
    if store is None or seen_from is None or seen_to is None:
        raise BadInputError("Footage is named by a store, a beginning and an end: all three, or none.")
    if not seen_from < seen_to <= now or seen_to - seen_from > LONGEST_VISIT:
        raise BadInputError("The time of the visit ends after it begins, within a day and not in the future.")


def demand_open(request: DataRequest) -> None:
    """ConflictError once it is answered."""
    if request.state is not RequestState.OPEN:
        raise ConflictError("This request is answered.")


def extend(request: DataRequest, days: int, reason: str) -> DataRequest:
    """More time, once, with the reason that the person is told; ConflictError where it was extended or is answered."""
    demand_open(request)
    if request.extended_days:
        raise ConflictError("The time of this request was extended before.")
    if not 1 <= days <= LONGEST_EXTENSION_DAYS:
        raise BadInputError(f"A request is extended by 1 to {LONGEST_EXTENSION_DAYS} days.")
    return advance(request, extended_days=days, extension_reason=reason)


def answered(
    request: DataRequest,
    subjects: list[Subject],
    held: Held,
    outcome: RequestOutcome,
    answer: str,
    by: uuid.UUID,
    at: datetime,
) -> DataRequest:
    """The answer, for good. What it says must have been done.

    Raises:
        ConflictError: it is answered, or what the outcome claims was not done.
    """
    demand_open(request)
    left = [each for each in subjects if each.erasure_id is None]
    if outcome is RequestOutcome.NOTHING_HELD:
        _demand_nothing_held(request, subjects, held)
    if outcome is RequestOutcome.FULFILLED and request.kind is RequestKind.ERASURE and (left or not subjects):
        raise ConflictError("Erase the entries that were found first; where there are none, nothing is held.")
    if outcome is RequestOutcome.FULFILLED and request.kind is RequestKind.ACCESS and not request.exports:
        raise ConflictError("Export what is held and hand it over first.")
    done = {"outcome": outcome, "answer": answer, "answered_by": by, "answered_at": at}
    return advance(request, state=RequestState.ANSWERED, **done)


def _demand_nothing_held(request: DataRequest, subjects: list[Subject], held: Held) -> None:
    if subjects:
        raise ConflictError("Something is held: the entries that were found belong to this request.")
    if held.footage:
        raise ConflictError("Something is held: footage of the visit. Export it and hand it over, or say why you do not.")
    if not request.searches and held.not_compared:
        raise ConflictError("Some templates could not be compared with a photo yet; search again in an hour.")
    if not request.searches:
        raise ConflictError("Look for the person by a photo first; only then is it known that nothing is held.")


def advance(request: DataRequest, **changes: object) -> DataRequest:
    """The request with changes and its next revision."""
    return dataclasses.replace(request, revision=request.revision + 1, **changes)  # type: ignore[arg-type]
