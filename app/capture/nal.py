"""H.264 as two containers carry it: NAL units after start codes (RTSP), or after their lengths (MP4). Pure."""

from collections.abc import Iterator
from typing import Final

START: Final = b"\x00\x00\x00\x01"
SPS: Final = 7
_TYPE: Final = 0x1F


class BrokenUnitError(ValueError):
    """Lengths that do not fit the bytes."""


def length_size(extradata: bytes) -> int | None:
    """Bytes of each length where `extradata` is an AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1); None: start codes."""
    return (extradata[4] & 3) + 1 if len(extradata) > 6 and extradata[0] == 1 else None


def annex_b(payload: bytes, size: int) -> bytes:
    """NAL units with lengths of `size` bytes as NAL units with start codes."""
    return b"".join(START + unit for unit in _by_length(payload, size))


def parameter_sets(extradata: bytes) -> bytes:
    """SPS and PPS of a stream's extradata, with start codes; "" when it holds none."""
    if length_size(extradata) is None:
        return extradata
    found, at = [], 6
    for count in (extradata[5] & 0x1F, None):
        if count is None:
            count, at = (extradata[at], at + 1) if at < len(extradata) else (0, at)
        for _ in range(count):
            length = int.from_bytes(extradata[at : at + 2], "big")
            found.append(START + extradata[at + 2 : at + 2 + length])
            at += 2 + length
    return b"".join(found)


def has_parameter_sets(payload: bytes) -> bool:
    """Whether an access unit with start codes brings an SPS before its picture."""
    at = payload.find(b"\x00\x00\x01")
    while 0 <= at < len(payload) - 3:
        kind = payload[at + 3] & _TYPE
        if kind == SPS:
            return True
        if 1 <= kind <= 5:  # the picture itself: what follows is large and of no interest
            return False
        at = payload.find(b"\x00\x00\x01", at + 3)
    return False


def _by_length(payload: bytes, size: int) -> Iterator[bytes]:
    at = 0
    while at < len(payload):
        end = at + size + int.from_bytes(payload[at : at + size], "big")
        if end > len(payload):
            raise BrokenUnitError(f"a NAL unit ends at {end} of {len(payload)} bytes")
        yield payload[at + size : end]
        at = end
