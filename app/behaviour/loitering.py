"""Loitering: somebody stays in a zone, or, outside every zone, stays on one spot.

In a zone: the foot point's observed time inside reaches `zone_dwell_s`. Without one: it reaches `spot_dwell_s` within
`spot_radius` of the stay's mean position. A stay outlives gaps of `gap_s` (only observed time counts) and, once it was
found, of `resume_s`: then it is still the same act. One act is found once: in a zone the spot rule does not count.
Pure: the only time is the frame's own. The tracker's changes of id are `people`'s part.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from app.behaviour.acts import Hours, HowUrgent, OtherHours, ReportEvery
from app.behaviour.declared import BODY_HEIGHTS, SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Phase, Threat
from app.behaviour.presence import GAP_S
from app.behaviour.sight import US, Person, Sight
from app.behaviour.zones import EVERYWHERE
from app.perception.ground import BODY_M

KIND = "loitering"
THRESHOLD = 0.5
MOST_TRACK_IDS = 32


class LoiteringParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as loitering. General values, tuned to no clip; an operator changes them per store, camera or zone."""

    zone_dwell_s: Annotated[
        float,
        setting("Alert after so long in a zone. Passing a 3 m zone takes about 2 s, a look around 10 s.", SECONDS, 1, 86400),
    ] = 30.0
    spot_dwell_s: Annotated[
        float,
        setting(
            "Alert after so long on one spot outside zones. Choosing from a shelf takes half a minute or so.", SECONDS, 1, 86400
        ),
    ] = 60.0
    spot_radius: Annotated[
        float, setting("How far from the middle of their stay somebody may move and still be on one spot.", BODY_HEIGHTS, 0.1, 20)
    ] = 1.0
    spot_away_s: Annotated[float, setting("Seen outside the radius for that long means moved on.", SECONDS, 0, 60)] = 2.0
    gap_s: Annotated[float, setting("Hidden, or seen outside the zone, for that long ends a stay.", SECONDS, 0, 30)] = 8.0
    resume_s: Annotated[float, setting("Once alerted, the stay goes on if they are back within that time.", SECONDS, 0, 30)] = (
        30.0
    )
    spot: Annotated[bool, setting("Also look outside zones.")] = True
    report_every_s: ReportEvery = 5.0
    threat: HowUrgent = Threat.MEDIUM
    hours: Hours = ()
    other_hours: OtherHours = ()

    def __post_init__(self) -> None:
        """`msgspec.ValidationError` when converted, ValueError when built by hand."""
        if self.resume_s < self.gap_s:
            raise ValueError("resume_s must not be less than gap_s")


class Stay(msgspec.Struct):
    """One person in one area: (x, y) is the mean of the observed positions, `radius` the farthest off it in body heights.

    `track_ids` are those of `epoch`, the latest it was seen in.
    """

    area: str
    presence: str
    epoch: int
    since_us: int
    last_us: int
    x: float
    y: float
    track_ids: list[int]
    inside: bool = True
    dwell_s: float = 0.0
    radius: float = 0.0
    reported_us: int = 0


class LoiteringState(msgspec.Struct):
    """Stays by person number; holds no keypoints."""

    stays: dict[int, list[Stay]] = {}


Areas = Sequence[tuple[str, LoiteringParameters]]
"""(zone id, its parameters) in the order of the columns of `inside`; the area without a zone is given apart."""


def step(
    state: LoiteringState, sight: Sight, inside: list[list[bool]], areas: Areas, spot: LoiteringParameters | None
) -> tuple[LoiteringState, list[Finding]]:
    """Take one frame's people in: the new state (the given one is used up) and what is to be told.

    `inside` is (n people, z areas). `spot` are the parameters outside zones, None to look only in zones.
    """
    findings: list[Finding] = []
    if sight.shifted_us:
        _shift(state, sight.shifted_us)
    rest = spot if spot is not None and spot.spot else None
    by_number = state.stays
    for person, places in zip(sight.seen, inside, strict=True):
        stays = by_number.get(person.number)
        if stays is None:
            stays = by_number[person.number] = []
        covered = False
        for (area, parameters), within in zip(areas, places, strict=True):
            stay = _find(stays, area)
            if within or stay is not None:
                covered = covered or within
                _in_area(stays, stay, person, sight, area, parameters, within, findings)
        if rest is not None:
            _on_spot(stays, person, sight, rest, covered, findings)
    for number in sight.forgotten:
        for stay in state.stays.pop(number, ()):
            _close(stay, areas, spot, findings)
    return state, findings


def _in_area(
    stays: list[Stay],
    stay: Stay | None,
    person: Person,
    sight: Sight,
    area: str,
    parameters: LoiteringParameters,
    within: bool,
    findings: list[Finding],
) -> None:
    if stay is not None and _over(stay, sight.at_us, parameters.gap_s, parameters.resume_s):
        _close_now(stays, stay, parameters, findings)
        stay = None
    if stay is None:
        if within:
            stays.append(_begin(area, person, sight))
    elif within:
        _stays_on(stay, person, sight, parameters, parameters.zone_dwell_s, findings)
    else:
        stay.inside = False


