"""Shapes of data-subject requests."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.compliance.data_requests.models import (
    LONGEST_EXTENSION_DAYS,
    DataRequest,
    Footage,
    FootageState,
    RequestKind,
    RequestOutcome,
    RequestState,
    Subject,
)
from app.compliance.data_requests.service import Candidate
from app.evidence.retention import Holder
from app.identity.models import Enrolment, EnrolmentState
from app.kit.clock import now
from app.tenancy.sharing.models import Category


def _text(least: int, most: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most, pattern=r"^[^\x00]*$")


class DataRequestIn(BaseModel):
    """A request as it came in."""

    model_config = ConfigDict(extra="forbid")

    kind: RequestKind
    identity_checked: Annotated[str, _text(1, 500)] = Field(description="How you made sure that whoever asks is who is meant.")
    contact: Annotated[str, _text(0, 500)] = ""
    received_at: AwareDatetime | None = Field(default=None, description="The clock counts from it; default: now.")
    store_id: uuid.UUID | None = Field(default=None, description="With the next two: a visit, whose footage is kept meanwhile.")
    seen_from: AwareDatetime | None = None
    seen_to: AwareDatetime | None = None


class EntryIn(BaseModel):
    """An entry that is of whoever asks."""

    model_config = ConfigDict(extra="forbid")

    enrolment_id: uuid.UUID


class ExtensionIn(BaseModel):
    """More time, and why; the person is told."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(ge=1, le=LONGEST_EXTENSION_DAYS)
    reason: Annotated[str, _text(1, 500)]


class RequestAnswerIn(BaseModel):
    """What was done, and what the person is answered."""

    model_config = ConfigDict(extra="forbid")

    outcome: RequestOutcome
    answer: Annotated[str, _text(1, 4000)]


class DataRequestOut(BaseModel):
    """A request with its clock."""

    id: uuid.UUID
    kind: RequestKind
    received_at: datetime
    recorded_at: datetime
    identity_checked: str
    store_id: uuid.UUID | None
    seen_from: datetime | None
    seen_to: datetime | None
    state: RequestState
    answer_by: datetime
    overdue: bool
    extended_days: int
    extension_reason: str
    searches: int
    exports: int
    outcome: RequestOutcome | None
    answer: str | None
    answered_at: datetime | None


class RequestEntryOut(BaseModel):
    """An entry of a list that belongs to a request."""

    enrolment_id: uuid.UUID
    store_id: uuid.UUID
    category: Category
    state: EnrolmentState
    enrolled_at: datetime
    erased: bool


class FootageOut(BaseModel):
    """A piece that may show whoever asks; it is handed over by an export of its own, which blurs everybody else."""

    id: uuid.UUID
    store_id: uuid.UUID
    type: str
    store: str
    camera: str
    recorded_from: datetime | None
    recorded_to: datetime | None
    moment: datetime
    state: FootageState
    kept_for: list[Holder] = Field(description="What keeps it from deletion, but for this request.")


class FootageVerdictIn(BaseModel):
    """Whether whoever asks is in it."""

    model_config = ConfigDict(extra="forbid")

    theirs: bool


class DataRequestFileOut(BaseModel):
    """One request with what only its handlers see."""

    request: DataRequestOut
    contact: str | None = Field(description="Who asks and how to answer; null: unknown, forgotten, or not yours to see.")
    entries: list[RequestEntryOut]
    footage: list[FootageOut]
    more_footage: bool = Field(description="There is more than is listed: name a shorter visit in a request of its own.")


class CandidateOut(BaseModel):
    """An entry that may be of whoever asks. Compare its picture with the person before you say so."""

    enrolment_id: uuid.UUID
    store_id: uuid.UUID
    category: Category
    state: EnrolmentState
    enrolled_at: datetime
    match_score: float
    likely: bool


class FaceSearchOut(BaseModel):
    """What a picture found. Nothing of it was stored. `not_compared`: templates of another model, which it cannot be held to."""

    templates: int
    not_compared: int
    candidates: list[CandidateOut]


class ErasedOut(BaseModel):
    """The proof that one entry is gone."""

    erasure_id: uuid.UUID
    enrolment_id: uuid.UUID
    erased_at: datetime
    receipt: dict[str, Any]


class ErasuresOut(BaseModel):
    """What was erased for a request."""

    items: list[ErasedOut]


def request_out(request: DataRequest) -> DataRequestOut:
    """A request as the API shows it."""
    shown = {name: getattr(request, name) for name in DataRequestOut.model_fields if name != "overdue"}
    return DataRequestOut(**shown, overdue=request.overdue(now()))


def entry_out(subject: Subject, enrolment: Enrolment) -> RequestEntryOut:
    """An entry of a request as the API shows it."""
    return RequestEntryOut(**_plain(enrolment), erased=subject.erasure_id is not None)


def footage_out(footage: Footage) -> FootageOut:
    """A piece of footage as the API shows it."""
    return FootageOut(**{name: getattr(footage, name) for name in FootageOut.model_fields})


def search_out(held: int, other: int, found: Sequence[Candidate]) -> FaceSearchOut:
    """What a search found as the API shows it."""
    shown = [CandidateOut(**_plain(each.enrolment), match_score=each.match_score, likely=each.likely) for each in found]
    return FaceSearchOut(templates=held, not_compared=other, candidates=shown)


def _plain(enrolment: Enrolment) -> dict[str, Any]:
    return {
        "enrolment_id": enrolment.id,
        "store_id": enrolment.store_id,
        "category": enrolment.grounds.category,
        "state": enrolment.state,
        "enrolled_at": enrolment.enrolled_at,
    }
