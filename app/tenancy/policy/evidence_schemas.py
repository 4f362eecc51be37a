"""What the addresses of a policy's evidence take and answer."""

import uuid
from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.tenancy.policy.coverage import Coverage
from app.tenancy.policy.models import AcceptanceTest, SignPhoto, Switch
from app.tenancy.policy.words import TEXT, Line


class SignPhotoOut(BaseModel):
    """A photo of the sign."""

    id: uuid.UUID
    taken_on: date
    width: int
    height: int
    uploaded_at: datetime


class AcceptanceTestOut(BaseModel):
    """An acceptance test's result."""

    id: uuid.UUID
    switch: Switch
    performed_on: date
    performed_by: str
    cameras: int
    strangers: int
    false_matches: int
    enrolled: int
    misses: int
    passed: bool
    report_reference: str
    valid_until: date
    recorded_at: datetime
    model: str = Field(description='What it was made with; "" where that was not asked yet. It counts for no other.')
    listed: int | None = Field(description="People on the store's lists at the time; null where that was not asked yet.")
    most_listed: int | None = Field(description="It counts up to this many people on the lists; null: for any number.")


class AcceptanceTestIn(BaseModel):
    """An acceptance test to record."""

    model_config = ConfigDict(extra="forbid")

    switch: Switch
    performed_on: date
    performed_by: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=TEXT)]
    cameras: int = Field(ge=1, le=100_000)
    strangers: int = Field(ge=1, le=10_000_000, description="Passes of people who are on no list.")
    false_matches: int = Field(ge=0, le=10_000_000, description="How many of those matched.")
    enrolled: int = Field(ge=1, le=10_000_000, description="Passes of people who are on the test's list.")
    misses: int = Field(ge=0, le=10_000_000, description="How many of those did not match.")
    passed: bool
    report_reference: Line = ""
    face_version: int | None = Field(
        default=None,
        ge=1,
        description="A pushed version of face_embedding that was tested before its promotion; null: what is in use.",
    )


class LapseOut(BaseModel):
    """What the product itself switched off last."""

    switches: list[Switch]
    why: str
    at: datetime


class CoverageOut(BaseModel):
    """What else may change in a store before its acceptance tests end."""

    on: list[Switch]
    ends_with_cameras: list[Switch] = Field(
        description="Switched off within seconds when a camera is added to the store or removed from it, until it is tested anew."
    )
    ends_with_addresses: list[Switch] = Field(
        description="Switched off within seconds when a camera of the store gets another address, until it is tested anew."
    )
    listed: int = Field(description="People on the lists that are searched in this store.")
    most_listed: int | None = Field(
        description="With more people on the lists what is on is switched off; null: with any number."
    )
    lapsed: LapseOut | None = Field(
        description="What was switched off because a paper ran out; null once somebody decided again."
    )


def photo_out(photo: SignPhoto) -> SignPhotoOut:
    """A photo to show."""
    return SignPhotoOut.model_validate(photo, from_attributes=True)


def acceptance_out(test: AcceptanceTest) -> AcceptanceTestOut:
    """A test to show."""
    return AcceptanceTestOut.model_validate(test, from_attributes=True)


def coverage_out(coverage: Coverage) -> CoverageOut:
    """A coverage to show."""
    lapse = coverage.lapse
    return CoverageOut(
        on=sorted(coverage.on),
        ends_with_cameras=sorted(coverage.ends_with_cameras),
        ends_with_addresses=sorted(coverage.ends_with_addresses),
        listed=coverage.listed,
        most_listed=coverage.most_listed,
        lapsed=None if lapse is None else LapseOut(switches=sorted(lapse.switches), why=lapse.why, at=lapse.at),
    )
