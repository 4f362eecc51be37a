"""A data-subject request, its clock and what may become of it. Pure."""

import dataclasses
import enum
import uuid
from datetime import datetime, timedelta
from typing import Final

from app.evidence.models import EvidenceState
from app.evidence.retention import Holder
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


class FootageState(enum.StrEnum):
    """What became of a piece of footage that may show whoever asks."""

    TO_LOOK_AT = "to-look-at"
    NOT_THEIRS = "not-theirs"
    THEIRS = "theirs"
    DUE = "due"  # its erasure was asked for; retention does it within minutes
    KEPT = "kept"  # its erasure was asked for, and waits for what holds it
    ERASED = "erased"
    LOST = "lost"  # its bytes are gone, and nobody erased them


@dataclasses.dataclass(frozen=True, slots=True)
class Footage:
    """A recording or a still of the visit, or of a moment at which an entry of the request was thought to be seen.

    Attributes:
        theirs: whether whoever asks is in it, as a handler said who looked; None: nobody did.
        erase_from: since when it is to be erased. erased_at: since when nothing of it is stored.
        kept_for: what keeps it from deletion, but for this request.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    type: str
    store: str
    camera: str
    recorded_from: datetime | None
    recorded_to: datetime | None
    moment: datetime
    theirs: bool | None
    erase_from: datetime | None
    erased_at: datetime | None
    evidence_state: EvidenceState
    kept_for: tuple[Holder, ...]

    @property
    def coming(self) -> bool:
        """Whether it is on its way to the store."""
        return self.evidence_state in (EvidenceState.WANTED, EvidenceState.RECORDING, EvidenceState.UPLOADING)

    @property
    def state(self) -> FootageState:
        """Where it stands."""
        if self.theirs is None:
            return FootageState.TO_LOOK_AT
        if not self.theirs:
            return FootageState.NOT_THEIRS
        if self.evidence_state is EvidenceState.LOST:
            return FootageState.LOST
        if self.erased_at is not None:
            return FootageState.ERASED
        if self.erase_from is None:
            return FootageState.THEIRS
        return FootageState.KEPT if self.kept_for else FootageState.DUE


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """What is held besides the entries of a request, when it is answered.

    Attributes:
        footage: where each piece of it stands.
        not_compared: templates that no photo can be compared with now.
    """

    footage: tuple[FootageState, ...] = ()
    not_compared: int = 0


_NOT_ERASED: Final = {
    FootageState.TO_LOOK_AT: "Look at the footage first: say of each piece whether they are in it.",
    FootageState.THEIRS: "Erase the footage that shows them first.",
    FootageState.DUE: "The footage that shows them is being erased; answer in a few minutes.",
    FootageState.KEPT: "Some footage that shows them is kept, so the request is partly fulfilled; say why in the answer.",
    FootageState.LOST: "Footage that shows them was lost, not erased, so the request is partly fulfilled; say so in the answer.",
}


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
    if outcome is RequestOutcome.FULFILLED and request.kind is RequestKind.ERASURE:
        if left or not (subjects or FootageState.ERASED in held.footage):
            raise ConflictError("Erase what was found first; where there is nothing of them, nothing is held.")
        _demand_footage_erased(held.footage)
    if outcome is RequestOutcome.FULFILLED and request.kind is RequestKind.ACCESS and not request.exports:
        raise ConflictError("Export what is held and hand it over first.")
    done = {"outcome": outcome, "answer": answer, "answered_by": by, "answered_at": at}
    return advance(request, state=RequestState.ANSWERED, **done)


def _demand_footage_erased(footage: tuple[FootageState, ...]) -> None:
    for state, words in _NOT_ERASED.items():
        if state in footage:
            raise ConflictError(words)


def _demand_nothing_held(request: DataRequest, subjects: list[Subject], held: Held) -> None:
    if subjects:
        raise ConflictError("Something is held: the entries that were found belong to this request.")
    if any(each is not FootageState.NOT_THEIRS for each in held.footage):
        raise ConflictError("Something is held: footage. Look at each piece and say whether they are in it; they may not be.")
    if not request.searches and held.not_compared:
        raise ConflictError("Some templates could not be compared with a photo yet; search again in an hour.")
    if not request.searches:
        raise ConflictError("Look for the person by a photo first; only then is it known that nothing is held.")


def advance(request: DataRequest, **changes: object) -> DataRequest:
    """The request with changes and its next revision."""
    return dataclasses.replace(request, revision=request.revision + 1, **changes)  # type: ignore[arg-type]
