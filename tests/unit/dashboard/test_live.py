"""Viewers' queues, live messages, gaps, images."""

import asyncio
import json
import struct
import uuid
from types import SimpleNamespace
from typing import Any

import cv2
import msgspec
import numpy as np
import pytest

from app.contracts.live import pack_picture
from app.contracts.sockets import Denied, Gap, Resume, decode_client_message, to_text
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import WireError, floats
from app.dashboard.analysis import analysis_text, captured_at_text
from app.dashboard.hub import Hub, with_id
from app.dashboard.pictures import NewestPictures, picture_part
from app.dashboard.socket import demand_own_origin, origins_of
from app.dashboard.streams import Span, gap_after, id_order
from app.dashboard.viewer import SlowViewerError, Viewer
from app.kit.errors import BadInputError, ForbiddenError
from app.perception.images import decode_image, image_size

CAMERA = uuid.UUID("019aa000-0000-7000-8000-000000000007")


def make_frame(**changes: object) -> TrackedFrame:
    given: dict[str, object] = {
        "camera_id": CAMERA,
        "epoch": 1,
        "sequence": 1,
        "captured_at_us": 1_767_225_600_000_000,
        "received_at_us": 1_767_225_600_000_001,
        "width": 640,
        "height": 480,
        "policy_revision": 0,
        "track_ids": [2**63 + 1],
        "boxes": floats(np.array([[1.1, 2.2, 3.3, 4.456]])),
        "scores": floats(np.array([0.9])),
        "keypoints": floats(np.full((1, 17, 3), 0.12346)),
    }
    return TrackedFrame(**(given | changes))  # type: ignore[arg-type]


def test_analysis_result_is_the_documented_message() -> None:
    message = json.loads(analysis_text(make_frame()))
    assert message == {
        "type": "analysis-result",
        "camera_id": str(CAMERA),
        "captured_at": "2026-01-01T00:00:00.000000Z",
        "frame": {"width": 640, "height": 480},
        "persons": [
            {
                "track_id": "9223372036854775809",
                "box": [1.1, 2.2, 3.3, 4.46],
                "score": 0.9,
                "keypoints": [[0.12, 0.12, 0.1235]] * 17,
                "labels": [],
            }
        ],
    }
    assert json.loads(analysis_text(make_frame(track_ids=[], boxes=b"", scores=b"", keypoints=b"")))["persons"] == []
    with pytest.raises(WireError):
        analysis_text(make_frame(boxes=b"1234"))


def test_captured_at_always_has_microseconds() -> None:
    assert captured_at_text(1) == "1970-01-01T00:00:00.000001Z"


async def test_results_drop_the_oldest_and_messages_never_drop() -> None:
    viewer = Viewer(most_results=2, most_store_messages=3)
    for number in range(4):
        viewer.offer_result(f"r{number}")
    viewer.offer_message("m0")
    assert [await viewer.take() for _ in range(3)] == ["m0", "r2", "r3"]
    assert viewer.dropped == 2
    for number in range(4):
        viewer.offer_message(f"m{number}")
    with pytest.raises(SlowViewerError):
        await viewer.take()


async def test_a_waiting_viewer_is_woken() -> None:
    viewer = Viewer()
    waiting = asyncio.create_task(viewer.take())
    await asyncio.sleep(0)
    viewer.offer_message("m")
    assert await asyncio.wait_for(waiting, 20) == "m"


async def test_only_the_newest_picture_of_each_camera_waits() -> None:
    newest, other = NewestPictures(), uuid.UUID(int=1)
    newest.put(CAMERA, pack_picture(1, b"old"))
    newest.put(other, pack_picture(2, b"other"))
    newest.put(CAMERA, pack_picture(3, b"new"))
    newest.put(CAMERA, b"short")
    assert [await newest.take(), await newest.take()] == [(CAMERA, 3, b"new"), (other, 2, b"other")]
    part = picture_part((CAMERA, 3, b"new"))
    assert b"X-Captured-At-Us: 3\r\n" in part
    assert part.endswith(b"\r\n\r\nnew\r\n")


async def test_a_still_comes_once_in_its_time_and_moving_cameras_always() -> None:
    clock, still = iter((10.0, 10.5, 11.99, 12.0)), uuid.UUID(int=2)
    newest = NewestPictures(frozenset({still}), clock=lambda: next(clock))
    taken = []
    for number in range(1, 5):
        newest.put(still, pack_picture(number, b"still"))
        newest.put(CAMERA, pack_picture(number, b"live"))
        while newest.waiting:
            taken.append((await newest.take())[:2])
    assert [number for camera, number in taken if camera == still] == [1, 4]
    assert [number for camera, number in taken if camera == CAMERA] == [1, 2, 3, 4]


def test_store_messages_carry_the_id_of_their_entry() -> None:
    text = with_id("5-1", b'{"type":"alert-raised","alert":{"id":"x"}}')
    assert text is not None
    assert json.loads(text) == {"id": "5-1", "type": "alert-raised", "alert": {"id": "x"}}
    assert [with_id("5-1", raw) for raw in (b"", b"{}", b"[1]", b"null")] == [None] * 4


