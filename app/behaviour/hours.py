"""When a rule looks: weekly spans of the store's wall clock, across midnight and through changes of daylight saving time.

A span belongs to the day on which it starts: Saturday 22:00 to 06:00 ends on Sunday morning. It is compared with what the clock
on the wall shows: an hour that daylight saving skips does not come, one that comes twice counts twice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Clock = Annotated[str, msgspec.Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
MOST_SPANS = 14


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From `start` up to, not including, `end`, HH:MM; an end at or before the start is on the next day. Starts on `days`."""

    start: Clock
    end: Clock
    days: tuple[Day, ...] = DAYS

    def __post_init__(self) -> None:
        """ValueError for a span that never comes."""
        if not self.days:
            raise ValueError("a span of hours needs at least one day")


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
