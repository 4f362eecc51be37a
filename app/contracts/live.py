"""Live messages for viewers: names of pub/sub channels and keys on the memory Redis."""

import uuid
from typing import Final

import msgspec

LARGEST_LIVE_PICTURE: Final = 1 << 20
"""Bytes of a JPEG that a worker may send over HTTP."""


class WatchedPicture(msgspec.Struct, frozen=True, array_like=True, tag=5):
    """The JPEG of an analysed frame, from a worker that cannot reach Redis; whoever watches gets it, and nobody keeps it."""

    camera_id: uuid.UUID
    captured_at_us: int
    jpeg: bytes

    def __repr__(self) -> str:
        """Without the picture."""
        return f"WatchedPicture(camera_id={self.camera_id})"


def camera_channel(camera: uuid.UUID) -> str:
    """Pub/sub channel of a camera's TrackedFrame bytes."""
    return f"camera:{camera}"


def picture_channel(camera: uuid.UUID) -> str:
    """Pub/sub channel of a camera's JPEG pictures: 8 bytes big-endian captured_at_us, then the JPEG."""
    return f"picture:{camera}"


def watch_key(camera: uuid.UUID) -> str:
    """Key (EXPIRE 5 s, refreshed while somebody watches) that asks the worker to publish pictures."""
    return f"watch:{camera}"


def store_stream(store: uuid.UUID) -> str:
    """Bus stream of a store's messages (JSON in field `m`), written by the outbox dispatcher; entry ids are `resume` ids."""
    return f"live:{store}"


TRACE_FIELD = b"t"
"""Field of a store stream's entry that holds the W3C traceparent of the frame behind it; absent where none is traced."""


def pack_picture(captured_at_us: int, jpeg: bytes) -> bytes:
    """Bytes for `picture_channel`."""
    return captured_at_us.to_bytes(8, "big") + jpeg


def unpack_picture(message: bytes) -> tuple[int, bytes]:
    """(captured_at_us, JPEG)."""
    return int.from_bytes(message[:8], "big"), message[8:]
