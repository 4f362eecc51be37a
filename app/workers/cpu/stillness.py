"""Whether a frame may go unanalysed because nothing changed since the last analysed one: pure.

Compared are small grey pictures: means over blocks of about 10 x 10 pixels at 720p, which averages sensor noise away. The
comparison is with the last *analysed* frame, so slow movement adds up instead of hiding, and it is bounded: a frame at
least every `EMPTY_GAP_US` goes to the model whatever the picture says, and three times as often while people are there.
A frame that is passed over moves nothing downstream: no boxes are made up for it, it takes no sequence number, and the
tracker, which counts by time, sees a longer step.
"""

import enum
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from av import VideoFrame

Grey = npt.NDArray[np.int16]
"""(h, w) block means of one frame, 0-255."""

EMPTY_GAP_US: Final = 2_000_000
"""The longest rest where nobody is. Below the 3 s after which the dashboard marks a picture as stale."""

PEOPLE_GAP_US: Final = 600_000
"""The longest rest while people stand still, or somebody watches. Below the 1 s up to which a pause between two sightings
counts as observed time whatever came between (`behaviour.people`), and below the 2 s after which a track ends."""

BLOCKS: Final = 128
"""Blocks along the long side: a person 40 pixels tall in a 720p picture still fills several."""

LEAST_STEP: Final = 6.0
"""Grey levels by which a block must differ. The quantiser of H.264 at camera bit rates moves still blocks by 1-3."""

NOISE_STEPS: Final = 6.0
"""A noisy picture (night, gain up) needs more: this many times the spread that its blocks show."""

MOST_SPREAD: Final = 4.0
"""Where even the middle block differs by more than this the picture as a whole changed: the camera moved."""

MOST_SHIFT: Final = 10.0
"""Grey levels by which all blocks together may drift: dusk within two seconds, an exposure step. More is a lamp."""

CHANGED_BLOCKS: Final = 2

_LUMA_FIRST: Final = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"))


class Scene(enum.Enum):
    """What the last analysis says about people."""

    EMPTY = "empty"  # nobody was found and no track is open
    CALM = "calm"  # each open track was seen, each detection belongs to one
    UNSETTLED = "unsettled"  # somebody is missing or not yet known: look at every frame


def scene_of(found: int, tracked: int, open_tracks: int) -> Scene:
    """The scene after a frame with this many detections, of which so many belong to tracks, out of so many open ones."""
    if not found and not open_tracks:
        return Scene.EMPTY
    return Scene.CALM if found == tracked == open_tracks else Scene.UNSETTLED


def grey_of(picture: VideoFrame) -> Grey | None:
    """Block means of a decoded frame (about 0.2 ms for 720p); None for pixel formats without an 8-bit luma plane."""
    if picture.format.name not in _LUMA_FIRST:
        return None
    plane: Any = picture.planes[0]  # has the buffer protocol, which its types do not say
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: picture.height, : picture.width]
    block = max(1, round(max(picture.width, picture.height) / BLOCKS))
    columns, rows = max(1, picture.width // block), max(1, picture.height // block)
    whole = luma[: rows * block, : columns * block]  # whole blocks only: other ratios take OpenCV twenty times as long
    return cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.int16)


def differs(before: Grey, after: Grey) -> bool:
    """Whether something happened between two pictures: more than noise, compression or slow light explains."""
    if before.shape != after.shape:
        return True
    difference = (after - before).astype(np.float32)
    shift = float(np.median(difference))
    size = np.abs(difference - shift)
    spread = 1.4826 * float(np.median(size))  # of a normal distribution, from its median absolute deviation
    if abs(shift) > MOST_SHIFT or spread > MOST_SPREAD:
        return True
    return int(np.count_nonzero(size > max(LEAST_STEP, NOISE_STEPS * spread))) >= CHANGED_BLOCKS


@dataclass(frozen=True, slots=True)
class Looked:
    """The last analysed frame.

    Attributes:
        grey: its block means; None where there are none, then nothing is passed over.
        at_us: when it was captured.
        scene: what its analysis found.
    """

    grey: Grey | None
    at_us: int
    scene: Scene


def may_rest(last: Looked, grey: Grey | None, at_us: int, period_us: float, *, watched: bool) -> bool:
    """Whether the frame captured at `at_us` may go unanalysed.

    It may where nothing differs from the last analysed one and the *next* frame, `period_us` later, still comes in
    time: the promise is about the gap between analysed frames.
    """
    if last.scene is Scene.UNSETTLED or last.grey is None or grey is None:
        return False
    longest = PEOPLE_GAP_US if last.scene is Scene.CALM or watched else EMPTY_GAP_US
    since = at_us - last.at_us
    if since < 0 or since + period_us > longest:
        return False
    return not differs(last.grey, grey)
