"""The rules by kind. A next rule is a module beside `loitering` and one entry in `_ALL`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.behaviour import cameras, crossing, crowding, entry, falling, fighting, floor, loitering, reaching, running
from app.behaviour.findings import Finding
from app.behaviour.hours import with_those
from app.behaviour.sight import Sight
from app.behaviour.zones import Line, ZoneSet


@dataclass(frozen=True, slots=True)
class Areas:
    """Where one rule of one camera looks.

    Attributes:
        zones: the polygons, in the order of `parameters`.
        parameters: (zone id, parameters) of each zone.
        elsewhere: parameters for the picture outside zones; None: not there.
        lines: instead of polygons, for a rule about lines.
    """

    zones: ZoneSet
    parameters: tuple[tuple[str, Any], ...]
    elsewhere: Any
    lines: tuple[Line, ...] = ()


Step = Callable[[Any, Sight, Areas], tuple[Any, list[Finding]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of act: how it is set and how a frame moves it.

    Attributes:
        parameters: a frozen msgspec Struct that checks itself; its defaults are the product's.
        state: a msgspec Struct that holds no keypoints; built without arguments for a camera never seen.
        sentence: what it takes for its act, for the person who sets it.
        zone_kind: the kind of zones it looks in; "" for none.
        only_in_zones: without a zone of that kind it does nothing.
        along_lines: its zones are lines of two points.
        about_bodies: it looks at how bodies moved, not only at where feet are.
        step: (state, sight, areas) -> (state, findings); pure, uses the given state up.
    """

    kind: str
    parameters: type[msgspec.Struct]
    state: type[msgspec.Struct]
    sentence: str
    step: Step
    zone_kind: str = ""
    only_in_zones: bool = False
    along_lines: bool = False
    about_bodies: bool = False


def _loitering(state: loitering.LoiteringState, sight: Sight, areas: Areas) -> tuple[loitering.LoiteringState, list[Finding]]:
    inside = areas.zones.inside(sight.x, sight.y)
    return loitering.step(state, sight, inside, areas.parameters, areas.elsewhere)


def _in_picture(step: Callable[[Any, Sight, Any], tuple[Any, list[Finding]]]) -> Step:
    """A rule that looks in the whole picture and knows no zones."""
    return lambda state, sight, areas: step(state, sight, areas.elsewhere)


def _in_zones(step: Callable[[Any, Sight, list[list[bool]], Any], tuple[Any, list[Finding]]]) -> Step:
    """A rule about feet in zones."""
    return lambda state, sight, areas: step(state, sight, areas.zones.inside(sight.x, sight.y), areas.parameters)


def _at_shelves(state: reaching.Reaches, sight: Sight, areas: Areas) -> tuple[reaching.Reaches, list[Finding]]:
    return reaching.step(state, sight, areas.zones, areas.parameters)


def _over_lines(state: crossing.Crossings, sight: Sight, areas: Areas) -> tuple[crossing.Crossings, list[Finding]]:
    return crossing.step(state, sight, areas.lines, areas.parameters)


_ALL = (
    Rule(
        loitering.KIND, loitering.LoiteringParameters, loitering.LoiteringState,
        "Somebody stays long in a zone, or on one spot outside zones.", _loitering, "loitering",
    ),
    Rule(
        falling.KIND, falling.FallingParameters, falling.Down,
        "Somebody goes down fast and stays on the floor.", _in_picture(falling.step), about_bodies=True,
    ),
    Rule(
        floor.KIND, floor.FloorParameters, floor.Floor,
        "Somebody lies on the floor, whatever came before.", _in_picture(floor.step), about_bodies=True,
    ),
    Rule(
        fighting.KIND, fighting.FightingParameters, fighting.Fights,
        "People close to each other strike, again and again.", _in_picture(fighting.step), about_bodies=True,
    ),
    Rule(
        running.KIND, running.RunningParameters, running.Running,
        "Somebody moves faster than people walk.", _in_picture(running.step), about_bodies=True,
    ),
    Rule(
        entry.KIND, entry.EntryParameters, entry.Entries,
        "Somebody enters a zone at hours when nobody should.", _in_zones(entry.step), "entry", only_in_zones=True,
    ),
    Rule(
        crossing.KIND, crossing.CrossingParameters, crossing.Crossings,
        "Somebody walks over a line, with its arrow, against it, or either way.", _over_lines, "line", only_in_zones=True,
        along_lines=True,
    ),
    Rule(
        crowding.CROWDING, crowding.CrowdingParameters, crowding.Crowds,
        "Many people are in a zone at once.", _in_zones(crowding.crowding), "crowding", only_in_zones=True,
    ),
    Rule(
        crowding.QUEUE, crowding.QueueParameters, crowding.Crowds,
        "Many people wait in a zone.", _in_zones(crowding.queue), "queue", only_in_zones=True,
    ),
    Rule(
        reaching.KIND, reaching.ReachingParameters, reaching.Reaches,
        "Somebody's hand is in a shelf's zone, away from the body.", _at_shelves, "shelf", only_in_zones=True, about_bodies=True,
    ),
)  # fmt: skip
RULES: Mapping[str, Rule] = {rule.kind: rule for rule in _ALL}
"""In the order they step: the floor asks the falls."""


def kept_parameters(kind: str, given: Mapping[str, Any]) -> Any:
    """The parameters of a rule that was kept, maybe by an earlier version, which took more of some; else as `read_parameters`."""
    return read_parameters(kind, falling.kept(given) if kind == falling.KIND else given)


def read_parameters(kind: str, given: Mapping[str, Any]) -> Any:
    """The parameters of a rule, defaults for what is not given.

    Raises:
        msgspec.ValidationError: an unknown rule or name, a wrong type, or a value out of range; says which.
    """
    rule = RULES.get(kind) or cameras.CAMERA_RULES.get(kind)
    if rule is None:
        raise msgspec.ValidationError(f"there is no rule of kind {kind}; there are {', '.join([*RULES, *cameras.CAMERA_RULES])}")
    parameters: Any = msgspec.convert(dict(given), rule.parameters)
    for each in parameters.other_hours:
        with_those(parameters, each)
    return parameters
