"""Protobuf's text format, as nvinferserver reads it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Literal:
    """A name of an enumeration: written without quotes."""

    name: str


@dataclass(frozen=True, slots=True)
class Message:
    """A message of protobuf's text format: fields in order, a repeated field as several pairs."""

    fields: tuple[tuple[str, "str | int | float | bool | Literal | Message"], ...]

    def text(self, indent: int = 0) -> str:
        """Its lines."""
        pad, lines = "  " * indent, []
        for name, value in self.fields:
            if isinstance(value, Message):
                lines.append(f"{pad}{name} {{\n{value.text(indent + 1)}{pad}}}\n")
            else:
                lines.append(f"{pad}{name}: {_scalar(value)}\n")
        return "".join(lines)


def _scalar(value: "str | int | float | bool | Literal") -> str:
    if isinstance(value, Literal):
        return value.name
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'"{escaped}"'
    return f"{value!r}"


def message(*fields: tuple[str, "str | int | float | bool | Literal | Message"]) -> Message:
    """A message of these fields."""
    return Message(fields)
