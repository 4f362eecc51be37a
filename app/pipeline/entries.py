"""Entries of the streams as the driver reads them, and their ids. Pure."""

from collections.abc import Sequence
from typing import Final

from app.contracts.wire import FIELD, WireError

START: Final = "0-0"
"""Before every id."""
RawEntry = Sequence[object]
"""[stream id, [name, value, ...]] as the driver reads it, all bytes."""


def message_of(entry: RawEntry) -> bytes:
    """The message of an entry; WireError where there is none."""
    fields = entry[1]
    if isinstance(fields, list) and len(fields) >= 2 and fields[0] == FIELD:
        message = fields[1]
        if isinstance(message, bytes):
            return message
    raise WireError("a stream entry without a message")


def id_of(entry: RawEntry) -> str:
    """The id of an entry."""
    stream_id = entry[0]
    return stream_id.decode() if isinstance(stream_id, bytes) else str(stream_id)


def arrived_ms(entry: RawEntry) -> int:
    """When the server took it, by its clock."""
    return order(id_of(entry))[0]


def order(stream_id: str) -> tuple[int, int]:
    """What orders stream ids: (milliseconds, number)."""
    milliseconds, _, number = stream_id.partition("-")
    return int(milliseconds), int(number or 0)


def earlier(stream_id: str, by_ms: int) -> str:
    """An id so much earlier, at most `START`."""
    milliseconds = order(stream_id)[0]
    return f"{milliseconds - by_ms}-0" if milliseconds > by_ms else START
