"""Running: somebody moves over the ground faster than people walk.

Across the picture the way of the hips tells the speed, in body heights. Towards the camera or away from it the body grows or
shrinks instead: its size tells the distance, focal length over size. That holds only where the feet move down or up the
picture as well, and not at its border, where a box grows because more of somebody comes into view.
Where the camera's floor is known in metres, the way of the feet over it is the speed instead.
Brisk walking is 1.1 body heights a second, a jog 1.5 (2.6 m/s), a run 2 and more (Bohannon 1997; Cavanagh 1989).
"""

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.bodies import ANKLES, BOX_BOTTOM, BOX_X, CUT, HIPS, SHOULDERS, STATURE, Floats
from app.behaviour.declared import BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.motion import Motion
from app.behaviour.posture import mean
from app.behaviour.sight import US, Measure, Sight
from app.perception.ground import BODY_M, Ground

KIND = "running"
Doubles = npt.NDArray[np.float64]
MOST_OFF = 0.1
"""Body heights that a way may lie off a steady one: a sway is 0.05, a wrong track id jumps by half a body."""
FLOOR_OFF = 0.25
"""The same of feet on a floor in metres: a step moves the middle of the feet, and far away jitter is stretched."""
STEEPEST = 6.0
"""Depth over the way up the picture, both in body heights: a camera that looks down by 10 degrees or more."""


class RunningParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as running."""

    speed_body_heights_per_s: Annotated[
        float, setting("Speed that is as likely running as brisk walking.", BODY_HEIGHTS_PER_S, 0.5, 6)
    ] = 1.45
    lasts_s: Annotated[float, setting("For that long at that speed; a hop is shorter.", SECONDS, 0, 30)] = 0.6
    over_s: Annotated[float, setting("The speed is measured over that long: a step and more.", SECONDS, 0.4, 3)] = 0.8
    focal_picture_heights: Annotated[
        float,
        setting(
            "Focal length of the lens, for the way towards the camera; 1 is 53 degrees from top to bottom.",
            "picture heights",
            0.2,
            5,
        ),
    ] = 1.0
    threat: HowUrgent = Threat.MEDIUM


class Fast(msgspec.Struct):
    """Somebody fast: since when, last so (us), and the best mean speed, body heights a second."""

    since_us: int
    last_us: int
    speed: float


class Running(Acts):
    """Acts, and who is fast by person number."""

    fast: dict[int, Fast] = msgspec.field(default_factory=dict)


def step(state: Running, sight: Sight, parameters: RunningParameters) -> tuple[Running, list[Finding]]:
    """Take one frame in; the given state is used up."""
    for each in state.fast.values() if sight.shifted_us else ():
        each.since_us += sight.shifted_us
        each.last_us += sight.shifted_us
    found: list[Evidence] = []
    least = parameters.speed_body_heights_per_s * 2 * parameters.threshold
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(sight, least, parameters)
    for index, _, (speed,) in measured:
        if speed >= least:
            evidence = _runs(state, sight, index, speed, parameters)
            if evidence is not None:
                found.append(evidence)
    for number in [number for number, each in state.fast.items() if sight.at_us - each.last_us > 0.4 * US]:
        del state.fast[number]
    return state, follow(KIND, state, sight, found, parameters)


def _measure(sight: Sight, least: float, parameters: RunningParameters) -> list[Measure]:
    """The speed of whoever is at least half as fast as it takes; the slower are not looked at."""
    if not sight.seen or len(sight.motion.rows) != len(sight.seen):
        return []
    motion, over_s = sight.motion, parameters.over_s
    speeds = speeds_of(motion, over_s, parameters.focal_picture_heights, least * over_s)
    if speeds is None:
        return []
    if sight.ground is not None and (speeds > 0).any():
        told = floor_speeds_of(motion, over_s, sight.ground, sight.aspect)
        speeds = np.where((speeds > 0) & ~np.isnan(told), told, speeds)
    return [(index, "", (float(speeds[index]),)) for index in np.flatnonzero(speeds >= least / 2).tolist()]


def _runs(state: Running, sight: Sight, index: int, speed: float, parameters: RunningParameters) -> Evidence | None:
    person = sight.seen[index]
    fast = state.fast.get(person.number)
    if fast is None:
        fast = state.fast[person.number] = Fast(sight.at_us, sight.at_us, speed)
    fast.last_us, fast.speed = sight.at_us, max(fast.speed, speed)
    lasted_s = (sight.at_us - fast.since_us) / US
    if lasted_s < parameters.lasts_s:
        return None
    explanation: Explanation = {
        "speed_body_heights_per_s": round(fast.speed, 2),
        "speed_threshold_body_heights_per_s": parameters.speed_body_heights_per_s,
        "lasted_s": round(lasted_s, 1),
    }
    score = fast.speed / (fast.speed + parameters.speed_body_heights_per_s)
    return Evidence([person], fast.since_us - int(parameters.over_s * US), max(score, parameters.threshold), explanation)


def _maybe_fast(window: Floats, least: float, focal: float) -> bool:
    """Whether any box of (w, n, 2), its stature and middle, grew or moved by much: a look that spares most frames the rest."""
    low, high = np.fmin.reduce(window, axis=0), np.fmax.reduce(window, axis=0)
    size, way = np.maximum(low[:, 0], np.float32(1e-3)), high - low
    return bool(np.count_nonzero(np.maximum(way[:, 1] * size, way[:, 0] * focal) >= least * size * size))


def speeds_of(motion: Motion, over_s: float, focal: float, least: float = 0.0) -> Doubles | None:
    """(n,) body heights a second over the ground; 0 where too little was seen, None where nobody moved by half of `least`."""
    times = motion.times()
    start = int(times.searchsorted(-over_s - 0.02))
    times = times[start:]
    if len(times) < 3 or not _maybe_fast(motion.window(slice(STATURE, BOX_X + 1), start), least / 2, focal):
        return None
    window = motion.window(slice(0, CUT + 1), start)
    hips = window[:, :, HIPS.start]
    shoulders = window[:, :, SHOULDERS.start]
    torso = np.where(np.isnan(hips), shoulders, hips)
    x = np.where(np.isnan(torso), window[:, :, BOX_X], torso)
    stature = np.maximum(mean(window[:, :, STATURE]), 1e-3)
    across, seen_s, off = slope(times, x)
    down, _, _ = slope(times, window[:, :, BOX_BOTTOM])
    growth, _, rough = slope(times, np.log(np.maximum(window[:, :, STATURE], 1e-4)))
    steady = (off <= MOST_OFF * stature) & (rough <= MOST_OFF)
    across, down = across / stature, down / stature
    depth = np.abs(growth) * focal / stature
    depth = np.where((growth * down > 0) & (mean(window[:, :, CUT]) == 0), np.minimum(depth, STEEPEST * np.abs(down)), 0.0)
    high = (window[:, :, BOX_BOTTOM] - window[:, :, SHOULDERS.start + 1])[-1] / stature
    upright = ~(high < 0.5)  # somebody who falls is fast too
    speeds: Doubles = np.where((seen_s >= 0.6 * over_s) & upright & steady, np.hypot(across, depth), 0.0)
    return speeds


def floor_speeds_of(motion: Motion, over_s: float, ground: Ground, aspect: float) -> Doubles:
    """(n,) body heights a second over the floor; NaN where feet are cut off, off the known floor, or jump about."""
    start = int(np.searchsorted(motion.times(), -over_s - 0.02))
    times, window = motion.times()[start:], motion.window(slice(0, CUT + 1), start)
    feet_x, feet_y = window[:, :, ANKLES.start], window[:, :, ANKLES.start + 1]
    hidden = np.isnan(feet_x)
    x, y = np.where(hidden, window[:, :, BOX_X], feet_x) / aspect, np.where(hidden, window[:, :, BOX_BOTTOM], feet_y)
    places = (ground.metres(x, y) / BODY_M).astype(np.float32)
    places[window[:, :, CUT] != 0] = np.nan
    along, seen_s, off_along = slope(times, places[:, :, 0])
    across, _, off_across = slope(times, places[:, :, 1])
    known = (seen_s >= 0.6 * over_s) & (np.hypot(off_along, off_across) <= FLOOR_OFF)
    speeds: Doubles = np.where(known, np.hypot(along, across), np.nan)
    return speeds


def slope(times: npt.NDArray[np.float64], values: Floats) -> tuple[Doubles, Doubles, Doubles]:
    """Of each column of (w, n): least-squares change a second, seconds from first to last, how far values lie off (rms).

    Change and span are 0 without three values.
    """
    there = ~np.isnan(values)
    count = np.maximum(there.sum(axis=0), 1)
    at = np.where(there, times[:, None], 0.0)
    given = np.where(there, values, 0.0)
    offset = np.where(there, times[:, None] - at.sum(axis=0) / count, 0.0)
    spread = (offset**2).sum(axis=0)
    given = np.where(there, values - given.sum(axis=0) / count, 0.0)
    change = (offset * given).sum(axis=0) / np.maximum(spread, 1e-9)
    off = np.sqrt(((given - change * offset) ** 2).sum(axis=0) / count)
    first, last = np.where(there, times[:, None], np.inf).min(axis=0), np.where(there, times[:, None], -np.inf).max(axis=0)
    enough = count >= 3
    return np.where(enough, change, 0.0), np.where(enough, last - first, 0.0), off
