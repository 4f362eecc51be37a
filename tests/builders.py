"""Short builders of the messages that tests send."""

import struct
import uuid
from collections.abc import Sequence

from app.contracts.biometrics import GaitEmbedding, ProbeEmbedding
from app.contracts.tracked import CameraHealth, CameraState, TrackedFrame, TrackletClosed

CAMERA = uuid.UUID("019aa000-0000-7000-8000-000000000007")
START_US = 1_767_225_600_000_000
"""2026-01-01 00:00 UTC."""
WIDTH, HEIGHT = 1280, 720
BODY = 0.4
"""A person's height as a share of the picture's."""

Someone = tuple[int, float, float]
"""(track id, foot x, foot y), shares of the picture."""


def make_keypoints(x: float, y: float, body: float, *, ankles: float = 0.0) -> bytes:
    """17 keypoints of a person whose foot point is (x, y) pixels; only the ankles' score may be positive."""
    points = [(x, y - body * 0.5, 0.0)] * 15 + [(x - 5, y, ankles), (x + 5, y, ankles)]
    return struct.pack("<51f", *(value for point in points for value in point))


def make_tracked_frame(
    people: Sequence[Someone] = (),
    at_s: float = 0.0,
    *,
    camera: uuid.UUID = CAMERA,
    epoch: int = 1,
    sequence: int = 0,
    body: float = BODY,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    score: float = 0.9,
    ankles: float = 0.0,
    start_us: int = START_US,
) -> TrackedFrame:
    """A frame at START + `at_s` with people whose boxes are `body` high and a third as wide."""
    width, height = size
    tall = body * height
    boxes, keypoints = b"", b""
    for _, x, y in people:
        px, py = x * width, y * height
        boxes += struct.pack("<4f", px - tall / 6, py - tall, px + tall / 6, py)
        keypoints += make_keypoints(px, py, tall, ankles=ankles)
    at_us = start_us + round(at_s * 1_000_000)
    return TrackedFrame(
        camera, epoch, sequence, at_us, at_us + 20_000, width, height, 1, [track for track, _, _ in people], boxes,
        struct.pack(f"<{len(people)}f", *[score] * len(people)), keypoints,
    )  # fmt: skip


def make_health(
    state: CameraState = CameraState.LIVE,
    at_s: float = 0.0,
    *,
    camera: uuid.UUID = CAMERA,
    epoch: int = 1,
    reason: str = "",
    start_us: int = START_US,
    view: str = "",
    clock_off_s: float | None = None,
) -> CameraHealth:
    """A camera's health at START + `at_s`."""
    at_us = start_us + round(at_s * 1_000_000)
    return CameraHealth(camera, epoch, at_us, state, reason, WIDTH, HEIGHT, "h264", 15.0, 5.0, 0, at_us, 0, view, clock_off_s)


def make_tracklet(
    track_id: int = 1, at_s: float = 0.0, *, camera: uuid.UUID = CAMERA, epoch: int = 1, start_us: int = START_US
) -> TrackletClosed:
    """A tracklet of three seconds."""
    began = start_us + round(at_s * 1_000_000)
    boxes = b"".join(struct.pack("<5f", second, 10, 20, 110, 320) for second in range(3))
    return TrackletClosed(camera, epoch, track_id, began, began + 3_000_000, 15, 0.8, WIDTH, HEIGHT, boxes)


def make_gait(at_s: float = 0.0, *, reason: str = "", way: bytes = b"") -> GaitEmbedding:
    """What a worker says of a walk; an embedding of four numbers, or the reason why there is none."""
    vector = b"" if reason else struct.pack("<4f", 0.5, -0.5, 0.5, 0.5)
    quality = {} if reason else {"overall": 0.75, "frames": 60, "facing": "side", "walking": True}
    features = {} if reason else {"cadence_steps_per_min": 112.5, "stride_length_m": None, "walking": True}
    at_us = START_US + round(at_s * 1_000_000)
    return GaitEmbedding(CAMERA, CAMERA, 1, 2**64 - 1, at_us, 3, "gait_embedding", "1", vector, quality, features, reason, way)


def make_probe(at_s: float = 0.0, *, revision: int = 3, picture: bytes = b"", attack: float = 0.0) -> ProbeEmbedding:
    """A face's embedding of four numbers."""
    at_us = START_US + round(at_s * 1_000_000)
    quality, vector = struct.pack("<5f", 1, 0.5, 0.75, 0.25, 1), struct.pack("<4f", 0.5, -0.5, 0.5, 0.5)
    return ProbeEmbedding(
        CAMERA, CAMERA, 1, 2**64 - 1, at_us, revision, "face_embedding", "1", 48.0, quality, vector, picture, attack
    )
