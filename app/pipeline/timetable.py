"""Which rules look where at a moment: hours of the store's wall clock, worked out anew each minute."""

from collections.abc import Mapping
from datetime import datetime, tzinfo

from app.behaviour.cameras import CameraParameters
from app.behaviour.hours import local_time, open_at, zone_of
from app.behaviour.rules import Areas, Rule

MINUTE_US = 60_000_000
RuleAreas = tuple[Rule, Areas]


class Timetable:
    """The rules of one camera. `all`: whatever the hour."""

    __slots__ = ("_cameras", "_minute", "_now", "_timed", "_zone", "all")

    def __init__(
        self, rules: tuple[RuleAreas, ...] = (), timezone: str = "UTC", cameras: Mapping[str, CameraParameters] | None = None
    ) -> None:
        self.all = rules
        self._cameras = cameras or {}
        self._timed = any(_has_hours(areas) for _, areas in rules)
        self._zone: tzinfo = zone_of(timezone)
        self._minute = -1
        self._now = rules

    def about_camera(self, at_us: int) -> Mapping[str, CameraParameters]:
        """The rules about the camera itself that look at that time, by kind."""
        if not any(given.hours for given in self._cameras.values()):
            return self._cameras
        local = local_time(at_us, self._zone)
        return {kind: given for kind, given in self._cameras.items() if open_at(given.hours, local)}

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


def _has_hours(areas: Areas) -> bool:
    return any(given.hours for _, given in areas.parameters) or (areas.elsewhere is not None and bool(areas.elsewhere.hours))


def _opened(areas: Areas, local: datetime) -> Areas:
    """The areas that look at a wall-clock time."""
    if not _has_hours(areas):
        return areas
    kept = [index for index, (_, given) in enumerate(areas.parameters) if open_at(given.hours, local)]
    elsewhere = areas.elsewhere if areas.elsewhere is not None and open_at(areas.elsewhere.hours, local) else None
    parameters = tuple(areas.parameters[index] for index in kept)
    lines = tuple(areas.lines[index] for index in kept) if areas.lines else ()
    return Areas(areas.zones.only(kept), parameters, elsewhere, lines)
