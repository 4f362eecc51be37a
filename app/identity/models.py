"""Values of the governed part: lists, persons, enrolments, leads and reviews. Times are aware UTC."""

import enum
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from app.tenancy.sharing.models import Category


class Reach(enum.StrEnum):
    """Where a list may be assigned. It is searched only where it is assigned."""

    STORE = "store"
    REGION = "region"
    CHAIN = "chain"


class AssignmentState(enum.StrEnum):
    """Where an assignment stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    ENDED = "ended"


class Source(enum.StrEnum):
    """Where an enrolled picture comes from. There is no entry for what was found on the internet."""

    STORE_CAMERA = "store-camera"
    INCIDENT_EVIDENCE = "incident-evidence"
    POLICE = "police"
    COURT = "court"


class EnrolmentState(enum.StrEnum):
    """Where an enrolment stands; the last three are final, and nothing biometric is left in them."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ERASED = "erased"


ENDED = frozenset({EnrolmentState.REJECTED, EnrolmentState.EXPIRED, EnrolmentState.ERASED})


class MatchState(enum.StrEnum):
    """Where a lead stands."""

    OPEN = "open"
    SECOND_REVIEW = "second-review"
    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    UNDECIDED = "undecided"  # people looked and could not tell
    WITHDRAWN = "withdrawn"  # the enrolment ended before anybody decided


WAITING = frozenset({MatchState.OPEN, MatchState.SECOND_REVIEW})


class ReviewVerdict(enum.StrEnum):
    """What a reviewer says."""

    MATCH = "match"
    NOT_A_MATCH = "not-a-match"
    CANNOT_TELL = "cannot-tell"


class Band(enum.StrEnum):
    """How far above its threshold a match score lies; people see this, not a percentage that looks like a probability."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    """What a chain allows itself.

    Attributes:
        longest_days: an enrolment's longest life.
        review_days: it is looked at again after this many days at the latest.
        second_reviewer: a confirmed match needs two people.
        false_match_share, false_match_least: an entry, camera or store is suspended once at least this share of its leads that
            were reviewed in a week, and at least this many, were somebody else.
    """

    longest_days: int = 365
    review_days: int = 90
    second_reviewer: bool = False
    false_match_share: float = 0.5
    false_match_least: int = 5
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A list of people for one reason. `store_id` is its home store, which answers for it."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str
    category: Category
    reach: Reach
    region_id: uuid.UUID | None
    purpose: str
    created_by: uuid.UUID
    created_at: datetime
    retired_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assignment:
    """A list that is searched in a store, from when until when (`ends_at` None: the home store)."""

    id: uuid.UUID
    watchlist_id: uuid.UUID
    home_store_id: uuid.UUID
    store_id: uuid.UUID
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    state: AssignmentState
    proposed_by: uuid.UUID
    proposed_at: datetime
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is enrolled. `name` is "" where nobody knows it, and after erasure."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str
    created_by: uuid.UUID
    created_at: datetime
    erased_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """When and how the person was told, or why not: exactly one of the two."""

    given_on: date | None = None
    how: str = ""
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Grounds:
    """What an enrolment must say (rules 4, 7, 8, 15).

    Attributes:
        reason: what the person did.
        evidence: reference of what proves it.
        under_18, vulnerable: said by the enroller; nothing infers them. `age_basis`: how that is known.
        exception_reason: why a person who is excluded by either is enrolled all the same; "" for everybody else.
    """

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
    notice: Notice

    @property
    def excluded(self) -> bool:
        """Whether only a top-level exception lets this person be enrolled."""
        return self.under_18 or self.vulnerable


@dataclass(frozen=True, slots=True)
class Renewal:
    """A later end that somebody proposed and a second person decides."""

    expires_at: datetime
    review_on: date
    reason: str
    proposed_by: uuid.UUID
    proposed_at: datetime


@dataclass(frozen=True, slots=True)
class LookAlike:
    """An entry of a list that looks like the new one."""

    enrolment_id: uuid.UUID
    match_score: float


@dataclass(frozen=True, slots=True)
class Enrolment:
    """One entry of a list.

    Attributes:
        quality: the picture's quality parts 0..1 with model and version.
        findings: names of what the quality gate did not like; with any, `override_reason` says why it is enrolled all the same.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    person_id: uuid.UUID
    watchlist_id: uuid.UUID
    state: EnrolmentState
    grounds: Grounds
    enrolled_by: uuid.UUID
    enrolled_at: datetime
    quality: dict[str, Any] = field(default_factory=dict)
    findings: tuple[str, ...] = ()
    override_reason: str = ""
    look_alikes: tuple[LookAlike, ...] = ()
    decided_by: uuid.UUID | None = None
    decided_at: datetime | None = None
    decision_reason: str = ""
    renewal: Renewal | None = None
    ended_at: datetime | None = None
    revision: int = 0

    def active(self, now: datetime) -> bool:
        """Whether it may be matched at `now`, as far as the entry itself goes."""
        return self.state is EnrolmentState.APPROVED and now < self.grounds.expires_at


@dataclass(frozen=True, slots=True)
class Match:
    """A lead: a face that a camera saw and an enrolment it may be.

    Attributes:
        match_score: cosine of the fused track and the template; `threshold` is what it was decided by.
        quality: of the best shot, parts 0..1; `evidence`: of the fusion, for reviewers.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    epoch: int
    track_id: int
    captured_at: datetime
    enrolment_id: uuid.UUID
    person_id: uuid.UUID
    watchlist_id: uuid.UUID
    match_score: float
    band: Band
    threshold: float
    quality: dict[str, Any]
    evidence: dict[str, Any]
    model: str
    model_version: str
    policy_revision: int
    state: MatchState
    raised_at: datetime
    decided_at: datetime | None = None
    changed_at: datetime | None = None
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """What one person said of a lead, and why."""

    id: uuid.UUID
    match_id: uuid.UUID
    verdict: ReviewVerdict
    reason: str
    reviewed_by: uuid.UUID
    reviewed_at: datetime
