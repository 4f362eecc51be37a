"""What goes over `/ws`: JSON text frames with a `type`. Store messages come ready-made from the stores' streams."""

import uuid

import msgspec

from app.kit.decoding import one_error

Point3 = tuple[float, float, float]
Box = tuple[float, float, float, float]


class JoinStore(msgspec.Struct, frozen=True, tag_field="type", tag="join-store"):
    """Send me this store's messages from now on."""

    store_id: uuid.UUID


class LeaveStore(msgspec.Struct, frozen=True, tag_field="type", tag="leave-store"):
    """No more of them; without a store: of none."""

    store_id: uuid.UUID | None = None


class SubscribeCamera(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe-camera"):
    """Send me this camera's analysis results."""

    camera_id: uuid.UUID


class UnsubscribeCamera(msgspec.Struct, frozen=True, tag_field="type", tag="unsubscribe-camera"):
    """No more of them; without a camera: of none."""

    camera_id: uuid.UUID | None = None


class Resume(msgspec.Struct, frozen=True, tag_field="type", tag="resume"):
    """Join, beginning with the messages after `last_id`."""

    store_id: uuid.UUID
    last_id: str


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    """Answer with pong."""


ClientMessage = JoinStore | LeaveStore | SubscribeCamera | UnsubscribeCamera | Resume | Ping


class FrameSize(msgspec.Struct, frozen=True):
    """Pixels of the frame that boxes and keypoints are in."""

    width: int
    height: int


class PersonSeen(msgspec.Struct, frozen=True):
    """One person of a frame: pixels of the frame; 17 keypoints x, y, score in COCO order; `track_id` as text (64 bits)."""

    track_id: str
    box: Box
    score: float
    keypoints: list[Point3]
    labels: list[str]


class AnalysisResult(msgspec.Struct, frozen=True, tag_field="type", tag="analysis-result"):
    """One analysed frame; `captured_at` is RFC 3339 UTC with microseconds, the text a picture's `X-Captured-At` carries."""

    camera_id: uuid.UUID
    captured_at: str
    frame: FrameSize
    persons: list[PersonSeen]


class Denied(msgspec.Struct, frozen=True, tag_field="type", tag="denied", omit_defaults=True, rename={"about": "for"}):
    """A message was not obeyed, or something is not sent any more. `about` (`for` on the wire) is that message's type."""

    about: str
    reason: str
    camera_id: uuid.UUID | None = None
    store_id: uuid.UUID | None = None


class Gap(msgspec.Struct, frozen=True, tag_field="type", tag="gap", rename={"after": "from"}):
    """Messages between these ids are gone: ask the REST API for the state."""

    store_id: uuid.UUID
    after: str
    to: str


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to ping."""


decode_client_message = one_error(msgspec.json.Decoder(ClientMessage).decode)
_encoder = msgspec.json.Encoder()


def to_text(message: AnalysisResult | Denied | Gap | Pong) -> str:
    """The text frame of a server message."""
    return _encoder.encode(message).decode()
