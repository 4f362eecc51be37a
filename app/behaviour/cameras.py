"""Rules about the camera itself: offline, standing still, blind, turned away, or with a wrong clock.

They follow what the worker says every two seconds. Trouble must last before it is told, and its end must last too: a camera that
comes back for a moment is still in the same trouble.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from app.behaviour.acts import Hours, HowUrgent, OtherHours
from app.behaviour.declared import SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Phase, Threat
from app.behaviour.sight import US
from app.contracts.tracked import CameraHealth, CameraState

OFFLINE = "camera-offline"
FROZEN = "camera-frozen"
BLIND = "camera-blind"
MOVED = "camera-moved"
CLOCK = "camera-clock"
SETTLES_S = 10.0
"""Fine again for that long: the trouble is over."""


class CameraParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every rule about a camera is told."""

    after_s: Annotated[float, setting("Alert when the trouble has lasted so long.", SECONDS, 0, 86400)] = 60.0
    report_every_s: Annotated[float, setting("How often trouble that goes on is told again.", SECONDS, 5, 3600)] = 60.0
    threat: HowUrgent = Threat.MEDIUM
    hours: Hours = ()
    other_hours: OtherHours = ()


class FrozenParameters(CameraParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stream that stands still is opened anew by the worker; only what lasts is worth an alert."""

    after_s: Annotated[float, setting("Alert when the stream has stood still so long.", SECONDS, 0, 86400)] = 30.0


class ViewParameters(CameraParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Somebody who stands before the lens for a moment is no trouble."""

    after_s: Annotated[float, setting("Alert when it has lasted so long.", SECONDS, 0, 86400)] = 20.0


class ClockParameters(CameraParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A network holds packets back for a second or two; a clock that is off stays off."""

    off_s: Annotated[float, setting("How far the camera's clock may be off the worker's.", SECONDS, 0.5, 86400)] = 3.0


class Trouble(msgspec.Struct):
    """Since when, when last so, and when last told (us; 0: not yet)."""

    presence: str
    since_us: int
    last_us: int
    told_us: int = 0
    reason: str = ""


class Watch(msgspec.Struct):
    """The troubles of one camera, by kind."""

    troubles: dict[str, Trouble] = {}
    at_us: int = 0


@dataclass(frozen=True, slots=True)
class CameraRule:
    """One kind of trouble; `reason` says what is wrong in one sentence, "" for nothing."""

    kind: str
    parameters: type[CameraParameters]
    sentence: str
    reason: Callable[[CameraHealth, Any], str]


def _offline(health: CameraHealth, _: CameraParameters) -> str:
    if health.state in (CameraState.LIVE, CameraState.STOPPED, CameraState.FROZEN):
        return ""
    return health.reason or "The camera sends no video."


def _frozen(health: CameraHealth, _: CameraParameters) -> str:
    return (health.reason or "The stream stands still.") if health.state is CameraState.FROZEN else ""


def _blind(health: CameraHealth, _: CameraParameters) -> str:
    """The sentence about a picture without structure."""
    wrong = health.state is CameraState.LIVE and health.view == "blind"
    return "The picture shows nothing: the lens is covered, sprayed or unlit." if wrong else ""


def _moved(health: CameraHealth, _: CameraParameters) -> str:
    wrong = health.state is CameraState.LIVE and health.view == "moved"
    return "The camera looks elsewhere than it did: its zones, lines and masks no longer fit." if wrong else ""


def _clock(health: CameraHealth, parameters: ClockParameters) -> str:
    off_s = health.clock_off_s
    if health.state is not CameraState.LIVE or off_s is None or not abs(off_s) > parameters.off_s:
        return ""
    return f"The camera's clock is {abs(off_s):.0f} s {'ahead of' if off_s > 0 else 'behind'} the worker's."


CAMERA_RULES: Mapping[str, CameraRule] = {
    OFFLINE: CameraRule(OFFLINE, CameraParameters, "The camera cannot be reached, or refuses to send video.", _offline),
    FROZEN: CameraRule(FROZEN, FrozenParameters, "The connection stands, but no new picture comes.", _frozen),
    BLIND: CameraRule(BLIND, ViewParameters, "The camera sends pictures that show nothing: covered, sprayed or unlit.", _blind),
    MOVED: CameraRule(MOVED, ViewParameters, "The camera looks elsewhere than it did.", _moved),
    CLOCK: CameraRule(CLOCK, ClockParameters, "The camera's clock is off the worker's.", _clock),
}


def step(state: Watch, health: CameraHealth, parameters: Mapping[str, CameraParameters]) -> list[Finding]:
    """Take one health message in; the state is changed. Kinds without parameters are switched off and forgotten."""
    if health.at_us < state.at_us:  # the worker's clock was set back: what lasted keeps its length
        for each in state.troubles.values():
            each.since_us, each.last_us, each.told_us = (
                at and at + health.at_us - state.at_us for at in (each.since_us, each.last_us, each.told_us)
            )
    state.at_us = health.at_us
    for kind in [kind for kind in state.troubles if kind not in parameters]:
        del state.troubles[kind]
    findings = [_look(state, CAMERA_RULES[kind], health, given) for kind, given in parameters.items()]
    return [finding for finding in findings if finding is not None]


def _look(state: Watch, rule: CameraRule, health: CameraHealth, parameters: CameraParameters) -> Finding | None:
    reason, trouble, at_us = rule.reason(health, parameters), state.troubles.get(rule.kind), health.at_us
    if not reason:
        if trouble is None or at_us - trouble.last_us <= SETTLES_S * US:
            return None
        del state.troubles[rule.kind]
        return _finding(rule, trouble, Phase.ENDED, health, parameters) if trouble.told_us else None
    if trouble is None:
        trouble = state.troubles[rule.kind] = Trouble(f"{rule.kind}:{at_us}", at_us, at_us)
    trouble.last_us, trouble.reason = at_us, reason
    if not trouble.told_us:
        if at_us - trouble.since_us < parameters.after_s * US:
            return None
        trouble.told_us = at_us
        return _finding(rule, trouble, Phase.BEGINS, health, parameters)
    if at_us - trouble.told_us < parameters.report_every_s * US:
        return None
    trouble.told_us = at_us
    return _finding(rule, trouble, Phase.GOES_ON, health, parameters)


def _finding(rule: CameraRule, trouble: Trouble, phase: Phase, health: CameraHealth, parameters: CameraParameters) -> Finding:
    lasted_s = (trouble.last_us - trouble.since_us) / US
    explanation: Explanation = {
        "reason": trouble.reason,
        "lasted_s": round(lasted_s, 1),
        "lasted_threshold_s": parameters.after_s,
    }
    score = lasted_s / (lasted_s + parameters.after_s) if lasted_s > 0 else 0.5
    return Finding(
        rule.kind, "", trouble.presence, phase, max(score, 0.5), 0.5, explanation, trouble.since_us, trouble.last_us,
        max(health.epoch, 0), (), parameters.threat,
    )  # fmt: skip
