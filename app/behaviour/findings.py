"""What a rule says: that an act goes on, why, and how sure."""

import enum
from dataclasses import dataclass

Explanation = dict[str, float | str]


class Threat(enum.StrEnum):
    """How urgent an act is by default."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Phase(enum.StrEnum):
    """Where an act stands: a rule says BEGINS once, GOES_ON now and then while it lasts, and ENDED at most once."""

    BEGINS = "begins"
    GOES_ON = "goes-on"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Finding:
    """One act, from its first moment to the last seen.

    Attributes:
        kind: name of the rule.
        zone_id: "" for the whole picture.
        presence: what tells this act from any other of the same camera, rule and zone; the same after a restart.
        score, threshold: in [0, 1]; the act is found where score >= threshold.
        explanation: values for a person, the unit in each name.
        started_at_us, ended_at_us: of the frames.
        epoch: the worker's, when last seen.
        track_ids: the tracker's ids it went under in that epoch, oldest first.
    """

    kind: str
    zone_id: str
    presence: str
    phase: Phase
    score: float
    threshold: float
    explanation: Explanation
    started_at_us: int
    ended_at_us: int
    epoch: int
    track_ids: tuple[int, ...]
    threat: Threat
