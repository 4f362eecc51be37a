"""What the API of leads takes and answers."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.identity.gait.models import ShownSupport
from app.identity.gait.schemas import GaitSupportOut, support_out
from app.identity.matches.outcomes import Line, Subject
from app.identity.models import WAITING, Band, Match, MatchState, Review, ReviewVerdict

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]


class ReviewIn(BaseModel):
    """What a reviewer says, and why."""

    model_config = ConfigDict(extra="forbid")

    verdict: ReviewVerdict
    reason: Reason


class ReviewOut(BaseModel):
    """What somebody said."""

    verdict: ReviewVerdict
    reason: str
    reviewed_by: uuid.UUID
    reviewed_at: datetime


class MatchOut(BaseModel):
    """A lead: somebody whom a camera saw may be the enrolled person. It says nothing about what anybody did today.

    `person_id` and `person_name` are null until people confirmed it, and to whoever may not know them. `reviews` are shown
    once it is decided or the caller has reviewed it, so that a second look is a look of one's own.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    camera_name: str
    captured_at: datetime
    raised_at: datetime
    enrolment_id: uuid.UUID
    watchlist_id: uuid.UUID
    watchlist_name: str
    person_id: uuid.UUID | None
    person_name: str | None
    band: Band = Field(description="How far above its threshold: low, medium or high.")
    match_score: float = Field(description="Cosine of the fused track and the template; no probability.")
    threshold: float
    quality: dict[str, Any] = Field(description="Parts 0..1 of the best shot.")
    evidence: dict[str, Any]
    model: str
    model_version: str
    state: MatchState
    decided_at: datetime | None
    has_picture: bool
    reviewed_by_you: bool
    reviews: list[ReviewOut]
    gait: GaitSupportOut | None = Field(description="What the walk says of this lead; null where it was not looked at.")


class SuspensionIn(BaseModel):
    """What shall not match for now: an entry, or a camera, or (neither named) the whole store."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    camera_id: uuid.UUID | None = None
    enrolment_id: uuid.UUID | None = None
    reason: Reason

    @model_validator(mode="after")
    def _one(self) -> "SuspensionIn":
        if self.camera_id is not None and self.enrolment_id is not None:
            raise ValueError("name a camera or an enrolment, not both")
        return self


class LiftIn(BaseModel):
    """Why matching goes on."""

    model_config = ConfigDict(extra="forbid")

    reason: Reason


class SuspensionOut(BaseModel):
    """Something that does not match; `suspended_by` null: the limit on false matches did it."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID | None
    enrolment_id: uuid.UUID | None
    reason: str
    suspended_by: uuid.UUID | None
    suspended_at: datetime
    lifted_by: uuid.UUID | None
    lifted_at: datetime | None


class FalseMatchLineOut(BaseModel):
    """Leads of one store, camera or entry."""

    subject: Subject
    id: uuid.UUID
    store_id: uuid.UUID
    leads: int
    confirmed: int
    false_matches: int
    undecided: int
    waiting: int
    withdrawn: int
    false_share: float | None = Field(description="False matches of those confirmed or false; null without any.")


class FalseMatchReportOut(BaseModel):
    """What came of the leads of a week."""

    since: datetime
    until: datetime
    lines: list[FalseMatchLineOut]


def match_out(
    match: Match,
    reviews: Sequence[Review],
    caller: uuid.UUID,
    labels: Mapping[uuid.UUID, str],
    *,
    name: str | None,
    may_name: bool,
    has_picture: bool,
    gait: ShownSupport | None,
) -> MatchOut:
    """A lead as this caller may see it."""
    confirmed = match.state is MatchState.CONFIRMED and may_name
    own = any(each.reviewed_by == caller for each in reviews)
    shown = reviews if own or match.state not in WAITING else ()
    plain = {field: getattr(match, field) for field in MatchOut.model_fields if hasattr(match, field)}
    return MatchOut.model_validate(
        {
            **plain,
            "camera_name": labels.get(match.camera_id, ""),
            "watchlist_name": labels.get(match.watchlist_id, ""),
            "person_id": match.person_id if confirmed else None,
            "person_name": name if confirmed else None,
            "gait": None if gait is None else support_out(gait),
            "has_picture": has_picture,
            "reviewed_by_you": own,
            "reviews": [ReviewOut.model_validate(each, from_attributes=True) for each in shown],
        }
    )


def line_out(line: Line) -> FalseMatchLineOut:
    """A line of the report as the API shows it."""
    return FalseMatchLineOut.model_validate(line, from_attributes=True)
