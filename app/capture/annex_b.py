"""H.264 and HEVC packets as byte streams (Annex B), with the parameter sets before every keyframe. Pure.

RTSP hands over Annex B; files hold lengths instead of start codes (ISO 14496-15) and parameter sets beside the packets.
"""

from collections.abc import Iterator

from app.capture.ring import Sample

START = b"\0\0\0\1"
_H264_SPS = 7
_HEVC_SPS = 33


def annex_b(sample: Sample) -> bytes:
    """The packet as a byte stream; a keyframe that lacks parameter sets gets those of the stream."""
    extra, hevc = sample.shape.extradata, sample.shape.codec == "hevc"
    in_box = len(extra) > 6 and extra[0] == 1
    body = _from_lengths(sample.body, _length_size(extra, hevc)) if in_box else sample.body
    if not sample.is_key or _has_sps(body, hevc):
        return body
    sets = b"".join(START + each for each in _sets(extra, hevc)) if in_box else extra
    return sets + body


def _length_size(extra: bytes, hevc: bool) -> int:
    return (extra[21 if hevc and len(extra) > 21 else 4] & 3) + 1


def _from_lengths(body: bytes, size: int) -> bytes:
    found, at = [], 0
    while at + size <= len(body):
        length = int.from_bytes(body[at : at + size], "big")
        at += size
        found.append(START + body[at : at + length])
        at += length
    return b"".join(found)


def _sets(extra: bytes, hevc: bool) -> Iterator[bytes]:
    """Parameter sets of an avcC or hvcC box."""
    if hevc:
        at = 23
        for _ in range(extra[22] if len(extra) > 22 else 0):
            count = int.from_bytes(extra[at + 1 : at + 3], "big")
            at += 3
            for _ in range(count):
                at, found = _one(extra, at)
                yield found
        return
    at = 6
    for _ in range(extra[5] & 31):
        at, found = _one(extra, at)
        yield found
    count, at = (extra[at] if at < len(extra) else 0), at + 1
    for _ in range(count):
        at, found = _one(extra, at)
        yield found


def _one(extra: bytes, at: int) -> tuple[int, bytes]:
    length = int.from_bytes(extra[at : at + 2], "big")
    return at + 2 + length, extra[at + 2 : at + 2 + length]


def _has_sps(body: bytes, hevc: bool) -> bool:
    at = body.find(START[1:])
    while at >= 0 and at + 3 < len(body):
        kind = (body[at + 3] >> 1) & 63 if hevc else body[at + 3] & 31
        if kind == (_HEVC_SPS if hevc else _H264_SPS):
            return True
        at = body.find(START[1:], at + 3, at + 4096)
    return False
