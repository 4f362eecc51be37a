"""From the streaming thread to the event loop: a bounded queue that drops its oldest and counts. Putting never waits."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections

BOUND: Final = 512


@dataclass(slots=True)
class FaceFound:
    """One face that the secondary inference found in a person's crop.

    Attributes:
        row: of the person in the frame's arrays.
        width_px: of the face, pixels of the frame.
        quality: (5,) in 0..1; `embedding`: (d,) of length 1.
        eyes: (2, 2) x, y in pixels of the frame, the one at the left of the picture first.
        chosen: whether it is one of the best few of its track, worth sending.
        head: a copy of the head's part of the picture (`heads.CopiedHead`), of chosen ones only.
    """

    row: int
    score: float
    width_px: float
    quality: npt.NDArray[np.float32]
    embedding: npt.NDArray[np.float32] = field(repr=False)
    eyes: npt.NDArray[np.float32]
    chosen: bool = False
    head: Any = field(default=None, repr=False)

    @property
    def merit(self) -> float:
        """Rises with size and quality."""
        return self.width_px * float(self.quality.min())


@dataclass(frozen=True, slots=True)
class FrameCopy:
    """What is known of one frame behind the tracker: plain values, nothing of the buffer.

    Attributes:
        connection: of its source when it was read.
        ntp_ns: the camera's clock by RTCP; 0 where unknown. `pts_ns`: presentation time, as the packet had it.
        received_us: when the frame was read, microseconds since 1970.
        found: tracked persons only; `track_ids` (n,) uint64 beside them.
        untracked: persons that the tracker has not taken yet; `everybody`: these too, as the model found them.
        answered_s: from the decoder to the pose model's answer.
        picture: a copy, of the few frames that are looked at elsewhere.
    """

    source_id: int
    connection: int
    ntp_ns: int
    received_us: int
    width: int
    height: int
    found: Detections
    track_ids: npt.NDArray[np.uint64]
    pts_ns: int = 0
    untracked: int = 0
    everybody: Detections | None = None
    answered_s: float = 0.0
    picture: Any = None
    waited_s: float = 0.0
    faces: tuple[FaceFound, ...] = field(default_factory=tuple)


class Bell:
    """Wakes an event loop from any thread, once for all that ring until it is awake.

    Attributes:
        heard: set in the loop; who waits for it clears it before it looks.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.heard = asyncio.Event()
        self._loop, self._rung = loop, False

    def ring(self) -> None:
        """From any thread; never waits."""
        if not self._rung and not self._loop.is_closed():
            self._rung = True
            self._loop.call_soon_threadsafe(self._hear)

    def _hear(self) -> None:
        self._rung = False
        self.heard.set()


class Handover:
    """Bounded, oldest goes first. One thread puts, another takes; `wake` is called after every put and must not wait."""

    def __init__(self, wake: Callable[[], None], bound: int = BOUND) -> None:
        self._waiting: deque[FrameCopy] = deque(maxlen=bound)
        self._wake, self._bound = wake, bound
        self.dropped = 0
        self.put_count = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, frame: FrameCopy) -> None:
        """Queue a frame; when full the oldest is dropped and counted."""
        if len(self._waiting) == self._bound:
            self.dropped += 1  # the taker may make room at this very moment: then one too many is counted, none too few
        self._waiting.append(frame)
        self.put_count += 1
        self._wake()

    def take(self) -> FrameCopy | None:
        """The oldest frame, or None."""
        try:
            return self._waiting.popleft()
        except IndexError:
            return None
