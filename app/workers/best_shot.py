"""Which heads are worth a face model's time: large enough, turned to the camera, better than what was seen. Pure."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

LEAST_KEYPOINT: Final = 0.5
LEAST_EYES_PX: Final = 10.0
"""Pixels between the eyes; a face is then about 25 wide, below which embeddings say little."""

MOST_TURNED: Final = 0.35
"""How far the nose may lie from the middle between the eyes, as a share of their distance."""

CROP_EYES: Final = 5.0
"""Side of the square that is cut out, in distances between the eyes."""

MOST_SHOTS: Final = 4
MOST_TRIES: Final = 12
APART_US: Final = 400_000
BETTER: Final = 1.1
TRACKS_KEPT: Final = 2_000

Track = tuple[Any, int, int]
"""Camera, epoch, track id."""

Float32 = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Head:
    """Where to cut, and how promising it looks.

    Attributes:
        box: x1, y1, x2, y2, whole pixels, inside the frame.
        merit: rises with size, certainty and frontality.
    """

    box: tuple[int, int, int, int]
    merit: float


def head_of(keypoints: Float32, width: int, height: int) -> Head | None:
    """The head of a person (17, 3; COCO order) who looks towards the camera; None when too small or turned away."""
    nose, left_eye, right_eye = keypoints[0], keypoints[1], keypoints[2]
    certain = float(min(nose[2], left_eye[2], right_eye[2]))
    if not certain >= LEAST_KEYPOINT:
        return None
    # A person's left eye is at the right of the picture unless we see the back of the head.
    across = (left_eye - right_eye)[:2].astype(float)
    distance = float(np.hypot(*across))
    if across[0] <= 0 or distance < LEAST_EYES_PX:
        return None
    turned = abs(float((nose - right_eye)[:2] @ across) / distance**2 - 0.5)
    if turned > MOST_TURNED:
        return None
    box = head_box(right_eye[:2], left_eye[:2], width, height)
    return None if box is None else Head(box, distance * certain * (1 - turned))


def head_box(right_eye: Float32, left_eye: Float32, width: int, height: int) -> tuple[int, int, int, int] | None:
    """The square around a head whose eyes (x, y; pixels of the frame) are there; None where too little is inside the frame.

    A person's left eye is the one at the right of the picture.
    """
    across = (left_eye - right_eye).astype(float)
    middle = (left_eye + right_eye) / 2 + np.array([-across[1], across[0]]) * 0.4
    half = CROP_EYES * float(np.hypot(*across)) / 2
    left, top = int(max(0, middle[0] - half)), int(max(0, middle[1] - half))
    right, bottom = int(min(width, middle[0] + half)), int(min(height, middle[1] + half))
    return None if min(right - left, bottom - top) < 16 else (left, top, right, bottom)


@dataclass(slots=True)
class _Seen:
    tries: int = 0
    shots: int = 0
    merit: float = 0.0
    at_us: int = -APART_US


class Shots:
    """What was tried of each track: a few shots, each clearly better than the last, some time apart."""

    def __init__(self) -> None:
        self._seen: OrderedDict[Track, _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def take(self, track: Track, merit: float, at_us: int) -> bool:
        """Whether this head should be tried; if so it counts as tried."""
        seen = self._seen.setdefault(track, _Seen())
        self._seen.move_to_end(track)
        if len(self._seen) > TRACKS_KEPT:
            self._seen.popitem(last=False)
        if seen.tries >= MOST_TRIES or seen.shots >= MOST_SHOTS or at_us - seen.at_us < APART_US:
            return False
        if merit < seen.merit * BETTER:
            return False
        seen.tries, seen.at_us = seen.tries + 1, at_us
        return True

    def taken(self, track: Track, merit: float) -> None:
        """A shot of this track gave a usable embedding."""
        seen = self._seen.get(track)
        if seen is not None:
            seen.shots, seen.merit = seen.shots + 1, max(merit, seen.merit)

    def forget(self) -> None:
        """Let go of everything: the switch is off."""
        self._seen.clear()
