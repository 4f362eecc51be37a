"""Crowding and queue length: how many people are in a zone, for how long.

The count is smoothed over two seconds, because people hide each other for a moment. In a queue only who stands counts, and only
after a while: people who walk past the till are no queue.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from app.behaviour.acts import ActParameters, Evidence, HowUrgent, Same, follow
from app.behaviour.declared import BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.findings import Finding, Threat
from app.behaviour.presence import Presence, share_of
from app.behaviour.sight import US, Person, Sight
from app.perception.ground import BODY_M

CROWDING = "crowding"
QUEUE = "queue"
SMOOTHED_OVER_S = 2.0
AHEAD_S = 0.2


class CrowdingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a crowd."""

    people: Annotated[int, setting("Alert from so many people in the zone.", "people", 2, 200)] = 6
    lasts_s: Annotated[float, setting("For so long; a group that passes is shorter.", SECONDS, 0, 3600)] = 10.0
    threat: HowUrgent = Threat.MEDIUM


class QueueParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a queue that is too long."""

    people: Annotated[int, setting("Alert from so many people who wait in the zone.", "people", 2, 200)] = 4
    lasts_s: Annotated[float, setting("For so long that many wait.", SECONDS, 0, 3600)] = 30.0
    waits_s: Annotated[float, setting("Who stands in the zone for so long counts as waiting.", SECONDS, 0, 600)] = 4.0
    walk_body_heights_per_s: Annotated[
        float, setting("Who is faster walks and does not wait; a queue that moves up is slower.", BODY_HEIGHTS_PER_S, 0.1, 2)
    ] = 0.4
    threat: HowUrgent = Threat.LOW


class Crowd(Presence):
    """Of one zone: the smoothed count, since when it is enough (us; 0: it is not), and the last frame's time."""

    level: float = 0.0
    enough_us: int = 0
    at_us: int = 0


class Crowds(msgspec.Struct):
    """By zone id."""

    zones: dict[str, Crowd] = {}


Some = CrowdingParameters | QueueParameters


def crowding(
    state: Crowds, sight: Sight, inside: list[list[bool]], areas: Sequence[tuple[str, CrowdingParameters]]
) -> tuple[Crowds, list[Finding]]:
    """Take one frame in; the given state is used up. `inside` is (n people, z areas)."""
    return _step(CROWDING, state, sight, inside, areas)


def queue(
    state: Crowds, sight: Sight, inside: list[list[bool]], areas: Sequence[tuple[str, QueueParameters]]
) -> tuple[Crowds, list[Finding]]:
    """Take one frame in; the given state is used up. `inside` is (n people, z areas)."""
    return _step(QUEUE, state, sight, inside, areas)


def _step(
    kind: str, state: Crowds, sight: Sight, inside: list[list[bool]], areas: Sequence[tuple[str, Some]]
) -> tuple[Crowds, list[Finding]]:
    findings: list[Finding] = []
    zones: dict[str, Crowd] = {}
    for column, (area, parameters) in enumerate(areas):
        crowd = zones[area] = state.zones.get(area) or Crowd()
        people = [person for index, person in enumerate(sight.seen) if inside[index][column]]
        longest = 0.0
        if isinstance(parameters, QueueParameters):
            people, longest = _waiting(crowd, people, sight, parameters)
        evidence = _enough(crowd, people, sight, area, parameters)
        if evidence is not None and longest:
            evidence.explanation["longest_wait_s"] = round(longest, 1)
        findings += follow(kind, crowd, sight, [] if evidence is None else [evidence], parameters, Same.AREA)
    return Crowds(zones), findings


def _waiting(crowd: Crowd, people: list[Person], sight: Sight, parameters: QueueParameters) -> tuple[list[Person], float]:
    """Of the people in the zone those who have stood there long enough, and the longest time of them."""
    standing = [person for person in people if body_heights_per_s(person, sight) <= parameters.walk_body_heights_per_s]
    lasted = crowd.hold(sight, [person.number for person in standing])
    waiting = [person for person in standing if lasted[person.number] >= parameters.waits_s]
    return waiting, max((lasted[person.number] for person in waiting), default=0.0)


def body_heights_per_s(person: Person, sight: Sight) -> float:
    """How fast somebody's feet move: over the floor where it is known, else in the picture."""
    if sight.ground is not None:
        ahead = (person.x + person.vx * AHEAD_S, person.y + person.vy * AHEAD_S)
        way_m = sight.ground.apart((person.x, person.y), ahead)
        if way_m is not None:
            return way_m / AHEAD_S / BODY_M
    return float(((person.vx * sight.aspect) ** 2 + person.vy**2) ** 0.5) / person.body


def _enough(crowd: Crowd, people: list[Person], sight: Sight, area: str, parameters: Some) -> Evidence | None:
    if sight.shifted_us:
        crowd.at_us += sight.shifted_us
        crowd.enough_us += sight.shifted_us if crowd.enough_us else 0
    elapsed = (sight.at_us - crowd.at_us) / US if crowd.at_us else SMOOTHED_OVER_S
    crowd.at_us = sight.at_us
    crowd.level += (len(people) - crowd.level) * min(1.0, elapsed / SMOOTHED_OVER_S)
    score = share_of(crowd.level, parameters.people - 0.5)
    if score < parameters.threshold or not people:
        crowd.enough_us = crowd.enough_us if score >= parameters.threshold else 0
        return None
    crowd.enough_us = crowd.enough_us or sight.at_us
    lasted = (sight.at_us - crowd.enough_us) / US
    if lasted < parameters.lasts_s and not crowd.acts:
        return None
    explanation = {"people": float(len(people)), "people_threshold": float(parameters.people), "lasted_s": round(lasted, 1)}
    return Evidence(people, crowd.enough_us, score, dict(explanation), area)
