"""Acts over time: one finding when an act begins, news while it goes on, one when it ended.

An act goes on through changed person numbers and gaps: what is found within `resume_s` at a plausible place is the same act.
"""

import enum
from typing import Annotated

import msgspec

from app.behaviour.declared import SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Phase, Threat
from app.behaviour.hours import MOST_OTHERWISE, MOST_SPANS, Otherwise, Span
from app.behaviour.sight import US, Person, Sight

MOST_TRACK_IDS = 32
NEAR_BODY_HEIGHTS = 1.5
"""How far from its last place an act of somebody with another number may go on."""


Threshold = Annotated[float, setting("The score that makes an alert. Lower finds more, and is wrong more often.", "", 0.05, 0.95)]
ReportEvery = Annotated[float, setting("How often an act that goes on is told again.", SECONDS, 0.5, 600)]
HowUrgent = Annotated[Threat, setting("How urgent its alerts are.")]
Hours = Annotated[
    tuple[Span, ...],
    msgspec.Meta(
        description="When it looks, by the store's clock; without any, always.", max_length=MOST_SPANS, extra={"unit": "hours"}
    ),
]
OtherHours = Annotated[
    tuple[Otherwise, ...],
    msgspec.Meta(
        description="What is set otherwise in some of these hours; the first that fits counts.",
        max_length=MOST_OTHERWISE,
        extra={"unit": "otherwise"},
    ),
]


class ActParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every rule of acts is told."""

    threshold: Threshold = 0.5
    resume_s: Annotated[float, setting("Found again within that time, it is still the same act.", SECONDS, 0, 30)] = 10.0
    report_every_s: ReportEvery = 5.0
    threat: HowUrgent = Threat.MEDIUM
    hours: Hours = ()
    other_hours: OtherHours = ()


class Same(enum.Enum):
    """What makes a later finding part of an act: one of the same people, also a place nearby, or the area alone."""

    PERSON = enum.auto()
    PLACE = enum.auto()
    AREA = enum.auto()


class Act(msgspec.Struct):
    """One act; (x, y) its last place and `body` the size there, in shares of the picture. No keypoints."""

    area: str
    presence: str
    epoch: int
    since_us: int
    last_us: int
    told_us: int
    numbers: list[int]
    track_ids: list[int]
    x: float
    y: float
    body: float
    score: float
    explanation: Explanation
    reference: float = 0.0


class Acts(msgspec.Struct):
    """The acts of one rule on one camera that go on or may go on again."""

    acts: list[Act] = []

    def of(self, number: int, area: str = "") -> Act | None:
        """The act that somebody is in."""
        for act in self.acts:
            if number in act.numbers and act.area == area:
                return act
        return None


class Evidence(msgspec.Struct, frozen=True):
    """What a rule has found in one frame: an act of these people, since when, and why."""

    people: list[Person]
    since_us: int
    score: float
    explanation: Explanation
    area: str = ""
    reference: float = 0.0


def shift(state: Acts, by_us: int) -> None:
    """The camera's clock was set."""
    for act in state.acts:
        act.since_us += by_us
        act.last_us += by_us
        act.told_us += by_us


def follow(
    kind: str, state: Acts, sight: Sight, found: list[Evidence], parameters: ActParameters, same: Same = Same.PLACE
) -> list[Finding]:
    """Take in what was found in one frame, over the threshold or keeping an act going; what is to be told."""
    if sight.shifted_us:
        shift(state, sight.shifted_us)
    findings = [finding for evidence in found if (finding := _hold(kind, state, sight, evidence, parameters, same)) is not None]
    if state.acts and any(sight.at_us - act.last_us > parameters.resume_s * US for act in state.acts):
        findings += _end(kind, state, sight, parameters)
    if state.acts:
        sight.acts[kind] = {number for act in state.acts for number in act.numbers}
    return findings


def _hold(kind: str, state: Acts, sight: Sight, evidence: Evidence, parameters: ActParameters, same: Same) -> Finding | None:
    act = _same(state, sight, evidence, same)
    first = evidence.people[0]
    if act is None:
        presence = f"{sight.epoch}:{first.track_id}:{sight.at_us}"
        numbers = [person.number for person in evidence.people][:MOST_TRACK_IDS]
        tracks = [person.track_id for person in evidence.people][:MOST_TRACK_IDS]
        act = Act(evidence.area, presence, sight.epoch, evidence.since_us, sight.at_us, sight.at_us, numbers, tracks, first.x,
                  first.y, first.body, evidence.score, evidence.explanation, evidence.reference)  # fmt: skip
        state.acts.append(act)
        return _finding(kind, act, Phase.BEGINS, parameters)
    if act.epoch != sight.epoch:
        act.epoch, act.track_ids = sight.epoch, []
    for person in evidence.people:
        if person.number not in act.numbers:
            act.numbers = [*act.numbers[-MOST_TRACK_IDS + 1 :], person.number]
        if person.track_id not in act.track_ids:
            act.track_ids = [*act.track_ids[-MOST_TRACK_IDS + 1 :], person.track_id]
    act.last_us, act.x, act.y, act.body = sight.at_us, first.x, first.y, first.body
    if evidence.score > act.score:
        act.score, act.explanation = evidence.score, evidence.explanation
    if sight.at_us - act.told_us < parameters.report_every_s * US:
        return None
    act.told_us = sight.at_us
    return _finding(kind, act, Phase.GOES_ON, parameters)


def _same(state: Acts, sight: Sight, evidence: Evidence, same: Same) -> Act | None:
    """The act that this goes on: of one of the same people, or near its last place and not held in this frame."""
    if same is Same.AREA:
        return next((act for act in state.acts if act.area == evidence.area), None)
    numbers = {person.number for person in evidence.people}
    for act in state.acts:
        if act.area == evidence.area and not numbers.isdisjoint(act.numbers):
            return act
    if same is Same.PERSON:
        return None
    first = evidence.people[0]
    for act in state.acts:
        if act.area != evidence.area or act.last_us == sight.at_us:
            continue
        off = ((first.x - act.x) * sight.aspect) ** 2 + (first.y - act.y) ** 2
        if off <= (NEAR_BODY_HEIGHTS * max(act.body, first.body)) ** 2:
            return act
    return None


def _end(kind: str, state: Acts, sight: Sight, parameters: ActParameters) -> list[Finding]:
    over = [act for act in state.acts if sight.at_us - act.last_us > parameters.resume_s * US]
    state.acts = [act for act in state.acts if sight.at_us - act.last_us <= parameters.resume_s * US]
    return [_finding(kind, act, Phase.ENDED, parameters) for act in over]


def _finding(kind: str, act: Act, phase: Phase, parameters: ActParameters) -> Finding:
    span_s = round((act.last_us - act.since_us) / US, 1)
    return Finding(
        kind, act.area, act.presence, phase, act.score, parameters.threshold, {**act.explanation, "time_span_s": span_s},
        act.since_us, act.last_us, act.epoch, tuple(act.track_ids), parameters.threat,
    )  # fmt: skip
