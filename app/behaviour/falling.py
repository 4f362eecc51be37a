"""Falling: upright, then a fast way down, then lying, and staying there.

Whether a way down was a fall is asked of trees fitted on simulated falls and on simulated and captured sitting, kneeling,
squatting, bending, jumping and lying down (see `descent` for what they look at): no one bound on speed, posture or drop tells
them apart under every camera. Their answer is averaged over the time that somebody is down; a way down of less than
`drop_body_heights` is none whatever they say; `stays_down_s` tells a fall from a stumble.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import numpy as np

from app.behaviour.acts import ActParameters, Acts, Evidence, HowUrgent, follow
from app.behaviour.declared import BODY_HEIGHTS, BODY_HEIGHTS_PER_S, SECONDS, setting
from app.behaviour.descent import PEAK, SPEED, TELLING_DROP, Way, ways_down
from app.behaviour.findings import Explanation, Finding, Threat
from app.behaviour.posture import posture, statures
from app.behaviour.sight import US, Measure, Sight
from app.behaviour.trees import read_trees

KIND = "falling"
STILL_DOWN = 0.35
"""Score of lying that keeps an act going."""
AVERAGED_S = 0.8
"""The trees' answers are averaged over so long."""
FITTED_DESCENT = 0.4
"""The setting that the trees were fitted at; another one scales the speeds that they see."""
TREES: Final = read_trees(Path(__file__).with_name("falls.json"))
STAYS_DOWN_S, WITHIN_S = 1.5, 4.0
DOWN_S = 1.0
"""What a way down may take: somebody who is low for longer than the rest of `within_s` came down too long ago to be seen."""
NO_WAY = -1.0
"""Stands for what the trees say where there is no way down to ask them about."""
BY_TREES: Final = "drop_threshold_body_heights"
"""Only alerts that the trees scored explain this: the scores of falls from before are of another scale."""
Range = tuple[float, float]
TAKEN: Final[Mapping[str, Range]] = {
    "descent_body_heights_per_s": (0.1, 1.2),
    "drop_body_heights": (TELLING_DROP, 1.0),
    "stays_down_s": (0.0, 3.0),
}
"""Beyond, a setting finds nothing, or nothing follows from it."""
TAKEN_BEFORE: Final[Mapping[str, Range]] = {
    "descent_body_heights_per_s": (0.1, 3.0),
    "drop_body_heights": (0.1, 1.0),
    "stays_down_s": (0.0, 30.0),
}
"""What earlier versions took: rules kept with it go on, see `kept`."""


