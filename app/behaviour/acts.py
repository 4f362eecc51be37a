"""Acts over time: one finding when an act begins, news while it goes on, one when it ended.

An act goes on through changed person numbers and gaps: what is found within `resume_s` at a plausible place is the same act.
"""

import msgspec

from app.behaviour.findings import Explanation, Finding, Phase, Threat
from app.behaviour.people import US, Person, Sight

MOST_TRACK_IDS = 32
NEAR_BODY_HEIGHTS = 1.5
"""How far from its last place an act of somebody with another number may go on."""


class ActParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every rule of acts is told.

    Attributes:
        threshold: the score that makes a finding, in 0..1. Lower finds more and is wrong more often.
        resume_s: found again within that time, it is still the same act.
        report_every_s: how often an act that goes on is told.
    """

    threshold: float = 0.5
    resume_s: float = 10.0
    report_every_s: float = 5.0
    threat: Threat = Threat.MEDIUM

    def __post_init__(self) -> None:
        """Ranges; `msgspec.ValidationError` when converted, ValueError when built by hand."""
        within("threshold", self.threshold, 0.05, 0.95)
        within("resume_s", self.resume_s, 0, 30)
        within("report_every_s", self.report_every_s, 0.5, 600)


def within(name: str, value: float, least: float, most: float) -> None:
    """ValueError unless `least` <= `value` <= `most`."""
    if not least <= value <= most:
        raise ValueError(f"{name} must be between {least:g} and {most:g}, not {value:g}")


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


def follow(kind: str, state: Acts, sight: Sight, found: list[Evidence], parameters: ActParameters) -> list[Finding]:
    """Take in what was found in one frame, over the threshold or keeping an act going; what is to be told."""
    if sight.shifted_us:
        shift(state, sight.shifted_us)
    findings = [finding for evidence in found if (finding := _hold(kind, state, sight, evidence, parameters)) is not None]
    if state.acts and any(sight.at_us - act.last_us > parameters.resume_s * US for act in state.acts):
        findings += _end(kind, state, sight, parameters)
    if state.acts:
        sight.acts[kind] = {number for act in state.acts for number in act.numbers}
    return findings


def _hold(kind: str, state: Acts, sight: Sight, evidence: Evidence, parameters: ActParameters) -> Finding | None:
    act = _same(state, sight, evidence)
    first = evidence.people[0]
    if act is None:
        presence = f"{sight.epoch}:{first.track_id}:{sight.at_us}"
        numbers = [person.number for person in evidence.people]
        tracks = [person.track_id for person in evidence.people]
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


def _same(state: Acts, sight: Sight, evidence: Evidence) -> Act | None:
    """The act that this goes on: of one of the same people, or near its last place and not held in this frame."""
    numbers = {person.number for person in evidence.people}
    for act in state.acts:
        if act.area == evidence.area and not numbers.isdisjoint(act.numbers):
            return act
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
