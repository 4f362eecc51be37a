"""What a rule's parameters mean: unit, range and a sentence, declared once beside the default and read by API, page and docs."""

import enum
import types
import typing
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from app.behaviour.hours import Otherwise

BODY_HEIGHTS = "body heights"
BODY_HEIGHTS_PER_S = "body heights a second"
SECONDS = "s"


def setting(sentence: str, unit: str = "", least: float | None = None, most: float | None = None) -> msgspec.Meta:
    """What a parameter means. The range is inclusive and enforced by `msgspec.convert`."""
    return msgspec.Meta(description=sentence, ge=least, le=most, extra={"unit": unit}, extra_json_schema={"x-unit": unit})


SettingType = Literal["number", "whole", "switch", "choice", "hours", "otherwise"]
"""The last: other values of the same parameters in some hours."""


@dataclass(frozen=True, slots=True)
class Declared:
    """One parameter as declared: `choices` of a choice, `least` and `most` of a number; a whole one has no fractions."""

    name: str
    type: SettingType
    unit: str
    least: float | None
    most: float | None
    default: Any
    choices: tuple[str, ...]
    sentence: str


def declared(parameters: type[msgspec.Struct]) -> tuple[Declared, ...]:
    """Of each parameter, in the order of their declaration, the rule's own first.

    Raises:
        TypeError: a parameter without a sentence, or of a type that no page can show.
    """
    hints = typing.get_type_hints(parameters, include_extras=True)
    own = [name for name in parameters.__struct_fields__ if name in parameters.__annotations__ and name != "threat"]
    names = own + [name for name in parameters.__struct_fields__ if name not in own]
    defaults = msgspec.to_builtins(parameters())
    return tuple(_declared(name, hints[name], defaults[name]) for name in names)


def _declared(name: str, hint: Any, default: Any) -> Declared:
    meta = next((each for each in getattr(hint, "__metadata__", ()) if isinstance(each, msgspec.Meta)), None)
    if meta is None or not meta.description:
        raise TypeError(f"the parameter {name} has no sentence")
    given = typing.get_args(hint)[0]
    if isinstance(given, types.GenericAlias):
        kind: SettingType = "otherwise" if typing.get_args(given)[0] is Otherwise else "hours"
    elif isinstance(given, type) and issubclass(given, enum.Enum):
        kind = "choice"
    elif given in (float, int, bool):
        kinds: dict[type, SettingType] = {float: "number", int: "whole", bool: "switch"}
        kind = kinds[given]
    else:
        raise TypeError(f"the parameter {name} is of a type that cannot be set: {given}")
    choices = tuple(str(each.value) for each in given) if kind == "choice" else ()
    least, most = (None if each is None else float(each) for each in (meta.ge, meta.le))
    return Declared(name, kind, (meta.extra or {}).get("unit", ""), least, most, default, choices, meta.description)