class FallingParameters(ActParameters, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What counts as a fall."""

    descent_body_heights_per_s: Annotated[
        float,
        setting(
            "Higher asks for a faster way down; 0.4 is what it was fitted at.",
            BODY_HEIGHTS_PER_S,
            *TAKEN["descent_body_heights_per_s"],
        ),
    ] = FITTED_DESCENT
    drop_body_heights: Annotated[
        float, setting("Shoulders that come down by less are no fall.", BODY_HEIGHTS, *TAKEN["drop_body_heights"])
    ] = TELLING_DROP
    stays_down_s: Annotated[
        float, setting("Low for less is a stumble; at least a second less than Within.", SECONDS, *TAKEN["stays_down_s"])
    ] = STAYS_DOWN_S
    within_s: Annotated[float, setting("The way down lies at most so long back.", SECONDS, 1, 4)] = WITHIN_S
    threat: HowUrgent = Threat.HIGH

    def __post_init__(self) -> None:
        """`msgspec.ValidationError` when converted, ValueError when built by hand."""
        if self.stays_down_s > self.within_s - DOWN_S:
            raise ValueError(f"stays_down_s must be at least {DOWN_S:g} s less than within_s")


def kept(given: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters of a kept rule, in other hours too; what only earlier versions took is the nearest that is taken now."""
    taken = _nearest_all(given, given)
    if isinstance(others := given.get("other_hours"), list):
        taken["other_hours"] = [_kept_otherwise(each, given) for each in others]
    return taken


def _kept_otherwise(other: Any, given: Mapping[str, Any]) -> Any:
    inside = other.get("parameters") if isinstance(other, dict) else None
    return {**other, "parameters": _nearest_all(inside, {**given, **inside})} if isinstance(inside, dict) else other


def _nearest_all(given: Mapping[str, Any], all_of_them: Mapping[str, Any]) -> dict[str, Any]:
    """`given`, which is or stands in `all_of_them`, as it is taken now."""
    taken = {name: _nearest(name, value) for name, value in given.items()}
    within_s, stays_s = (all_of_them.get(name) for name in ("within_s", "stays_down_s"))
    if "within_s" in given or "stays_down_s" in given:
        longest = (within_s if isinstance(within_s, int | float) else WITHIN_S) - DOWN_S
        if (stays_s if isinstance(stays_s, int | float) else STAYS_DOWN_S) > longest >= 0:
            taken["stays_down_s"] = longest
    return taken


def _nearest(name: str, value: Any) -> Any:
    if name not in TAKEN or not isinstance(value, int | float):
        return value
    (least, most), (least_before, most_before) = TAKEN[name], TAKEN_BEFORE[name]
    return min(max(value, least), most) if least_before <= value <= most_before else value


class Low(msgspec.Struct):
    """Somebody low: since when and last (us), how tall they stand (picture heights), how surely they fell, and how at best.

    `drop` is the deepest.
    """

    since_us: int
    last_us: int
    stature: float
    fell: float = 0.0
    best: float = -1.0
    began_us: int = 0
    descent: float = 0.0
    drop: float = 0.0
    lying: float = 0.0


class Tall(msgspec.Struct):
    """How tall somebody stands (picture heights) who lies after a way down too long ago to be seen; when last (us)."""

    last_us: int
    stature: float


class Down(Acts):
    """Acts, and by person number who came down and who lies since."""

    low: dict[int, Low] = msgspec.field(default_factory=dict)
    tall: dict[int, Tall] = msgspec.field(default_factory=dict)


def step(state: Down, sight: Sight, parameters: FallingParameters) -> tuple[Down, list[Finding]]:
    """Take one frame in; the given state is used up."""
    if sight.shifted_us:
        _shift(state, sight.shifted_us)
    measured = sight.measured.get(KIND)
    if measured is None:
        measured = sight.measured[KIND] = _measure(state, sight, parameters)
    found = _look(state, sight, measured, parameters) if measured else []
    for known in (state.low, state.tall):
        for number in [number for number, each in known.items() if sight.at_us - each.last_us > US]:
            del known[number]
    return state, follow(KIND, state, sight, found, parameters)


def _shift(state: Down, by_us: int) -> None:
    """The camera's clock was set."""
    for each in state.low.values():
        each.since_us += by_us
        each.last_us += by_us
        each.began_us += by_us
    for lying in state.tall.values():
        lying.last_us += by_us


def _measure(state: Down, sight: Sight, parameters: FallingParameters) -> list[Measure]:
    """Of whoever is low and came down, or lies: see `_told`. Whoever lies is measured in an act or not, for replays of others."""
    known = bool(state.low or state.tall or state.acts)  # a height from before counts too, `Motion.low` knows nothing of that
    if not sight.seen or len(sight.motion.rows) != len(sight.seen) or not (sight.motion.low or known):
        return []
    stature = np.maximum(statures(sight.motion), [_height(state, person.number) for person in sight.seen])
    ways = ways_down(sight.motion, stature, parameters.within_s)
    if not ways:
        return []
    for index, way in ways.items():
        stature[index] = stature[index] if way is None else way.stature
    lying = posture(sight.motion, stature).lying.tolist()
    told = ((index, _told(way, float(stature[index]), lying[index], parameters)) for index, way in ways.items())
    return [(index, "", values) for index, values in told if values is not None]


def _height(state: Down, number: int) -> float:
    """How tall somebody stands, as far as it is known from before they came down; else 0."""
    act = state.of(number)
    known = state.low.get(number) or state.tall.get(number)
    return act.reference if act is not None else known.stature if known is not None else 0.0


def _told(way: Way | None, stature: float, lying: float, parameters: FallingParameters) -> tuple[float, ...] | None:
    """What the trees say or `NO_WAY`, standing height, speed, drop, lying, seconds since the way down began."""
    if way is None:
        return (NO_WAY, stature, 0.0, 0.0, lying, 0.0) if lying >= STILL_DOWN else None
    if way.signs is None:
        return 0.0, stature, 0.0, way.drop, lying, way.ago_s
    signs = way.signs.copy()
    signs[[SPEED, PEAK]] *= FITTED_DESCENT / parameters.descent_body_heights_per_s
    return TREES.share(signs), stature, float(way.signs[PEAK]), way.drop, lying, way.ago_s


def _look(state: Down, sight: Sight, measured: list[Measure], parameters: FallingParameters) -> list[Evidence]:
    found: list[Evidence] = []
    for index, _, (fell, stature, descent, drop, lying, ago_s) in measured:
        person = sight.seen[index]
        act = state.of(person.number)
        if act is not None:
            if lying >= STILL_DOWN:
                found.append(Evidence([person], act.since_us, act.score, act.explanation, "", act.reference))
            continue
        if fell == NO_WAY:
            if height := _height(state, person.number):
                state.tall[person.number] = Tall(sight.at_us, height)
            continue
        low = _noted(state, person.number, sight.at_us, (fell, stature, descent, drop, lying, ago_s))
        down_s = (sight.at_us - low.since_us) / US
        sure = low.fell >= parameters.threshold and low.drop >= parameters.drop_body_heights
        if sure and down_s >= parameters.stays_down_s:
            found.append(Evidence([person], low.began_us, low.fell, _explained(low, down_s, parameters), "", low.stature))
    return found


def _noted(state: Down, number: int, at_us: int, values: tuple[float, ...]) -> Low:
    """Take in how somebody is low now."""
    fell, stature, descent, drop, lying, ago_s = values
    low = state.low.get(number)
    if low is None:
        low = state.low[number] = Low(at_us, at_us, stature, fell)
    low.fell += (fell - low.fell) * min(1.0, (at_us - low.last_us) / (AVERAGED_S * US))
    low.last_us = at_us
    low.drop = max(low.drop, drop)
    if fell > low.best:
        low.best, low.began_us, low.descent, low.lying = fell, at_us - int(ago_s * US), descent, lying
    return low


def _explained(low: Low, down_s: float, parameters: FallingParameters) -> Explanation:
    return {
        "descent_body_heights_per_s": round(low.descent, 2),
        "drop_body_heights": round(low.drop, 2),
        BY_TREES: parameters.drop_body_heights,
        "down_s": round(down_s, 1),
        "lying_share": round(low.lying, 2),
    }
