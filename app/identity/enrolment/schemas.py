"""What the API of persons and enrolments takes and answers."""

import uuid
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import File, Form, UploadFile
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.identity.enrolment.gate import Judgement
from app.identity.enrolment.image_repository import Erasure
from app.identity.enrolment.service import Wanted
from app.identity.models import Enrolment, EnrolmentState, Grounds, Notice, Person, Source
from app.kit.errors import BadInputError
from app.tenancy.sharing.models import Category


def _text(least: int, most: int) -> Any:
    return StringConstraints(strip_whitespace=True, min_length=least, max_length=most, pattern=r"^[^\x00]*$")


Reason = Annotated[str, _text(1, 2000)]
Short = Annotated[str, _text(1, 500)]
Optional500 = Annotated[str, _text(0, 500)]
Optional1000 = Annotated[str, _text(0, 1000)]
Optional2000 = Annotated[str, _text(0, 2000)]


class ListedPersonIn(BaseModel):
    """Somebody to enrol."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID = Field(description="The home store of the list they shall be on.")
    name: Annotated[str, _text(0, 200)] = Field(default="", description="Empty where nobody knows it.")


class ListedPersonOut(BaseModel):
    """A person on a list. `name` is null to whoever may not know it."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str | None
    created_at: datetime
    erased_at: datetime | None


class EnrolmentAsked(BaseModel):
    """The fields of an enrolment's form, for the body's hash under an Idempotency-Key."""

    watchlist_id: uuid.UUID
    category: Category
    reason: str
    incident_id: uuid.UUID
    source: Source
    evidence: str
    review_on: date
    expires_at: datetime
    under_18: bool
    vulnerable: bool
    age_basis: str
    exception_reason: str
    notice_given_on: date | None
    notice_how: str
    notice_withheld: str
    override_reason: str
    draft: bool
    picture_sha256: str

    def wanted(self) -> Wanted:
        """As the service takes it."""
        fields = self.model_dump(exclude={"watchlist_id", "override_reason", "draft", "picture_sha256"})
        notice = Notice(fields.pop("notice_given_on"), fields.pop("notice_how"), fields.pop("notice_withheld"))
        return Wanted(self.watchlist_id, Grounds(**fields, notice=notice), self.override_reason, self.draft)


class EnrolmentForm:
    """The multipart form of an enrolment."""

    def __init__(
        self,
        picture: Annotated[UploadFile, File(description="JPEG or PNG with exactly one face.")],
        watchlist_id: Annotated[uuid.UUID, Form()],
        category: Annotated[Category, Form(description="The list's own.")],
        reason: Annotated[Reason, Form(description="What the person did.")],
        incident_id: Annotated[uuid.UUID, Form(description="The incident in this store that it rests on.")],
        source: Annotated[Source, Form(description="Where the picture comes from.")],
        evidence: Annotated[Short, Form(description="Reference of what proves it.")],
        review_on: Annotated[date, Form(description="The day it is looked at again at the latest.")],
        expires_at: Annotated[datetime, Form(description="The end, capped by the chain's settings.")],
        under_18: Annotated[bool, Form(description="Whether the person is under 18. Nothing infers it.")],
        vulnerable: Annotated[bool, Form(description="Whether the person is vulnerable. Nothing infers it.")],
        age_basis: Annotated[Short, Form(description="How age and vulnerability are known.")],
        exception_reason: Annotated[Optional2000, Form(description="Why an excluded person is enrolled all the same.")] = "",
        notice_given_on: Annotated[date | None, Form(description="The day the person was told.")] = None,
        notice_how: Annotated[Optional500, Form()] = "",
        notice_withheld: Annotated[Optional1000, Form(description="Why the person was not told.")] = "",
        override_reason: Annotated[Optional1000, Form(description="Why the picture shall do in spite of the gate.")] = "",
        draft: Annotated[bool, Form(description="Keep it as a draft; propose it later.")] = False,
    ) -> None:
        if expires_at.tzinfo is None:
            raise BadInputError("expires_at needs a time zone, for example 2026-09-01T00:00:00Z.", field="expires_at")
        self.picture = picture
        given = {name: value for name, value in locals().items() if name not in ("self", "picture")}
        self.asked = EnrolmentAsked(**given, picture_sha256="")


class ApproveIn(BaseModel):
    """An approval."""

    model_config = ConfigDict(extra="forbid")

    accepts_findings: bool = Field(default=False, description="The picture's shortcomings are known and accepted.")
    reason: Optional1000 = ""


