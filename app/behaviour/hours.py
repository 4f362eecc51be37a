"""When a rule looks, and with which parameters: weekly spans of the store's wall clock, across midnight and changes of clocks.

A span belongs to the day on which it starts: Saturday 22:00 to 06:00 ends on Sunday morning. It is compared with what the clock
on the wall shows: an hour that daylight saving skips does not come, one that comes twice counts twice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
MOST_SPANS = 14
MOST_OTHERWISE = 8


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `start` up to, not including, `end`, HH:MM; an end at or before the start is on the next day. Starts on `days`."""

    start: Clock
    end: Clock
    days: tuple[Day, ...] = DAYS

    def __post_init__(self) -> None:
        """ValueError for a span that never comes."""
        if not self.days:
            raise ValueError("a span of hours needs at least one day")


class Otherwise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is set otherwise in some hours: those parameters, by name; the rest stays."""

    hours: Annotated[tuple[Span, ...], msgspec.Meta(min_length=1, max_length=MOST_SPANS)]
    parameters: dict[str, Any]


Parameters = TypeVar("Parameters", bound=Any)
TIMES = ("hours", "other_hours")
"""Parameters about time itself: not set otherwise at other times."""


def with_those(parameters: Parameters, otherwise: Otherwise) -> Parameters:
    """The parameters as they hold in those hours.

    Raises:
        msgspec.ValidationError: an unknown name, a wrong type, or a value out of range.
    """
    for name in TIMES:
        if name in otherwise.parameters:
            raise msgspec.ValidationError(f"{name} cannot be set otherwise in some hours")
    plain = {**msgspec.to_builtins(parameters), **otherwise.parameters, **dict.fromkeys(TIMES, ())}
    changed: Parameters = msgspec.convert(plain, type(parameters))
    return changed


def in_force(parameters: Parameters, local: datetime) -> Parameters | None:
    """The parameters that hold at a wall-clock time of the store; None where the rule does not look then."""
    if not open_at(parameters.hours, local):
        return None
    for each in parameters.other_hours:
        if open_at(each.hours, local):
            return with_those(parameters, each)
    return parameters


def open_at(hours: Sequence[Span], local: datetime) -> bool:
    """Whether `hours` hold at a wall-clock time of the store; no hours at all: always."""
    if not hours:
        return True
    minute = local.hour * 60 + local.minute
    today, yesterday = DAYS[local.weekday()], DAYS[(local.weekday() - 1) % 7]
    for span in hours:
        start, end = _minute(span.start), _minute(span.end)
        if end > start:
            if today in span.days and start <= minute < end:
                return True
        elif (today in span.days and minute >= start) or (yesterday in span.days and minute < end):
            return True
    return False


def local_time(at_us: int, zone: tzinfo) -> datetime:
    """The wall clock of a zone at a moment (microseconds since 1970 UTC)."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at_us)).astimezone(zone)


def zone_of(name: str) -> tzinfo:
    """The time zone of that name; UTC for one that this system does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
