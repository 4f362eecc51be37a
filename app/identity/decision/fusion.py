"""From the shots of one tracklet to a lead for a person to review, or to "unknown". Pure.

The fused score of an enrolment is the mean over the tracklet's shots, weighted by quality, of the best score among its templates.
A mean is chosen because it never exceeds its best shot and has a lighter tail than one: a threshold measured on single shots
keeps its promise.
"""

import enum
import math
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MOST_SHOTS: Final = 6
LOOK_ALIKE: Final = 0.02
"""Where another person scores as close as this behind the best, the lead says so: a reviewer must not take the first for sure."""


class Unknown(enum.StrEnum):
    """Why a tracklet is nobody we know."""

    NOTHING_SEEN = "nothing-seen"
    NOBODY_ENROLLED = "nobody-enrolled"
    BELOW_THRESHOLD = "below-threshold"


class Band(enum.StrEnum):
    """How far a score lies above its threshold."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Shot:
    """One look at a face.

    Attributes:
        quality: 0..1, of its worst part.
        scores: of each enrolment that any shot of the tracklet brought up, the best of its templates.
    """

    captured_at_us: int
    quality: float
    scores: Mapping[uuid.UUID, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """An enrolment that may be meant: whose it is, and the score from which it is a lead here, now."""

    enrolment_id: uuid.UUID
    person_id: uuid.UUID
    threshold: float


@dataclass(frozen=True, slots=True)
class Lead:
    """A face that may be an enrolled person's. Nobody is named by it.

    Attributes:
        best: the shot to show.
        second: best fused score of another person among the candidates; None without one.
        look_alike: `second` is so near that the picture alone decides.
    """

    candidate: Candidate
    score: float
    band: Band
    best: Shot
    shots: int
    second: float | None
    look_alike: bool


def fused(shots: Sequence[Shot]) -> dict[uuid.UUID, float]:
    """The fused score of each enrolment; one that a shot has no score of counts -1 there, so that a gap never helps."""
    total = sum(_weight(shot) for shot in shots)
    every = {enrolment for shot in shots for enrolment in shot.scores}
    return {each: sum(_weight(shot) * shot.scores.get(each, -1.0) for shot in shots) / total for each in every}


def decide(shots: Sequence[Shot], candidates: Sequence[Candidate]) -> Lead | Unknown:
    """The best enrolment at or above its threshold, or why there is none. A score that is no number is no evidence."""
    usable = [shot for shot in shots if all(math.isfinite(score) for score in shot.scores.values())]
    if not usable:
        return Unknown.NOTHING_SEEN
    if not candidates:
        return Unknown.NOBODY_ENROLLED
    scores = fused(usable)
    ranked = sorted(candidates, key=lambda each: (-scores.get(each.enrolment_id, -1.0), str(each.enrolment_id)))
    passing = [each for each in ranked if scores.get(each.enrolment_id, -1.0) >= each.threshold]
    if not passing:
        return Unknown.BELOW_THRESHOLD
    winner = passing[0]
    score = scores[winner.enrolment_id]
    others = [scores.get(each.enrolment_id, -1.0) for each in ranked if each.person_id != winner.person_id]
    second = max(others, default=None)
    best = max(usable, key=lambda shot: (shot.scores.get(winner.enrolment_id, -1.0), shot.quality))
    look_alike = second is not None and score - second < LOOK_ALIKE
    return Lead(winner, score, band_of(score, winner.threshold), best, len(usable), second, look_alike)


def band_of(score: float, threshold: float) -> Band:
    """A third of the way from the threshold to 1 is low, two thirds medium."""
    share = (score - threshold) / max(1e-9, 1 - threshold)
    return Band.LOW if share < 1 / 3 else Band.MEDIUM if share < 2 / 3 else Band.HIGH


def kept(shots: Sequence[Shot], fresh: Shot) -> list[Shot]:
    """The tracklet's shots with one more: the best by quality stay."""
    return sorted([*shots, fresh], key=lambda shot: -shot.quality)[:MOST_SHOTS]


def _weight(shot: Shot) -> float:
    return max(1e-3, min(1.0, shot.quality)) if math.isfinite(shot.quality) else 1e-3
