"""Falling: upright, then a fast way down, then lying, and staying there.

The speed tells a fall from sitting or lying down: a free fall from standing takes the shoulders down at 0.8 body heights a
second and more, sitting down at 0.3. The posture tells it from bending and squatting, and `stays_down_s` from a stumble.
"""

from typing import Annotated

import msgspec
import numpy as np

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.bodies import BOX_BOTTOM
from app.behaviour.declared import BODY_HEIGHTS, BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.motion import Motion
from app.behaviour.posture import maybe_low, posture, ramp, statures
from app.behaviour.sight import US, Measure, Sight

KIND = "falling"
STILL_DOWN = 0.35
"""Score of lying that keeps an act going; half begins one."""
SHARE = 0.15
"""The descent is timed between this share of the drop from its top and from its bottom."""
LEAST_S = 0.3
"""A descent that seems to take less: a glitch of the pose, or a frame rate too low to tell."""


class FallingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a fall. Values of physics, see the module; not tuned to a clip."""

    descent_body_heights_per_s: Annotated[
        float, setting("Way down of the shoulders that is as likely a fall as not.", BODY_HEIGHTS_PER_S, 0.1, 3)
    ] = 0.4
    drop_body_heights: Annotated[
        float, setting("How much lower the shoulders must end than they were.", BODY_HEIGHTS, 0.1, 1)
    ] = 0.3
    stays_down_s: Annotated[float, setting("Lying for less is a stumble.", SECONDS, 0, 30)] = 1.5
    within_s: Annotated[float, setting("The descent lies at most so long back.", SECONDS, 1, 4)] = 3.5
    threat: HowUrgent = Threat.HIGH


class Down(Acts):
    """Acts, and who is down and in none: by person number (since, last seen so) in microseconds and their standing height."""

    since: dict[int, tuple[int, int, float]] = msgspec.field(default_factory=dict)


def step(state: Down, sight: Sight, parameters: FallingParameters) -> tuple[Down, list[Finding]]:
    """Take one frame in; the given state is used up."""
    if sight.shifted_us:
        by = sight.shifted_us
        state.since = {number: (since + by, last + by, stature) for number, (since, last, stature) in state.since.items()}
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(state, sight, parameters)
    found = _look(state, sight, measured, parameters) if measured else []
    for number in [number for number, (_, last, _) in state.since.items() if sight.at_us - last > US]:
        del state.since[number]
    return state, follow(KIND, state, sight, found, parameters)


def _measure(state: Down, sight: Sight, parameters: FallingParameters) -> list[Measure]:
    """Of whoever may lie: lying, standing height, and the way down that came before (see `descent_of`)."""
    known = bool(state.since or state.acts)  # then a standing height from before counts too, which `low` knows nothing of
    if not sight.seen or len(sight.motion.rows) != len(sight.seen) or not (sight.motion.low or known):
        return []
    stature = statures(sight.motion)
    for index, person in enumerate(sight.seen):
        act = state.of(person.number)
        if act is not None:
            stature[index] = max(stature[index], act.reference)
        elif person.number in state.since:
            stature[index] = max(stature[index], state.since[person.number][2])
    if not maybe_low(sight.motion, stature):
        return []
    lying = posture(sight.motion, stature).lying
    return [
        (index, "", (float(lying[index]), tall, *descent_of(sight.motion, index, tall, parameters.within_s)))
        for index in np.flatnonzero(lying >= STILL_DOWN).tolist()
        for tall in (float(stature[index]),)
    ]


def _look(state: Down, sight: Sight, measured: list[Measure], parameters: FallingParameters) -> list[Evidence]:
    found: list[Evidence] = []
    for index, _, (lying, tall, descent, drop, before, ago_s) in measured:
        person = sight.seen[index]
        act = state.of(person.number)
        if act is not None:
            found.append(Evidence([person], act.since_us, act.score, act.explanation, "", act.reference))
            continue
        since = state.since.get(person.number, (sight.at_us,))[0]
        state.since[person.number] = (since, sight.at_us, tall)
        down_s = (sight.at_us - since) / US
        if lying < 0.5 or down_s < parameters.stays_down_s:
            continue
        score = score_of(lying, descent, drop, before, parameters)
        if score < parameters.threshold:
            continue
        explanation: Explanation = {
            "descent_body_heights_per_s": round(descent, 2),
            "descent_threshold_body_heights_per_s": parameters.descent_body_heights_per_s,
            "drop_body_heights": round(drop, 2),
            "down_s": round(down_s, 1),
            "lying_share": round(lying, 2),
        }
        began = sight.at_us - int(ago_s * US)
        found.append(Evidence([person], began, score, explanation, "", tall))
    return found


def score_of(lying: float, descent: float, drop: float, before: float, parameters: FallingParameters) -> float:
    """How surely it was a fall: as surely as its weakest sign, the drop outweighing a doubtful beginning and the other way about.

    `before`: height of the shoulders when the descent began, in standing heights; a camera that looks down steeply shortens it.
    """
    fast = ramp(np.array(descent), 0.0, 2 * parameters.descent_body_heights_per_s)
    deep = ramp(np.array(drop), 0.0, 2 * parameters.drop_body_heights)
    upright = ramp(np.array(before), 0.48, 0.68)
    flat = ramp(np.array(lying), 0.3, 0.9)
    return float(min(flat, fast, (deep * upright) ** 0.5))


def descent_of(motion: Motion, index: int, stature: float, within_s: float) -> tuple[float, float, float, float]:
    """(speed of the way down, body heights a second; whole drop; shoulders over the feet when it began; seconds since)."""
    times = motion.times()
    start = int(np.searchsorted(times, -within_s))
    times, window = times[start:], motion.window(slice(0, BOX_BOTTOM + 1), start)[:, index]
    heights = np.where(np.isnan(window[:, 3]), window[:, 1] + 0.12 * stature, window[:, 3])
    there = np.flatnonzero(~np.isnan(heights))
    if len(there) < 3:
        return 0.0, 0.0, 0.0, 0.0
    at, y = times[there], heights[there].astype(np.float64) / stature
    y[1:-1] = np.median([y[:-2], y[1:-1], y[2:]], axis=0)
    lowest = float(np.mean(y[-3:]))
    highest = float(np.min(y))
    drop = lowest - highest
    if drop <= 0:
        return 0.0, 0.0, 0.0, 0.0
    arrived = int(np.argmax((y >= lowest - SHARE * drop) & (np.arange(len(y)) >= int(np.argmin(y)))))
    high = np.flatnonzero(y[: arrived + 1] <= highest + SHARE * drop)
    left = int(high[-1]) if len(high) else 0
    ground = np.where(np.isnan(window[there, 9]), window[there, BOX_BOTTOM] - 0.03 * stature, window[there, 9])
    before = float(np.median((ground / stature - y)[max(0, left - 2) : left + 1]))
    took = max(float(at[arrived] - at[left]), LEAST_S)
    return (float(y[arrived]) - float(y[left])) / took, drop, before, float(-at[left])
