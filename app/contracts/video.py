"""Encoded pictures from a worker to the viewers' relay over a Unix socket: a four-byte length, then MessagePack.

The relay asks with one `WatchCamera`; the worker answers `Admitted` or `Refused`, then sends `AccessUnit`s until it ends it.
"""

import asyncio
import enum
import uuid

import msgspec

from app.kit.decoding import one_error

LARGEST_MESSAGE = 8 << 20
SOCKET = "video.sock"
"""In the state folder's `run/`."""
CLOCK_RATE = 90_000
"""Ticks of a `pts` in a second (RFC 6184)."""


class WhyNot(enum.StrEnum):
    """Why a camera's encoded pictures are not passed on; its JPEG pictures may be."""

    MASKED = "masked"
    CODEC = "codec"
    REORDERED = "reordered"
    NOT_RUNNING = "not-running"


class WatchCamera(msgspec.Struct, frozen=True, tag=True):
    """What the relay wants to see."""

    camera_id: uuid.UUID


class Admitted(msgspec.Struct, frozen=True, tag=True):
    """The pictures follow, from a keyframe on."""


class Refused(msgspec.Struct, frozen=True, tag=True):
    """No pictures, or no more: the worker closes after it."""

    why: WhyNot


class AccessUnit(msgspec.Struct, frozen=True, tag=True):
    """One encoded picture.

    Attributes:
        pts: in `CLOCK_RATE` ticks, rising within a stream.
        captured_at_us: microseconds since 1970 UTC; equal to that of the picture's TrackedFrame.
        payload: H.264 NAL units with start codes (Annex B); a keyframe carries its parameter sets.
    """

    pts: int
    captured_at_us: int
    is_keyframe: bool
    payload: bytes


VideoMessage = WatchCamera | Admitted | Refused | AccessUnit
_encode = msgspec.msgpack.Encoder().encode
_decode = one_error(msgspec.msgpack.Decoder(VideoMessage).decode)


def framed(message: VideoMessage) -> bytes:
    """The bytes to write."""
    body = _encode(message)
    return len(body).to_bytes(4, "big") + body


async def read_message(reader: asyncio.StreamReader) -> VideoMessage:
    """The next message.

    Raises:
        EOFError: the other side is gone.
        ValueError: it sent what is no message.
    """
    length = int.from_bytes(await reader.readexactly(4), "big")
    if length > LARGEST_MESSAGE:
        raise ValueError(f"a message of {length} bytes")
    message: VideoMessage = _decode(await reader.readexactly(length))
    return message