def test_rule_09_who_may_not_review_hears_of_no_lead() -> None:
    hub, reviewer, other = Hub(None, None), Viewer(), Viewer()  # type: ignore[arg-type]
    store = uuid.UUID(int=5)
    allowed = {store}
    reviewer.may_review = allowed.__contains__
    hub._stores[store] = {reviewer: None, other: None}
    alert = b'{"type":"alert-raised","store_id":"x","alert":{"id":"a","note":"\\"type\\":\\"match-raised\\""}}'
    for message in (b'{"type":"match-raised","store_id":"x","match_id":"m"}', b'{"type":"match-changed","match_id":"m"}', alert):
        hub._store_message(store, "1-1", message)
    assert (len(reviewer._messages), len(other._messages)) == (3, 1)
    allowed.clear()
    hub._store_message(store, "1-2", b'{"type":"match-raised","match_id":"m"}')
    assert len(reviewer._messages) == 3, "rights are looked at for each message"


@pytest.mark.parametrize(
    ("last_id", "span", "expected"),
    [
        ("5-0", Span("3-0", "9-0", trimmed=True), None),
        ("2-9", Span("3-0", "9-0", trimmed=True), "3-0"),
        ("2-9", Span("3-0", "9-0", trimmed=False), None),
        ("10-0", Span("3-0", "9-0", trimmed=False), "9-0"),
        ("7-0", Span("0-0", "0-0", trimmed=False), "0-0"),
        ("9-0", Span("9-0", "9-0", trimmed=True), None),
    ],
)
def test_a_gap_is_told_exactly_when_something_may_be_missing(last_id: str, span: Span, expected: str | None) -> None:
    assert gap_after(last_id, span) == expected


@pytest.mark.parametrize("text", ["", "5", "a-b", "-", "5-0-0", "$", "+", "٣-0", f"{2**64}-0"])
def test_what_is_no_stream_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - int's own or ours
        id_order(text)


def test_wire_names_of_socket_messages() -> None:
    assert json.loads(to_text(Denied("resume", "no"))) == {"type": "denied", "for": "resume", "reason": "no"}
    gap = json.loads(to_text(Gap(CAMERA, "1-0", "2-0")))
    assert gap == {"type": "gap", "store_id": str(CAMERA), "from": "1-0", "to": "2-0"}
    raw = json.dumps({"type": "resume", "store_id": str(CAMERA), "last_id": "1-0", "later": 1})
    assert decode_client_message(raw) == Resume(CAMERA, "1-0")
    for bad in ("", "[]", "{}", '{"type":"alert-raised"}', '{"type":"join-store"}', '{"type":"join-store","store_id":"x"}'):
        with pytest.raises(msgspec.DecodeError):
            decode_client_message(bad)


@pytest.mark.parametrize("extension", [".jpg", ".png"])
def test_image_sizes_are_read_before_decoding(extension: str) -> None:
    raw = cv2.imencode(extension, np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    assert image_size(raw) == (64, 48)
    assert decode_image(raw).shape == (48, 64, 3)


def test_bombs_and_broken_images_are_refused() -> None:
    bomb = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 60_000, 60_000) + b"\0" * 20
    jpeg = cv2.imencode(".jpg", np.zeros((48, 64, 3), np.uint8))[1].tobytes()
    for raw in (
        bomb,
        b"",
        b"GIF89a",
        b"\xff\xd8\xff",
        jpeg[:60],
        bomb[:20],
        b"\x89PNG\r\n\x1a\n" + bomb[8:16] + struct.pack(">II", 64, 64),
    ):
        with pytest.raises(BadInputError):
            decode_image(raw)


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        (None, "shop.example", True),  # a program
        ("https://shop.example", "shop.example", True),
        ("https://Shop.example", "shop.example:443", True),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("https://public.example", "10.0.0.7:8000", True),  # a proxy that does not pass the host on
        ("http://pages.example", "10.0.0.7:8000", True),
        ("https://pages.example", "10.0.0.7:8000", False),
        ("https://shop.example:8443", "shop.example", False),
        ("http://shop.example:443", "shop.example", False),
        ("https://evil.example", "shop.example", False),
        ("https://shop.example.evil.example", "shop.example", False),
        ("null", "", False),
        ("", "", False),
        ("https://[", "shop.example", False),
    ],
)
def test_a_socket_is_opened_by_our_pages_and_by_programs(origin: str | None, host: str, own: bool) -> None:
    state = SimpleNamespace(origins=origins_of("http://PAGES.example:80/", "https://public.example:443/x", ""))
    headers = {"host": host} | ({} if origin is None else {"origin": origin})
    socket: Any = SimpleNamespace(headers=headers, app=SimpleNamespace(state=state))
    if own:
        demand_own_origin(socket)
        return
    with pytest.raises(ForbiddenError, match="another site"):
        demand_own_origin(socket)
