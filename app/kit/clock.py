"""Time. Wall-clock times are timezone-aware UTC; on the wire they are integer microseconds since the epoch."""

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
    """The aware UTC datetime of a count of microseconds, exactly."""
    return EPOCH + timedelta(microseconds=moment_us)
