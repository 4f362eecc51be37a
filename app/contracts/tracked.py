"""What a worker says about a camera: tracked frames, closed tracklets, health."""

import enum
import uuid
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from app.contracts.wire import as_floats, decoder

KEEP_FRAMES_MS: Final = 60_000
"""Tracked frames hold keypoints: nothing older than a minute stays, not even in memory."""
TRACKLETS_KEPT: Final = 200_000
HEALTH_KEPT: Final = 2_000
"""Entries of a shard's streams on the bus."""


class TrackedFrame(msgspec.Struct, frozen=True, array_like=True, tag=1):
    """One analysed frame. Stream `frames:{shard}` on the memory Redis (kept 60 s), and pub/sub `camera:{id}`.

    Fields are positional on the wire: add at the end only. Pixels are of the frame as captured.

    Attributes:
        camera_id, epoch: the worker raises the epoch at every (re)connection; track ids restart with it.
        sequence: rises by one for each frame of an epoch; (camera_id, epoch, sequence) identifies a frame.
        captured_at_us: microseconds since 1970 UTC: RTCP sender report where there is one, else arrival of the packet.
        received_at_us: when the frame was handed over by the decoder.
        width, height: of the frame, pixels.
        policy_revision: site-policy revision the worker obeyed.
        track_ids: n uint64.
        boxes, scores, keypoints: float32 bytes of (n, 4), (n,), (n, 17, 3).
    """

    camera_id: uuid.UUID
    epoch: int
    sequence: int
    captured_at_us: int
    received_at_us: int
    width: int
    height: int
    policy_revision: int
    track_ids: list[int]
    boxes: bytes
    scores: bytes
    keypoints: bytes
    trace_parent: str = ""

    def box_array(self) -> npt.NDArray[np.float32]:
        """(n, 4) x1 y1 x2 y2."""
        return as_floats(self.boxes, len(self.track_ids), 4)

    def score_array(self) -> npt.NDArray[np.float32]:
        """(n,) in [0, 1]."""
        return as_floats(self.scores, len(self.track_ids))

    def keypoint_array(self) -> npt.NDArray[np.float32]:
        """(n, 17, 3) x y score."""
        return as_floats(self.keypoints, len(self.track_ids), 17, 3)


class TrackletClosed(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """A track that ended. Stream `tracklets:{shard}` on the bus. Holds boxes at 1 Hz, never keypoints.

    Attributes:
        boxes: float32 bytes of (m, 5): seconds since started_at, x1, y1, x2, y2 in pixels of (width, height).
    """

    camera_id: uuid.UUID
    epoch: int
    track_id: int
    started_at_us: int
    ended_at_us: int
    frames: int
    mean_score: float
    width: int
    height: int
    boxes: bytes


class CameraState(enum.StrEnum):
    """What a camera's stream is doing."""

    CONNECTING = "connecting"
    LIVE = "live"
    FROZEN = "frozen"
    RECONNECTING = "reconnecting"
    REFUSED = "refused"  # the camera answered, and said no: 401, unknown codec, no video
    STOPPED = "stopped"


SIMULATED_CODEC = "simulated"
"""What a simulated camera's health names as its codec: drawn figures that no camera sees."""


class CameraHealth(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """State of one camera, at each change and every 2 s. Stream `health:{shard}` on the bus.

    Attributes:
        reason: one sentence for a person when the state is not LIVE, without credentials.
        fps_in, fps_analysed: frames a second decoded and analysed over the last few seconds.
        dropped: frames dropped by overload since the epoch began (the oldest waiting goes first).
        view: what is wrong with what it sees: "blind" (no structure at all), "moved" (looks elsewhere than it did), else "".
        clock_off_s: how far the camera's clock is ahead of the worker's, seconds; None while the camera tells no time.
    """

    camera_id: uuid.UUID
    epoch: int
    at_us: int
    state: CameraState
    reason: str
    width: int
    height: int
    codec: str
    fps_in: float
    fps_analysed: float
    dropped: int
    last_frame_at_us: int
    reconnects: int
    view: str = ""
    clock_off_s: float | None = None


WorkerMessage = TrackedFrame | TrackletClosed | CameraHealth

decode_frame = decoder(TrackedFrame)
decode_tracklet = decoder(TrackletClosed)
decode_health = decoder(CameraHealth)


def frames_stream(shard: int) -> str:
    """Memory Redis stream of TrackedFrame."""
    return f"frames:{shard:02d}"


def tracklets_stream(shard: int) -> str:
    """Bus stream of TrackletClosed."""
    return f"tracklets:{shard:02d}"


def health_stream(shard: int) -> str:
    """Bus stream of CameraHealth."""
    return f"health:{shard:02d}"
