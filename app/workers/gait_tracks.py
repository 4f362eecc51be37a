"""Keypoints of the tracks under way, held for some seconds: which of them are due for the gait model. Pure.

Nothing is held for longer than `WINDOW_US` after its frame or `IDLE_S` after its track was last seen; all of it is overwritten
when it goes.
"""

import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from app.contracts.tracked import TrackedFrame
from app.inference.gait.client import PoseSequence
from app.inference.gait.quality import FEWEST_FRAMES
from app.inference.gait.sequence import RATE_HZ, SLOTS
from app.inference.gait.way import way_of

WINDOW_US: Final = round(SLOTS / RATE_HZ * 1e6)
"""What the network sees at once."""
ENOUGH_US: Final = 4_000_000
"""From here on more seconds add nothing to a sequence's quality."""
AGAIN_US: Final = WINDOW_US
"""Two looks at one track share no frame."""
MOST_LOOKS: Final = 3
IDLE_S: Final = 2.5
"""A track that nothing was said of for so long has ended: a longer gap would make its sequence unfit."""
LEAST_APART_US: Final = 28_000
"""The network was trained on up to 30 frames a second; frames nearer together than this are passed over."""
MOST_TRACKS: Final = 1_000

Track = tuple[uuid.UUID, int, int]
"""Camera, epoch, track id."""


@dataclass(slots=True)
class Held:
    """One track: keypoints by capture time, under which policy, in pictures of which size, and how often it was looked at."""

    revision: int
    heard_s: float
    size: tuple[int, int]
    frames: deque[tuple[int, npt.NDArray[np.float32]]] = field(default_factory=deque, repr=False)
    looks: int = 0
    looked_us: int = 0

    def see(self, at_us: int, keypoints: npt.NDArray[np.float32]) -> None:
        """One more frame; older ones than the window go."""
        if self.frames and at_us - self.frames[-1][0] < LEAST_APART_US:
            return
        self.frames.append((at_us, np.array(keypoints, np.float32)))
        while at_us - self.frames[0][0] > WINDOW_US:
            self.frames.popleft()[1].fill(0)

    def is_due(self) -> bool:
        """Whether it is worth a look while it goes on."""
        if len(self.frames) < FEWEST_FRAMES or self.looks >= MOST_LOOKS:
            return False
        first, last = self.frames[0][0], self.frames[-1][0]
        return last - first >= ENOUGH_US and (not self.looks or last - self.looked_us >= AGAIN_US)

    def wipe(self) -> None:
        """Overwrite."""
        for _, keypoints in self.frames:
            keypoints.fill(0)
        self.frames.clear()


@dataclass(frozen=True, slots=True)
class Due:
    """A sequence for the model, and the way it went (`inference.gait.way`); `wipe` it after use."""

    track: Track
    revision: int
    captured_at_us: int
    sequence: PoseSequence = field(repr=False)
    ended: bool
    way: npt.NDArray[np.float32] = field(repr=False)

    def wipe(self) -> None:
        """Overwrite."""
        self.sequence.keypoints.fill(0)


class GaitTracks:
    """The tracks of one worker."""

    def __init__(self) -> None:
        self._held: OrderedDict[Track, Held] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def see(self, frame: TrackedFrame, now_s: float) -> int:
        """Take a frame's keypoints up; how many tracks went for want of room."""
        gone = 0
        for track_id, keypoints in zip(frame.track_ids, frame.keypoint_array(), strict=True):
            track = (frame.camera_id, frame.epoch, track_id)
            held = self._held.get(track)
            if held is not None and held.revision != frame.policy_revision:
                held.wipe()  # what was seen under another policy is not used under this one
                held = None
            if held is None:
                held = self._held[track] = Held(frame.policy_revision, now_s, (frame.width, frame.height))
            held.heard_s = now_s
            held.see(frame.captured_at_us, keypoints)
            self._held.move_to_end(track)
            while len(self._held) > MOST_TRACKS:
                self._held.popitem(last=False)[1].wipe()
                gone += 1
        return gone

    def due(self, now_s: float, most: int) -> list[Due]:
        """At most so many that are to be looked at: those that ended without a result, then those that go on. What ended goes."""
        ended = [track for track, held in self._held.items() if now_s - held.heard_s > IDLE_S][:most]
        found = []
        for track in ended:
            held = self._held.pop(track)
            if held.frames and not held.looks:
                found.append(_due(track, held, ended=True))
            held.wipe()
        for track, held in self._held.items():
            if len(found) >= most:
                break
            if held.is_due():
                held.looks, held.looked_us = held.looks + 1, held.frames[-1][0]
                found.append(_due(track, held, ended=False))
        return found

    def keep(self, permitted: Callable[[uuid.UUID, int], bool]) -> None:
        """Let go of tracks whose camera or policy revision is not permitted (any more)."""
        for track in [track for track, held in self._held.items() if not permitted(track[0], held.revision)]:
            self._held.pop(track).wipe()

    def forget(self) -> None:
        """Let go of everything."""
        self.keep(lambda _camera, _revision: False)


def _due(track: Track, held: Held, *, ended: bool) -> Due:
    times = np.array([at for at, _ in held.frames], np.int64)
    sequence = PoseSequence(np.stack([keypoints for _, keypoints in held.frames]), (times - times[0]) / 1e6)
    way = way_of(sequence.keypoints, sequence.times_s, *held.size)
    return Due(track, held.revision, int(times[-1]), sequence, ended, way)
