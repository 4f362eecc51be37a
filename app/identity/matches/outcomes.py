"""What came of leads, as pure figures: the weekly report, and when matching is suspended (rule 13)."""

import enum
import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.identity.models import IdentitySettings, MatchState

WEEK_DAYS = 7


class Subject(enum.StrEnum):
    """What a figure is about."""

    STORE = "store"
    CAMERA = "camera"
    ENTRY = "entry"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One lead, as far as the report goes."""

    store_id: uuid.UUID
    camera_id: uuid.UUID
    enrolment_id: uuid.UUID
    state: MatchState


@dataclass(frozen=True, slots=True)
class Line:
    """Leads of one store, camera or entry.

    Attributes:
        false_share: of the decided ones (confirmed or false), None without any.
    """

    subject: Subject
    id: uuid.UUID
    store_id: uuid.UUID
    leads: int
    confirmed: int
    false_matches: int
    undecided: int
    waiting: int
    withdrawn: int

    @property
    def false_share(self) -> float | None:
        """False matches of all decided leads."""
        decided = self.confirmed + self.false_matches
        return self.false_matches / decided if decided else None


def report(outcomes: Sequence[Outcome]) -> list[Line]:
    """A line for each store, camera and entry, most false matches first."""
    grouped: dict[tuple[Subject, uuid.UUID, uuid.UUID], Counter[MatchState]] = {}
    for each in outcomes:
        for subject, subject_id in (
            (Subject.STORE, each.store_id),
            (Subject.CAMERA, each.camera_id),
            (Subject.ENTRY, each.enrolment_id),
        ):
            grouped.setdefault((subject, subject_id, each.store_id), Counter())[each.state] += 1
    lines = [_line(*key, counts) for key, counts in grouped.items()]
    return sorted(lines, key=lambda line: (-line.false_matches, line.subject.value, line.id.bytes, line.store_id.bytes))


def over_limit(line: Line, settings: IdentitySettings) -> bool:
    """Whether so many of its leads were somebody else that it may not go on by itself."""
    share = line.false_share
    return share is not None and line.false_matches >= settings.false_match_least and share >= settings.false_match_share


def reason_of(line: Line) -> str:
    """Why it was suspended, in a sentence."""
    decided = line.confirmed + line.false_matches
    return f"{line.false_matches} of {decided} reviewed leads of the last {WEEK_DAYS} days were somebody else."


def _line(subject: Subject, subject_id: uuid.UUID, store_id: uuid.UUID, counts: "Counter[MatchState]") -> Line:
    return Line(
        subject=subject,
        id=subject_id,
        store_id=store_id,
        leads=counts.total(),
        confirmed=counts[MatchState.CONFIRMED],
        false_matches=counts[MatchState.REJECTED],
        undecided=counts[MatchState.UNDECIDED],
        waiting=counts[MatchState.OPEN] + counts[MatchState.SECOND_REVIEW],
        withdrawn=counts[MatchState.WITHDRAWN],
    )
