"""The rules by kind. A next rule is a module beside `loitering` and one line in `RULES`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from app.behaviour import falling, fighting, floor, loitering, running
from app.behaviour.findings import Finding
from app.behaviour.people import Sight
from app.behaviour.zones import ZoneSet


@dataclass(frozen=True, slots=True)
class Areas:
    """Where one rule of one camera looks.

    Attributes:
        zones: the polygons, in the order of `parameters`.
        parameters: (zone id, parameters) of each zone.
        elsewhere: parameters for the picture outside zones; None: not there.
    """

    zones: ZoneSet
    parameters: tuple[tuple[str, Any], ...]
    elsewhere: Any


Step = Callable[[Any, Sight, Areas], tuple[Any, list[Finding]]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of act: how it is set and how a frame moves it.

    Attributes:
        parameters: a frozen msgspec Struct that checks itself; its defaults are the product's.
        state: a msgspec Struct that holds no keypoints; built without arguments for a camera never seen.
        zone_kind: the kind of zones it looks in; "" for none.
        step: (state, sight, areas) -> (state, findings); pure, uses the given state up.
    """

    kind: str
    parameters: type[msgspec.Struct]
    state: type[msgspec.Struct]
    zone_kind: str
    step: Step


def _loitering(state: loitering.LoiteringState, sight: Sight, areas: Areas) -> tuple[loitering.LoiteringState, list[Finding]]:
    inside = areas.zones.inside(sight.x, sight.y)
    return loitering.step(state, sight, inside, areas.parameters, areas.elsewhere)


def _in_picture(step: Callable[[Any, Sight, Any], tuple[Any, list[Finding]]]) -> Step:
    """A rule that looks in the whole picture and knows no zones."""
    return lambda state, sight, areas: step(state, sight, areas.elsewhere)


RULES: Mapping[str, Rule] = {
    loitering.KIND: Rule(loitering.KIND, loitering.LoiteringParameters, loitering.LoiteringState, "loitering", _loitering),
    falling.KIND: Rule(falling.KIND, falling.FallingParameters, falling.Down, "", _in_picture(falling.step)),
    floor.KIND: Rule(floor.KIND, floor.FloorParameters, floor.Floor, "", _in_picture(floor.step)),
    fighting.KIND: Rule(fighting.KIND, fighting.FightingParameters, fighting.Fights, "", _in_picture(fighting.step)),
    running.KIND: Rule(running.KIND, running.RunningParameters, running.Running, "", _in_picture(running.step)),
}
"""In the order they step: the floor asks the falls."""


def read_parameters(kind: str, given: Mapping[str, Any]) -> Any:
    """The parameters of a rule, defaults for what is not given.

    Raises:
        msgspec.ValidationError: an unknown rule or name, a wrong type, or a value out of range; says which.
    """
    rule = RULES.get(kind)
    if rule is None:
        raise msgspec.ValidationError(f"there is no rule of kind {kind}; there are {', '.join(RULES)}")
    return msgspec.convert(dict(given), rule.parameters)
