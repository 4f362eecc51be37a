"""Time. Wall-clock times are timezone-aware UTC; on the wire they are integer microseconds since the epoch."""

import time
from datetime import UTC, datetime, timedelta
from typing import Final

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LATEST_US: Final = 4_102_444_800_000_000
"""The year 2100: who speaks of a later time is wrong."""


def now() -> datetime:
    """The current time, UTC."""
    return datetime.now(UTC)


def now_us() -> int:
    """Microseconds since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime, exactly."""
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_us(moment_us: int) -> datetime:
    """The aware UTC datetime of a count of microseconds, exactly; OverflowError beyond the years 1 to 9999."""
    return EPOCH + timedelta(microseconds=moment_us)
