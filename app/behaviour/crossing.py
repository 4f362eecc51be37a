"""Line crossing: somebody's feet go from one side of a line to the other, with its arrow, against it, or both.

The arrow points to the right hand of somebody who walks from the line's first point to its second. A side counts once the feet
are clear of the line by `clear_body_heights`: whoever stands on it and sways crosses nothing. The way from the last clear place
to the new one must pass between the line's ends.
"""

import enum
from collections.abc import Sequence
from typing import Annotated

import msgspec

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, Same, follow
from app.behaviour.declared import BODY_HEIGHTS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.presence import share_of
from app.behaviour.sight import US, Person, Sight
from app.behaviour.zones import Line

KIND = "crossing"
MOST_GAP_US = 3_000_000
"""Who was out of sight for longer may have come round the line; between two frames of a camera nobody was out of sight."""


class Direction(enum.StrEnum):
    """Which way counts."""

    WITH = "with-the-arrow"
    AGAINST = "against-the-arrow"
    BOTH = "both"


class CrossingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as crossing."""

    direction: Annotated[Direction, setting("Which way over the line makes an alert.")] = Direction.WITH
    clear_body_heights: Annotated[
        float, setting("How far beyond the line the feet must be; a person on the line sways less.", BODY_HEIGHTS, 0.02, 1)
    ] = 0.1
    threat: HowUrgent = Threat.LOW


class Clear(msgspec.Struct):
    """Where somebody's feet were last clear of a line, and on which side: 1 where the arrow points to, else -1."""

    side: int
    x: float
    y: float
    at_us: int


class OneLine(Acts):
    """Acts of one line, and where people were by person number."""

    clear: dict[int, Clear] = msgspec.field(default_factory=dict)


class Crossings(msgspec.Struct):
    """By zone id."""

    lines: dict[str, OneLine] = {}


def step(
    state: Crossings, sight: Sight, lines: Sequence[Line], areas: Sequence[tuple[str, CrossingParameters]]
) -> tuple[Crossings, list[Finding]]:
    """Take one frame in; the given state is used up. `lines` in the order of `areas`."""
    findings: list[Finding] = []
    after: dict[str, OneLine] = {}
    for line, (area, parameters) in zip(lines, areas, strict=True):
        watched = after[area] = state.lines.get(area) or OneLine()
        for each in watched.clear.values() if sight.shifted_us else ():
            each.at_us += sight.shifted_us
        found = [
            evidence
            for person in sight.seen
            if (evidence := _crosses(watched, line, person, sight, area, parameters)) is not None
        ]
        if len(watched.clear) > len(sight.seen):
            gap_us = _gap_us(sight)
            watched.clear = {number: clear for number, clear in watched.clear.items() if sight.at_us - clear.at_us <= gap_us}
        findings += follow(KIND, watched, sight, found, parameters, Same.PERSON)
    return Crossings(after), findings


def _crosses(
    watched: OneLine, line: Line, person: Person, sight: Sight, area: str, parameters: CrossingParameters
) -> Evidence | None:
    """Keeps where they are clear of the line; what to tell if they have come over it."""
    before = watched.clear.get(person.number)
    if before is not None and sight.at_us - before.at_us > _gap_us(sight):
        before = None
    off, _ = line.place(person.x, person.y, sight.aspect)
    off /= person.body
    score = share_of(abs(off), parameters.clear_body_heights)
    if score < parameters.threshold:
        if before is not None:
            before.at_us = sight.at_us  # on the line: still of the side they came from
        return None
    side = 1 if off > 0 else -1
    watched.clear[person.number] = Clear(side, person.x, person.y, sight.at_us)
    if before is None or before.side == side:
        return None
    if not line.between(before.x, before.y, person.x, person.y, sight.aspect):
        return None
    if parameters.direction is not Direction.BOTH and (parameters.direction is Direction.WITH) != (side > 0):
        return None
    explanation: Explanation = {
        "direction": Direction.WITH.value if side > 0 else Direction.AGAINST.value,
        "beyond_body_heights": round(abs(off), 2),
        "clear_threshold_body_heights": parameters.clear_body_heights,
    }
    return Evidence([person], before.at_us, score, explanation, area)


def _gap_us(sight: Sight) -> int:
    return max(MOST_GAP_US, round(sight.pause_s * US))
