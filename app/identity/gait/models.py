"""What gait may say, and about what. Types that leave no way from gait alone to a lead or an alert.

A `GaitSupport` is about a `StandingLead`, which only a row of `matches` makes: a face was compared, and the database wrote it.
Nothing that raises a lead or an alert takes any type of this module, and the table of supports has no row without a lead's.
"""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType

Told = Mapping[str, float | bool | str | None]
"""Features or quality by name, each name with its unit."""

LeadId = NewType("LeadId", uuid.UUID)
"""Of a row of `matches`."""


class Verdict(enum.StrEnum):
    """What gait says of a lead. It never says that somebody is another person: walks change with shoes, loads and pain."""

    SUPPORTS = "supports"
    UNKNOWN = "unknown"
    NO_RESULT = "no-result"


@dataclass(frozen=True, slots=True)
class StandingLead:
    """A lead that a face raised and the database holds."""

    id: LeadId
    chain_id: uuid.UUID
    store_id: uuid.UUID
    enrolment_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class SaidOfLead:
    """What a walk says of a lead.

    Attributes:
        score: cosine with the entry's own template; None without a result.
        threshold: calibrated for so many templates as were `searched`; None without a result.
        reason: why there is no result, or why it cannot tell.
    """

    verdict: Verdict
    reason: str
    score: float | None
    threshold: float | None
    searched: int
    quality: Told
    features: Told
    model: str
    model_version: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class GaitSupport(SaidOfLead):
    """That of a lead that stands, to be written."""

    lead: StandingLead


@dataclass(frozen=True, slots=True)
class ShownSupport(SaidOfLead):
    """The same as a reviewer sees it."""

    match_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class GaitProfile:
    """The template of an entry's walk, without its numbers; `approved_by` None: it waits for a second person, unsearched."""

    id: uuid.UUID
    enrolment_id: uuid.UUID
    model: str
    model_version: str
    features: Mapping[str, object] = field(repr=False)
    source: str
    proposed_by: uuid.UUID
    created_at: datetime
    approved_by: uuid.UUID | None
    approved_at: datetime | None
