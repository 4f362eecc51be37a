"""Which rules look where at a moment, and with which parameters: hours of the store's wall clock, worked out anew each minute."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

from app.behaviour.cameras import CameraParameters
from app.behaviour.hours import in_force, local_time, zone_of
from app.behaviour.rules import Areas, Rule

MINUTE_US = 60_000_000
RuleAreas = tuple[Rule, Areas]


class Timetable:
    """The rules of one camera. `all`: whatever the hour; `about_bodies`: whether any of them looks at bodies."""

    __slots__ = ("_cameras", "_minute", "_now", "_timed", "_zone", "about_bodies", "all")

    def __init__(
        self, rules: tuple[RuleAreas, ...] = (), timezone: str = "UTC", cameras: Mapping[str, CameraParameters] | None = None
    ) -> None:
        self.all = rules
        self.about_bodies = any(rule.about_bodies for rule, _ in rules)
        self._cameras = cameras or {}
        self._timed = any(_has_hours(areas) for _, areas in rules)
        self._zone: tzinfo = zone_of(timezone)
        self._minute = -1
        self._now = rules

    def about_camera(self, at_us: int) -> Mapping[str, CameraParameters]:
        """The rules about the camera itself that look at that time, by kind."""
        if not any(map(_is_timed, self._cameras.values())):
            return self._cameras
        local = local_time(at_us, self._zone)
        return {kind: held for kind, given in self._cameras.items() if (held := in_force(given, local)) is not None}

    def at(self, at_us: int) -> tuple[RuleAreas, ...]:
        """What looks at that time (us since 1970 UTC). Where a rule's hours are over its acts end untold, as if switched off."""
        if not self._timed:
            return self.all
        minute = at_us // MINUTE_US
        if minute != self._minute:
            local = local_time(minute * MINUTE_US, self._zone)
            opened = ((rule, _opened(areas, local)) for rule, areas in self.all)
            self._now = tuple((rule, areas) for rule, areas in opened if areas.parameters or areas.elsewhere is not None)
            self._minute = minute
        return self._now


def _is_timed(parameters: Any) -> bool:
    return bool(parameters.hours or parameters.other_hours)


def _has_hours(areas: Areas) -> bool:
    return any(_is_timed(given) for _, given in areas.parameters) or (areas.elsewhere is not None and _is_timed(areas.elsewhere))


def _opened(areas: Areas, local: datetime) -> Areas:
    """The areas that look at a wall-clock time, with what holds there then."""
    if not _has_hours(areas):
        return areas
    held = [in_force(given, local) for _, given in areas.parameters]
    kept = [index for index, each in enumerate(held) if each is not None]
    elsewhere = None if areas.elsewhere is None else in_force(areas.elsewhere, local)
    parameters = tuple((areas.parameters[index][0], held[index]) for index in kept)
    lines = tuple(areas.lines[index] for index in kept) if areas.lines else ()
    return Areas(areas.zones.only(kept), parameters, elsewhere, lines)
