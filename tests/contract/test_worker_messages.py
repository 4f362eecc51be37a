"""Golden bytes of every message version: what an old worker sent must be read by a new pipeline, forever."""

import json
import struct
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from app.contracts import control, models
from app.contracts.biometrics import GaitEmbedding, ProbeEmbedding, decode_probe
from app.contracts.live import WatchedPicture
from app.contracts.tracked import (
    CameraHealth,
    CameraState,
    TrackedFrame,
    TrackletClosed,
    decode_frame,
    decode_health,
    decode_tracklet,
)  # fmt: skip
from app.contracts.wire import WireError, decoder, encode
from tests.builders import CAMERA, START_US, make_gait, make_health, make_probe, make_tracked_frame, make_tracklet

HERE = Path(__file__).resolve().parent
SCHEMA = HERE.parents[1] / "docs" / "contracts.schema.json"
GOLDEN = HERE / "golden"
MESSAGES: dict[str, tuple[msgspec.Struct, Callable[[bytes], msgspec.Struct]]] = {
    "tracked_frame_v1": (make_tracked_frame([(1, 0.25, 0.5), (2**64 - 1, 0.75, 0.5)], 1.5, sequence=7, ankles=0.5), decode_frame),
    "tracklet_closed_v1": (make_tracklet(2**64 - 1, 2.0), decode_tracklet),
    "camera_health_v2": (make_health(CameraState.LIVE, 3.0, view="moved", clock_off_s=-7.25), decode_health),
    "probe_embedding_v2": (make_probe(4.0, picture=b"\xff\xd8\xff\xd9", attack=0.25), decode_probe),
    "gait_embedding_v2": (make_gait(4.0, way=struct.pack("<6f", 0, 0.25, 0.5, 0.5, 0.375, 0.5)), decode_probe),
    "gait_without_result_v2": (make_gait(4.0, reason="too few frames"), decode_probe),
    "watched_picture_v1": (WatchedPicture(CAMERA, START_US, b"\xff\xd8\xff\xd9"), decoder(WatchedPicture)),
}
OLDER: dict[str, tuple[msgspec.Struct, Callable[[bytes], msgspec.Struct]]] = {
    "camera_health_v1": (make_health(CameraState.REFUSED, 3.0, reason="The camera refused the password."), decode_health),
    "gait_embedding_v1": (make_gait(4.0), decode_probe),
    "gait_without_result_v1": (make_gait(4.0, reason="too few frames"), decode_probe),
    "probe_embedding_v1": (make_probe(4.0), decode_probe),
}
"""Bytes that an older worker sends and this version writes no more: fields were added at their end."""
SCHEMAS = (
    TrackedFrame,
    TrackletClosed,
    CameraHealth,
    ProbeEmbedding,
    GaitEmbedding,
    WatchedPicture,
    control.Heartbeat,
    control.DesiredState,
    models.ModelReport,
)


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_keeps_its_bytes(name: str) -> None:
    message, decode = MESSAGES[name]
    golden = bytes.fromhex((GOLDEN / f"{name}.hex").read_text())
    assert encode(message) == golden
    assert decode(golden) == message


@pytest.mark.parametrize("name", OLDER)
def test_an_older_workers_message_is_read_with_defaults(name: str) -> None:
    message, decode = OLDER[name]
    golden = bytes.fromhex((GOLDEN / f"{name}.hex").read_text())
    assert decode(golden) == message
    assert len(msgspec.msgpack.decode(golden)) < len(msgspec.msgpack.decode(encode(message)))


@pytest.mark.parametrize("name", MESSAGES)
def test_a_field_added_at_the_end_by_a_newer_worker_is_passed_over(name: str) -> None:
    message, decode = MESSAGES[name]
    longer = [*msgspec.msgpack.decode(encode(message)), "new"]
    assert decode(msgspec.msgpack.encode(longer)) == message


@pytest.mark.parametrize("name", MESSAGES)
@pytest.mark.parametrize("raw", [b"", b"\xc0", b"\x93\x01\x02\x03", b"\xff"])
def test_other_bytes_are_refused(name: str, raw: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        MESSAGES[name][1](raw)


def test_arrays_that_do_not_fit_are_refused() -> None:
    frame = make_tracked_frame([(1, 0.5, 0.5)])
    assert frame.keypoint_array().shape == (1, 17, 3)
    with pytest.raises(WireError):
        msgspec.structs.replace(frame, boxes=b"123").box_array()


def json_schema() -> str:
    """docs/contracts.schema.json."""
    _, components = msgspec.json.schema_components(SCHEMAS)
    return json.dumps({"$defs": components}, indent=2, sort_keys=True) + "\n"


def test_the_json_schema_is_the_exported_one() -> None:
    assert (SCHEMA).read_text() == json_schema(), "run `python -m tests.contract.test_worker_messages`"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file_name, (given, _) in MESSAGES.items():
        if not (GOLDEN / f"{file_name}.hex").exists():  # golden bytes are never rewritten
            (GOLDEN / f"{file_name}.hex").write_text(encode(given).hex() + "\n")
    (SCHEMA).write_text(json_schema())
