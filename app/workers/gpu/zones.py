"""nvdsanalytics' file of a store's zones, and INI text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from app.kit.errors import BadInputError

Point = tuple[float, float]


def ini(groups: Mapping[str, Mapping[str, object]]) -> str:
    """Groups of keys as text."""
    parts = [f"[{name}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()) for name, keys in groups.items()]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class AnalyticsZone:
    """A zone of a camera: corners in 0..1 of the picture; `kind` is roi, crowd or line (two points, crossed to the left)."""

    name: str
    kind: str
    points: tuple[Point, ...]
    most: int = 0


@dataclass(frozen=True, slots=True)
class StreamZones:
    """Zones of the camera at one index of the muxer."""

    stream: int
    zones: tuple[AnalyticsZone, ...] = field(default_factory=tuple)


EXAMPLE_ZONES: Final = (
    StreamZones(
        0,
        (
            AnalyticsZone("entrance", "roi", ((0.1, 0.6), (0.4, 0.6), (0.4, 1.0), (0.1, 1.0))),
            AnalyticsZone("checkout", "crowd", ((0.5, 0.5), (0.9, 0.5), (0.9, 0.9), (0.5, 0.9)), most=6),
            AnalyticsZone("door", "line", ((0.1, 0.8), (0.4, 0.8))),
        ),
    ),
)


def analytics(streams: Sequence[StreamZones], width: int = 1920, height: int = 1080) -> str:
    """nvdsanalytics' file of all streams. Loitering is not here: the element knows none, our own rules do it.

    Raises:
        BadInputError: a zone that the element could not read.
    """
    groups: dict[str, dict[str, object]] = {
        "property": {"enable": 1, "config-width": width, "config-height": height, "osd-mode": 0, "display-font-size": 12}
    }
    for stream in streams:
        for zone in stream.zones:
            group, key, points = _zone(zone, width, height)
            keys = groups.setdefault(f"{group}-stream-{stream.stream}", {"enable": 1, "class-id": "0;1"})
            keys[key] = ";".join(str(number) for point in points for number in point)
            if zone.kind == "crowd":
                keys |= {"object-threshold": zone.most, "time-threshold": 2000}
            if zone.kind == "line":
                keys |= {"extended": 0, "mode": "loose"}
    return ini(groups)


def _zone(zone: AnalyticsZone, width: int, height: int) -> tuple[str, str, list[tuple[int, int]]]:
    """Group, key and whole pixels."""
    if not zone.name or any(not (each.isalnum() or each in "_-") for each in zone.name):
        raise BadInputError(f"A zone's name {zone.name!r} must be letters, digits, - and _ to stand in a configuration key.")
    if any(not 0 <= value <= 1 for point in zone.points for value in point):
        raise BadInputError(f"Zone {zone.name}: corners lie in 0..1 of the picture.")
    points = [(round(x * (width - 1)), round(y * (height - 1))) for x, y in zone.points]
    if zone.kind == "line":
        if len(points) != 2 or points[0] == points[1]:
            raise BadInputError(f"Line {zone.name} needs two different points.")
        (ax, ay), (bx, by) = points
        middle = ((ax + bx) // 2, (ay + by) // 2)
        # The direction counted: to the left of a -> b as seen in the picture, a tenth of its height away.
        length = max(1.0, ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5)
        step = height / 10
        tip = (
            min(width - 1, max(0, round(middle[0] + (by - ay) / length * step))),
            min(height - 1, max(0, round(middle[1] - (bx - ax) / length * step))),
        )
        return "line-crossing", f"line-crossing-{zone.name}", [middle, tip, *points]
    if len(points) < 3:
        raise BadInputError(f"Zone {zone.name} needs three corners or more.")
    if zone.kind == "crowd":
        return "overcrowding", f"roi-{zone.name}", points
    if zone.kind == "roi":
        return "roi-filtering", f"roi-{zone.name}", points
    raise BadInputError(f"Zone {zone.name} is of the kind {zone.kind!r}; nvdsanalytics knows roi, crowd and line.")
