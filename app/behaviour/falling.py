"""Falling: upright, then a fast way down, then lying, and staying there.

Whether a way down was a fall is asked of trees fitted on simulated falls and on simulated and captured sitting, kneeling,
squatting, bending, jumping and lying down (see `descent` for what they look at): no one bound on speed, posture or drop tells
them apart under every camera. Their answer is averaged over the time that somebody is down; `stays_down_s` tells a fall from a
stumble.
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec
import numpy as np

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.bodies import BOX_BOTTOM, heights
from app.behaviour.declared import BODY_HEIGHTS, BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.descent import DROP, HIPS_DROP, PEAK, SIGNS, SPEED, Way, way_down
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.motion import LOW
from app.behaviour.posture import posture, statures
from app.behaviour.sight import US, Measure, Sight
from app.behaviour.trees import read_trees

KIND = "falling"
STILL_DOWN = 0.35
"""Score of lying that keeps an act going."""
BORDER, FARTHEST_DROP = 0.985, 0.9
"""Whoever walks out at the picture's bottom sinks farther than shoulders are high (shares of the picture, standing heights)."""
AVERAGED_S = 0.8
"""The trees' answers are averaged over so long."""
USUAL_DESCENT, USUAL_DROP = 0.4, 0.3
"""The settings that the trees were fitted at; another setting scales what they see."""
_BEFORE = SIGNS.index("before_shoulders")
TREES: Final = read_trees(Path(__file__).with_name("falls.json"))
MEASURES = 7
"""Values of a measure: fell, standing height, speed, drop, shoulders before, lying, seconds since. Others are of old versions."""


class FallingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a fall."""

    descent_body_heights_per_s: Annotated[
        float, setting("Twice as much takes a way down of the shoulders twice as fast.", BODY_HEIGHTS_PER_S, 0.1, 3)
    ] = USUAL_DESCENT
    drop_body_heights: Annotated[
        float, setting("Twice as much takes shoulders that end twice as much lower than they were.", BODY_HEIGHTS, 0.1, 1)
    ] = USUAL_DROP
    stays_down_s: Annotated[float, setting("Low for less is a stumble.", SECONDS, 0, 30)] = 1.5
    within_s: Annotated[float, setting("The way down lies at most so long back.", SECONDS, 1, 4)] = 4.0
    threat: HowUrgent = Threat.HIGH


class Low(msgspec.Struct):
    """Somebody low: since when and last (us), how tall they stand (picture heights), how surely they fell, and how at best."""

    since_us: int
    last_us: int
    stature: float
    fell: float = 0.0
    best: float = -1.0
    began_us: int = 0
    descent: float = 0.0
    drop: float = 0.0
    lying: float = 0.0


class Down(Acts):
    """Acts, and who is low by person number."""

    low: dict[int, Low] = msgspec.field(default_factory=dict)


def step(state: Down, sight: Sight, parameters: FallingParameters) -> tuple[Down, list[Finding]]:
    """Take one frame in; the given state is used up."""
    for each in state.low.values() if sight.shifted_us else ():
        each.since_us += sight.shifted_us
        each.last_us += sight.shifted_us
        each.began_us += sight.shifted_us
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(state, sight, parameters)
    found = _look(state, sight, measured, parameters) if measured else []
    if state.low:
        for number in [number for number, each in state.low.items() if sight.at_us - each.last_us > US]:
            del state.low[number]
    return state, follow(KIND, state, sight, found, parameters)


def _measure(state: Down, sight: Sight, parameters: FallingParameters) -> list[Measure]:
    """Of whoever is low and came down, or is in an act and lies: see `MEASURES`."""
    known = bool(state.low or state.acts)  # then a standing height from before counts too, which `Motion.low` knows nothing of
    if not sight.seen or len(sight.motion.rows) != len(sight.seen) or not (sight.motion.low or known):
        return []
    stature = statures(sight.motion)
    acts = [state.of(person.number) for person in sight.seen]
    for index, (person, act) in enumerate(zip(sight.seen, acts, strict=True)):
        before = act.reference if act is not None else state.low[person.number].stature if person.number in state.low else 0.0
        stature[index] = max(stature[index], before)
    now = sight.motion.now()
    low = np.flatnonzero(heights(now) < LOW * stature).tolist()
    ways = {index: way_down(sight.motion, index, float(stature[index]), parameters.within_s) for index in low}
    for index, way in ways.items():
        if way is not None and now[index, BOX_BOTTOM] > BORDER and way.signs[DROP] > FARTHEST_DROP:
            ways[index] = None
    for index, way in ways.items():
        stature[index] = stature[index] if way is None else way.stature
    lying = posture(sight.motion, stature).lying if low else ()
    measured: list[Measure] = []
    for index, way in ways.items():
        if way is not None:
            measured.append((index, "", _told(way, float(lying[index]), parameters)))
        elif acts[index] is not None:
            measured.append((index, "", (0.0, float(stature[index]), 0.0, 0.0, 0.0, float(lying[index]), 0.0)))
    return measured


def _told(way: Way, lying: float, parameters: FallingParameters) -> tuple[float, ...]:
    signs = way.signs.copy()
    signs[[SPEED, PEAK]] *= USUAL_DESCENT / parameters.descent_body_heights_per_s
    signs[[DROP, HIPS_DROP]] *= USUAL_DROP / parameters.drop_body_heights
    fell = TREES.share(signs)
    return fell, way.stature, float(way.signs[PEAK]), float(way.signs[DROP]), float(way.signs[_BEFORE]), lying, way.ago_s


def _look(state: Down, sight: Sight, measured: list[Measure], parameters: FallingParameters) -> list[Evidence]:
    found: list[Evidence] = []
    for index, _, values in measured:
        if len(values) != MEASURES:
            continue
        person, lying = sight.seen[index], values[5]
        act = state.of(person.number)
        if act is not None:
            if lying >= STILL_DOWN:
                found.append(Evidence([person], act.since_us, act.score, act.explanation, "", act.reference))
            continue
        low = _noted(state, person.number, sight.at_us, values)
        down_s = (sight.at_us - low.since_us) / US
        if down_s >= parameters.stays_down_s and low.fell >= parameters.threshold:
            found.append(Evidence([person], low.began_us, low.fell, _explained(low, down_s, parameters), "", low.stature))
    return found


def _noted(state: Down, number: int, at_us: int, values: tuple[float, ...]) -> Low:
    """Take in how somebody is low now."""
    fell, stature, descent, drop, _, lying, ago_s = values
    low = state.low.get(number)
    if low is None:
        low = state.low[number] = Low(at_us, at_us, stature, fell)
    low.fell += (fell - low.fell) * min(1.0, (at_us - low.last_us) / (AVERAGED_S * US))
    low.last_us = at_us
    if fell > low.best:
        low.best, low.began_us, low.descent, low.drop, low.lying = fell, at_us - int(ago_s * US), descent, drop, lying
    return low


def _explained(low: Low, down_s: float, parameters: FallingParameters) -> Explanation:
    return {
        "descent_body_heights_per_s": round(low.descent, 2),
        "descent_threshold_body_heights_per_s": parameters.descent_body_heights_per_s,
        "drop_body_heights": round(low.drop, 2),
        "down_s": round(down_s, 1),
        "lying_share": round(low.lying, 2),
    }
