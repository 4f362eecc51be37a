"""A posted batch: counted before it is decoded, each message judged by itself."""

import uuid
from typing import Any

import msgspec
import pytest

from app.cameras.ingested import LARGEST_MESSAGE, MOST_DURABLE, MOST_MESSAGES, bounded, count_of, read_batch, read_messages
from app.contracts.live import LARGEST_LIVE_PICTURE, WatchedPicture
from app.kit.clock import now_us
from app.kit.errors import BadInputError
from tests.builders import CAMERA, make_health, make_probe, make_tracked_frame, make_tracklet

DAY_US = 24 * 3600 * 1_000_000


def said(at_us: int | None = None) -> list[Any]:
    """One of each kind, of about now."""
    at_us = now_us() if at_us is None else at_us
    return [
        make_tracked_frame([(1, 0.5, 0.5)], start_us=at_us), make_health(start_us=at_us), make_tracklet(start_us=at_us),
        msgspec.structs.replace(make_probe(), captured_at_us=at_us), WatchedPicture(CAMERA, at_us, b"\xff\xd8"),
    ]  # fmt: skip


def batch(*messages: Any) -> bytes:
    return msgspec.msgpack.encode(messages)


def test_every_kind_is_read() -> None:
    given = said()
    assert read_messages(batch(*given)) == (given, 0)
    assert read_batch(batch(given[0])) == given[:1]
    assert read_messages(batch()) == ([], 0)


@pytest.mark.parametrize("off_us", [2 * DAY_US, -2 * DAY_US, 2**62, -(2**62)])
def test_what_is_of_another_time_is_refused_by_itself(off_us: int) -> None:
    given = said()
    late = said(now_us() + off_us)
    assert read_messages(batch(*late, *given)) == (given, len(late))
    with pytest.raises(BadInputError):
        read_batch(batch(given[0], late[0]))


@pytest.mark.parametrize("place", range(5))
def test_one_that_cannot_be_read_costs_only_itself(place: int) -> None:
    given = said()
    no_text = msgspec.msgpack.encode(given[1]).replace(b"live", b"liv\x80")
    wrong = (
        msgspec.Raw(no_text),
        1, {"a": 1}, [], [9, 1], msgspec.to_builtins(given[place])[:3], msgspec.Raw(b"\x91" * 500 + b"\x01"),
        msgspec.structs.replace(given[0], boxes=b"123"), msgspec.structs.replace(given[1], at_us=2**62),
        msgspec.structs.replace(given[2], boxes=b"123"), msgspec.structs.replace(given[3], quality=b"123"),
        msgspec.structs.replace(given[4], captured_at_us=-1),
            msgspec.structs.replace(given[4], jpeg=bytes(LARGEST_LIVE_PICTURE + 1)),
        msgspec.structs.replace(given[0], track_ids=[1] * LARGEST_MESSAGE),
    )  # fmt: skip
    for each in wrong:
        mixed = [*given[:place], each, *given[place:]]
        assert read_messages(batch(*mixed)) == (given, 1), str(each)[:80]


@pytest.mark.parametrize("raw", [b"", b"\x01", b"\x80", b"\xc4\x01a", b"\xdc\x01", b"\x92\x01", b"\x91\xc1", b"\x91" * 100_000])
def test_what_is_no_batch_is_bad_input(raw: bytes) -> None:
    for read in (read_messages, read_batch):
        with pytest.raises(BadInputError):
            read(raw)


@pytest.mark.parametrize("count", [0, 1, 15, 16, 500])
def test_messages_are_counted_by_the_array_s_first_bytes(count: int) -> None:
    assert count_of(batch(*range(count))) == count


@pytest.mark.parametrize("raw", [batch(*range(MOST_MESSAGES + 1)), b"\xdd\xff\xff\xff\xff", b"\xdc\xff\xff" + b"\xc1" * 9])
def test_too_many_are_refused_before_one_is_decoded(raw: bytes) -> None:
    with pytest.raises(BadInputError, match="at most 500"):
        count_of(raw)


def test_one_camera_says_so_much_and_no_more_of_what_is_kept_by_number() -> None:
    frame, health, tracklet, *_ = said()
    other = msgspec.structs.replace(health, camera_id=uuid.UUID(int=9))
    many = [each for _ in range(MOST_DURABLE) for each in (health, tracklet, frame, other)]
    kept = bounded(many)
    assert [sum(type(each) is type(one) and each.camera_id == one.camera_id for each in kept) for one in (frame, other)] == [
        MOST_DURABLE, MOST_DURABLE,
    ]  # fmt: skip
    assert sum(each in (health, tracklet) for each in kept) == MOST_DURABLE