class RejectIn(BaseModel):
    """A rejection, and why."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, _text(1, 1000)]


class RenewIn(BaseModel):
    """A later end."""

    model_config = ConfigDict(extra="forbid")

    expires_at: datetime
    review_on: date
    reason: Annotated[str, _text(1, 1000)]


class EraseIn(BaseModel):
    """An erasure, and why; the reason goes to the audit as it is, so it names nobody."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, _text(1, 500)]


class RenewalOut(BaseModel):
    """A proposed later end."""

    expires_at: datetime
    review_on: date
    reason: str
    proposed_by: uuid.UUID
    proposed_at: datetime


class LookAlikeOut(BaseModel):
    """An entry that looks like the new one."""

    enrolment_id: uuid.UUID
    match_score: float


class FaceEnrolmentOut(BaseModel):
    """One entry of a list."""

    id: uuid.UUID
    store_id: uuid.UUID
    person_id: uuid.UUID
    watchlist_id: uuid.UUID
    state: EnrolmentState
    category: Category
    reason: str
    incident_id: uuid.UUID
    source: Source
    evidence: str
    review_on: date
    expires_at: datetime
    under_18: bool
    vulnerable: bool
    age_basis: str
    exception_reason: str
    notice_given_on: date | None
    notice_how: str
    notice_withheld: str
    quality: dict[str, Any]
    findings: list[str]
    override_reason: str
    look_alikes: list[LookAlikeOut]
    enrolled_by: uuid.UUID
    enrolled_at: datetime
    decided_by: uuid.UUID | None
    decided_at: datetime | None
    decision_reason: str
    renewal: RenewalOut | None
    ended_at: datetime | None


class FaceOut(BaseModel):
    """One face, in pixels of the picture: box x1 y1 x2 y2; points eyes (left of the picture first), nose, mouth."""

    box: list[float]
    points: list[list[float]]
    score: float
    quality: dict[str, float]


class FindingOut(BaseModel):
    """One thing that is wrong with a picture, and what to do."""

    finding: str
    why: str


class FaceCheckOut(BaseModel):
    """What the quality gate says of a picture; nothing was stored. `hopeless`: no reason can help."""

    width: int
    height: int
    usable: bool
    hopeless: bool
    findings: list[FindingOut]
    faces: list[FaceOut]
    look_alikes: list[LookAlikeOut]


class ErasureOut(BaseModel):
    """The proof of what was removed."""

    id: uuid.UUID
    enrolment_id: uuid.UUID
    cause: str
    erased_by: uuid.UUID | None
    erased_at: datetime
    receipt: dict[str, Any]


def person_out(person: Person, *, named: bool) -> ListedPersonOut:
    """A person as the API shows them."""
    name = person.name if named else None
    return ListedPersonOut(
        id=person.id, store_id=person.store_id, name=name, created_at=person.created_at, erased_at=person.erased_at
    )


def enrolment_out(enrolment: Enrolment) -> FaceEnrolmentOut:
    """An enrolment as the API shows it."""
    grounds = enrolment.grounds
    plain = {name: getattr(enrolment, name) for name in FaceEnrolmentOut.model_fields if hasattr(enrolment, name)}
    said = {name: getattr(grounds, name) for name in FaceEnrolmentOut.model_fields if hasattr(grounds, name)}
    notice = {
        "notice_given_on": grounds.notice.given_on,
        "notice_how": grounds.notice.how,
        "notice_withheld": grounds.notice.withheld,
    }
    return FaceEnrolmentOut.model_validate({**plain, **said, **notice}, from_attributes=True)


def check_out(judgement: Judgement) -> FaceCheckOut:
    """A judgement as the API shows it."""
    return FaceCheckOut(
        width=judgement.width,
        height=judgement.height,
        usable=not judgement.findings,
        hopeless=judgement.hopeless,
        findings=[FindingOut(finding=each.value, why=text) for each, text in judgement.words()],
        faces=[
            FaceOut(box=list(each.box), points=[list(point) for point in each.points], score=each.score, quality=each.quality)
            for each in judgement.faces
        ],
        look_alikes=[
            LookAlikeOut(enrolment_id=each.enrolment_id, match_score=each.match_score) for each in judgement.look_alikes
        ],
    )


def erasure_out(erasure: Erasure) -> ErasureOut:
    """A proof as the API shows it."""
    return ErasureOut.model_validate(erasure, from_attributes=True)
