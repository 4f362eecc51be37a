"""What the API of gait takes and answers."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.identity.gait.models import GaitProfile, ShownSupport, Verdict

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class GaitReasonIn(BaseModel):
    """Why; it goes to the audit as it is, so it names nobody."""

    model_config = ConfigDict(extra="forbid")

    reason: Words


class GaitClipIn(BaseModel):
    """A clip as it was asked about; the clip itself is not kept."""

    enrolment_id: uuid.UUID
    source: str
    clip_sha256: str


class GaitMade(BaseModel):
    """What is kept a day for a repeated request: nothing of a walk, which would outlive its template."""

    id: uuid.UUID


class GaitProfileOut(BaseModel):
    """The template of an entry's walk. It is searched once a second person has approved it, and ends with the entry."""

    id: uuid.UUID
    enrolment_id: uuid.UUID
    model: str
    model_version: str
    features: dict[str, Any] = Field(description="Of the clip, each name with its unit; `quality` 0..1 and its parts.")
    source: str
    proposed_by: uuid.UUID
    created_at: datetime
    approved_by: uuid.UUID | None
    approved_at: datetime | None


class GaitRemovedOut(BaseModel):
    """How many templates went."""

    removed: int


class GaitSupportOut(BaseModel):
    """What the walk says of a lead that a face raised. It never says that somebody is another person, and leads to nobody."""

    verdict: Verdict = Field(description="supports, unknown (it cannot tell), or no-result (too little of a walk was seen).")
    reason: str = Field(description="Why it cannot tell, or why there is no result; empty for a support.")
    gait_score: float | None = Field(description="Cosine of the walk and the entry's own template; no probability.")
    threshold: float | None = Field(description="Measured on synthetic people for a list of `searched` entries: no promise.")
    searched: int
    quality: dict[str, Any] = Field(description="`overall` 0..1, and its parts.")
    features: dict[str, Any] = Field(description="Cadence, stride, speed and so on, each name with its unit; null: not seen.")
    model: str
    model_version: str
    seen_at: datetime


def profile_out(profile: GaitProfile) -> GaitProfileOut:
    """As the API answers."""
    return GaitProfileOut.model_validate(profile, from_attributes=True)


def support_out(support: ShownSupport) -> GaitSupportOut:
    """As the API answers."""
    plain = {name: getattr(support, name) for name in GaitSupportOut.model_fields if name not in ("gait_score", "threshold")}
    return GaitSupportOut.model_validate({**plain, "gait_score": _short(support.score), "threshold": _short(support.threshold)})


def _short(number: float | None) -> float | None:
    return None if number is None else round(number, 4)  # as `real` holds it, and no more