def _on_spot(
    stays: list[Stay], person: Person, sight: Sight, parameters: LoiteringParameters, covered: bool, findings: list[Finding]
) -> None:
    stay = _find(stays, EVERYWHERE)
    near = False
    if stay is not None:
        off = _body_heights_off(stay, person, sight)
        near = not covered and off <= parameters.spot_radius
        # Where frames are rare one that jittered out is not yet a time away.
        looked = 0 < person.counted_s <= max(parameters.spot_away_s, GAP_S)
        away = parameters.spot_away_s if looked else parameters.gap_s
        if _over(stay, sight.at_us, parameters.gap_s if near else away, parameters.resume_s):
            _close_now(stays, stay, parameters, findings)
            stay = None
        elif near and off > stay.radius:
            stay.radius = off
    if stay is None:
        if not covered:
            stays.append(_begin(EVERYWHERE, person, sight))
    elif near:
        _stays_on(stay, person, sight, parameters, parameters.spot_dwell_s, findings)
    else:
        stay.inside = False


def _find(stays: list[Stay], area: str) -> Stay | None:
    for stay in stays:
        if stay.area == area:
            return stay
    return None


def _begin(area: str, person: Person, sight: Sight) -> Stay:
    presence = f"{sight.epoch}:{person.track_id}:{sight.at_us}"
    return Stay(area, presence, sight.epoch, sight.at_us, sight.at_us, person.x, person.y, [person.track_id])


def _over(stay: Stay, at_us: int, gap_s: float, resume_s: float) -> bool:
    return at_us - stay.last_us > (resume_s if stay.reported_us else gap_s) * US


def _body_heights_off(stay: Stay, person: Person, sight: Sight) -> float:
    """Over the floor where it is known, else in the picture."""
    if sight.ground is not None:
        apart_m = sight.ground.apart((person.x, person.y), (stay.x, stay.y))
        if apart_m is not None:
            return apart_m / BODY_M
    dx, dy = (person.x - stay.x) * sight.aspect, person.y - stay.y
    return float((dx * dx + dy * dy) ** 0.5) / person.body


def _stays_on(
    stay: Stay, person: Person, sight: Sight, parameters: LoiteringParameters, needed_s: float, findings: list[Finding]
) -> None:
    at_us = sight.at_us
    counted = person.counted_s if stay.inside else 0.0
    stay.inside = True
    stay.last_us = at_us
    if counted:
        stay.dwell_s = dwell_s = stay.dwell_s + counted
        share, x, y = counted / dwell_s, stay.x, stay.y
        stay.x = x + (person.x - x) * share
        stay.y = y + (person.y - y) * share
    if stay.epoch != sight.epoch:  # ids mean something within an epoch only
        stay.epoch, stay.track_ids = sight.epoch, [person.track_id]
    elif stay.track_ids[-1] != person.track_id:
        stay.track_ids = [*stay.track_ids[-MOST_TRACK_IDS + 1 :], person.track_id]
    if stay.area:
        off = _body_heights_off(stay, person, sight)
        if off > stay.radius:
            stay.radius = off
    if stay.reported_us:
        if at_us - stay.reported_us >= parameters.report_every_s * US:
            stay.reported_us = at_us
            findings.append(_finding(stay, Phase.GOES_ON, parameters, needed_s))
    elif stay.dwell_s >= needed_s:
        stay.reported_us = at_us
        findings.append(_finding(stay, Phase.BEGINS, parameters, needed_s))


def _finding(stay: Stay, phase: Phase, parameters: LoiteringParameters, needed_s: float) -> Finding:
    span_s = (stay.last_us - stay.since_us) / US
    explanation: Explanation = {
        "dwell_s": round(stay.dwell_s, 1),
        "threshold_s": needed_s,
        "time_span_s": round(span_s, 1),
        "spread_body_heights": round(stay.radius, 2),
    }
    if not stay.area:
        explanation["radius_body_heights"] = parameters.spot_radius
    # Half at the threshold, rising towards 1 with the dwell: comparable between zones of other dwell times.
    score = stay.dwell_s / (stay.dwell_s + needed_s)
    return Finding(
        KIND, stay.area, stay.presence, phase, score, THRESHOLD, explanation, stay.since_us, stay.last_us, stay.epoch,
        tuple(stay.track_ids), parameters.threat,
    )  # fmt: skip


def _close_now(stays: list[Stay], stay: Stay, parameters: LoiteringParameters, findings: list[Finding]) -> None:
    stays.remove(stay)
    if stay.reported_us:
        needed = parameters.zone_dwell_s if stay.area else parameters.spot_dwell_s
        findings.append(_finding(stay, Phase.ENDED, parameters, needed))


def _close(stay: Stay, areas: Areas, spot: LoiteringParameters | None, findings: list[Finding]) -> None:
    """End the stay of somebody forgotten; one in an area that is no more just goes."""
    parameters = next((given for area, given in areas if area == stay.area), None) if stay.area else spot
    if parameters is not None:
        _close_now([stay], stay, parameters, findings)


def _shift(state: LoiteringState, shifted_us: int) -> None:
    for stays in state.stays.values():
        for stay in stays:
            stay.since_us += shifted_us
            stay.last_us += shifted_us
            stay.reported_us += shifted_us if stay.reported_us else 0
