"""How messages become bytes: MessagePack arrays with a leading version, float arrays as little-endian float32."""

from typing import Any, Generic, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

T = TypeVar("T", bound=msgspec.Struct)

FIELD = b"m"
"""The one field of a Redis stream entry that carries the message."""


class WireError(ValueError):
    """These bytes are no message this version understands."""


def encode(message: msgspec.Struct) -> bytes:
    """The MessagePack bytes of a message."""
    return _encoder.encode(message)


class Decoder(Generic[T]):
    """Reads messages of one kind."""

    def __init__(self, kind: type[T]) -> None:
        self._decode = msgspec.msgpack.Decoder(kind).decode

    def decode(self, raw: bytes | bytearray | memoryview) -> T:
        """The message; raises `msgspec.DecodeError` (and its subclass ValidationError) or WireError on other bytes."""
        try:
            return self._decode(raw)
        except UnicodeDecodeError as error:  # msgspec lets it through where a text names an enumeration's member
            raise WireError("a text that is not UTF-8") from error


def decoder(kind: type[T]) -> Decoder[T]:
    """A reusable decoder."""
    return Decoder(kind)


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
