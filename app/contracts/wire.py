"""How messages become bytes: MessagePack arrays with a leading version, float arrays as little-endian float32."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from app.kit.decoding import one_error

T = TypeVar("T", bound=msgspec.Struct)

FIELD = b"m"
"""The one field of a Redis stream entry that carries the message."""


class WireError(ValueError):
    """These bytes are no message this version understands."""


def encode(message: msgspec.Struct) -> bytes:
    """The MessagePack bytes of a message."""
    return _encoder.encode(message)


def decoder(kind: type[T]) -> Callable[[bytes | bytearray | memoryview], T]:
    """Reads messages of one kind; raises `msgspec.DecodeError` (and its subclass ValidationError) on other bytes."""
    return one_error(msgspec.msgpack.Decoder(kind).decode)


def floats(array: npt.NDArray[Any]) -> bytes:
    """Little-endian float32 bytes in C order."""
    return np.ascontiguousarray(array, dtype="<f4").tobytes()


def as_floats(raw: bytes, *shape: int) -> npt.NDArray[np.float32]:
    """The read-only float32 array in `raw`; WireError when its length does not fit `shape` (-1 allowed once)."""
    try:
        return np.frombuffer(raw, dtype="<f4").reshape(shape)
    except ValueError as error:
        raise WireError(f"{len(raw)} bytes do not fit shape {shape}") from error


_encoder = msgspec.msgpack.Encoder()
