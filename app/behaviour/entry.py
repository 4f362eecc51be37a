"""Zone entry: somebody's feet are in a zone that nobody should enter, at the hours that were set."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from app.behaviour.acts import ActParameters, Evidence, HowUrgent, Same, follow
from app.behaviour.declared import SECONDS, setting
from app.behaviour.findings import Finding, Threat
from app.behaviour.presence import Presence, share_of
from app.behaviour.sight import Sight

KIND = "entry"


class EntryParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as entering."""

    inside_s: Annotated[float, setting("Alert after so long inside; a step over the edge is shorter.", SECONDS, 0.2, 60)] = 0.8
    threat: HowUrgent = Threat.MEDIUM


class Entries(msgspec.Struct):
    """By zone id."""

    zones: dict[str, Presence] = {}


def step(
    state: Entries, sight: Sight, inside: list[list[bool]], areas: Sequence[tuple[str, EntryParameters]]
) -> tuple[Entries, list[Finding]]:
    """Take one frame in; the given state is used up. `inside` is (n people, z areas)."""
    findings: list[Finding] = []
    zones: dict[str, Presence] = {}
    for column, (area, parameters) in enumerate(areas):
        presence = zones[area] = state.zones.get(area) or Presence()
        people = {person.number: person for index, person in enumerate(sight.seen) if inside[index][column]}
        found = []
        for number, lasted in presence.hold(sight, people).items():
            going_on = presence.of(number, area)
            score = share_of(lasted, parameters.inside_s)
            if score >= parameters.threshold or going_on is not None:
                explanation = {"inside_s": round(lasted, 1), "inside_threshold_s": parameters.inside_s}
                since_us = presence.held[number].since_us
                found.append(Evidence([people[number]], since_us, max(score, parameters.threshold), dict(explanation), area))
        findings += follow(KIND, presence, sight, found, parameters, Same.PERSON)
    return Entries(zones), findings
