"""A posted batch of a worker's messages: bytes to messages that can be believed, each by itself. Pure."""

from collections import Counter
from collections.abc import Iterable
from typing import Final

import msgspec

from app.contracts.biometrics import LARGEST_PICTURE, GaitEmbedding, ProbeEmbedding
from app.contracts.live import LARGEST_LIVE_PICTURE, WatchedPicture
from app.contracts.soundness import check_frame, check_gait, check_health, check_tracklet
from app.contracts.tracked import CameraHealth, TrackedFrame, TrackletClosed
from app.contracts.wire import WireError, as_floats
from app.kit.clock import now_us
from app.kit.decoding import one_error
from app.kit.errors import BadInputError

Said = TrackedFrame | TrackletClosed | CameraHealth | ProbeEmbedding | GaitEmbedding | WatchedPicture
MOST_MESSAGES: Final = 500
MOST_DURABLE: Final = 64
"""Ended tracks and states of one camera in one batch: their streams are trimmed by number, and other cameras write there too.
What a camera may say of them over time is `kit.limits.KEPT`."""
LARGEST_MESSAGE: Final = LARGEST_LIVE_PICTURE + 4096
NEAR_US: Final = 24 * 3600 * 1_000_000
"""A worker whose clock is further off, or that waited longer, says nothing of use: rules and rows go by its times."""
UNREADABLE: Final = (msgspec.DecodeError, WireError, RecursionError)

_decode_each = one_error(msgspec.msgpack.Decoder(list[msgspec.Raw]).decode)
_decode_said = one_error(msgspec.msgpack.Decoder(Said).decode)
_decode_frames = one_error(msgspec.msgpack.Decoder(list[TrackedFrame]).decode)


def count_of(raw: bytes) -> int:
    """How many messages a batch says it holds, by its first bytes; nothing is decoded.

    Raises:
        BadInputError: it is no array, or holds too many.
    """
    first = raw[0] if raw else 0
    width = {0xDC: 2, 0xDD: 4}.get(first, 0)
    if first & 0xF0 != 0x90 and not width:
        raise BadInputError("This is no batch of a worker's messages: it is no MessagePack array.")
    count = int.from_bytes(raw[1 : 1 + width], "big") if width else first & 0x0F
    if count > MOST_MESSAGES:
        raise BadInputError(f"A batch holds at most {MOST_MESSAGES} messages; this one has {count}.")
    return count


def read_messages(raw: bytes) -> tuple[list[Said], int]:
    """(what can be believed, how many messages cannot); BadInputError when the bytes are no batch."""
    count_of(raw)
    try:
        messages = _decode_each(raw)
    except UNREADABLE as error:
        raise BadInputError(f"This is no batch of a worker's messages: {error}.") from error
    said, moment = [], now_us()
    for message in messages:
        try:
            said.append(_read(message, moment))
        except UNREADABLE:
            continue
    return said, len(messages) - len(said)


def read_batch(raw: bytes) -> list[TrackedFrame]:
    """The frames; BadInputError when the bytes are none, or one of them cannot be believed."""
    count_of(raw)
    try:
        frames, moment = _decode_frames(raw), now_us()
        for frame in frames:
            _check(frame, moment)
    except UNREADABLE as error:
        raise BadInputError(f"This is no batch of tracked frames: {error}.") from error
    return frames


def durable_of(said: Iterable[Said]) -> Counter[str]:
    """How many ended tracks and states there are of each camera."""
    return Counter(str(each.camera_id) for each in said if isinstance(each, TrackletClosed | CameraHealth))


def bounded(said: Iterable[Said]) -> list[Said]:
    """Without the ended tracks and states that are too many of one camera."""
    durable: Counter[object] = Counter()
    kept = []
    for each in said:
        if isinstance(each, TrackletClosed | CameraHealth):
            durable[each.camera_id] += 1
            if durable[each.camera_id] > MOST_DURABLE:
                continue
        kept.append(each)
    return kept


def _read(message: msgspec.Raw, moment_us: int) -> Said:
    view = memoryview(message)
    if len(view) > LARGEST_MESSAGE:
        raise WireError("a message is too large")
    said: Said = _decode_said(view)
    _check(said, moment_us)
    return said


def _check(said: Said, moment_us: int) -> None:
    """WireError for what no pipeline could take, or that is of another time than about now."""
    match said:
        case TrackedFrame():
            check_frame(said)
            said.box_array(), said.score_array(), said.keypoint_array()
            _check_near(moment_us, said.captured_at_us)
        case TrackletClosed():
            check_tracklet(said)
            as_floats(said.boxes, -1, 5)
            _check_near(moment_us, said.started_at_us, said.ended_at_us)
        case CameraHealth():
            check_health(said)
            _check_near(moment_us, said.at_us, max(said.at_us, said.last_frame_at_us))
        case ProbeEmbedding():
            said.quality_array(), said.embedding_array()
            _check_near(moment_us, said.captured_at_us)
            if len(said.picture) > LARGEST_PICTURE:
                raise WireError("the head's picture is too large")
        case GaitEmbedding():
            check_gait(said)
            _check_near(moment_us, said.captured_at_us)
        case WatchedPicture():
            _check_near(moment_us, said.captured_at_us)
            if len(said.jpeg) > LARGEST_LIVE_PICTURE:
                raise WireError("the picture is too large")


def _check_near(moment_us: int, *times_us: int) -> None:
    if not all(abs(at_us - moment_us) <= NEAR_US for at_us in times_us):
        raise WireError("a message of a time that is more than a day from now")
