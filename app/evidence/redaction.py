"""Blurs everyone but the subjects of a recording. Pure decisions about who is where; pixels by OpenCV.

Boxes come from two sources: the tracks stored with the recording, and a second look at its pictures with the pose model.
A person whom either finds is blurred, unless it is a subject's track; where the two disagree, more is blurred, not less.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.evidence.models import Redaction

Pixels = npt.NDArray[np.uint8]
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 in 0..1 of the picture."""

PADDING: Final = 0.12
"""Of a box's own width and height, on each side: boxes of a moving person lag behind it."""
HOLD_MS: Final = 1200
"""Before a track is first seen and after it was last seen it is taken to be where it was."""
LONGEST_GAP_MS: Final = 2500
HEAD: Final = 0.32
"""Share of a standing person's box that the head may be in, with the padding."""
SAME: Final = 0.35
"""Overlap (intersection over union) from which a found person is taken for the subject's track."""
BLOCKS: Final = 7


@dataclass(frozen=True, slots=True)
class Track:
    """One track: its boxes by time."""

    track_id: int
    at_ms: tuple[int, ...]
    boxes: tuple[Box, ...]

    def at(self, moment_ms: float) -> Box | None:
        """Where it is, or may be; None where it is not there."""
        after = int(np.searchsorted(self.at_ms, moment_ms, side="right"))
        if after == 0:
            return self.boxes[0] if self.at_ms[0] - moment_ms <= HOLD_MS else None
        before_ms, before = self.at_ms[after - 1], self.boxes[after - 1]
        if after == len(self.at_ms) or self.at_ms[after] - before_ms > LONGEST_GAP_MS:
            if moment_ms - before_ms <= HOLD_MS:
                return before
            near = after < len(self.at_ms) and self.at_ms[after] - moment_ms <= HOLD_MS
            return self.boxes[after] if near else None
        share = (moment_ms - before_ms) / max(1, self.at_ms[after] - before_ms)
        return _between(before, self.boxes[after], share)


@dataclass(frozen=True, slots=True)
class Look:
    """Whom the pose model found in one picture."""

    at_ms: int
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """Who is where in a recording, and who is shown."""

    tracks: tuple[Track, ...]
    looks: tuple[Look, ...] = ()
    subjects: frozenset[int] = frozenset()
    mode: Redaction = Redaction.BODIES
    _times: tuple[int, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "_times", tuple(look.at_ms for look in self.looks))

    def subjects_at(self, moment_ms: float) -> list[Box]:
        """The subjects' boxes."""
        found = [track.at(moment_ms) for track in self.tracks if track.track_id in self.subjects]
        return [box for box in found if box is not None]

    def hidden_at(self, moment_ms: float) -> list[Box]:
        """What to blur, in 0..1; of the mode `everyone` what is *not* in `subjects_at` is blurred instead."""
        shown = self.subjects_at(moment_ms)
        tracked = [track.at(moment_ms) for track in self.tracks if track.track_id not in self.subjects]
        others = [box for box in tracked if box is not None]
        others += [box for box in self._found_near(moment_ms) if all(overlap(box, subject) < SAME for subject in shown)]
        return [_padded(_head(box) if self.mode is Redaction.FACES else box) for box in others]

    def _found_near(self, moment_ms: float) -> list[Box]:
        """What the looks before and after found: between two looks a person is in either's place, or between."""
        after = int(np.searchsorted(self._times, moment_ms, side="right"))
        return [box for look in self.looks[max(0, after - 1) : after + 1] for box in look.boxes]


def tracks_of(frames: Iterable[dict[str, Any]]) -> tuple[Track, ...]:
    """The tracks of stored boxes (`{"at_ms", "persons"}`)."""
    times: dict[int, list[int]] = {}
    boxes: dict[int, list[Box]] = {}
    for frame in sorted(frames, key=lambda each: int(each["at_ms"])):
        for track_id, *box in frame["persons"]:
            times.setdefault(int(track_id), []).append(int(frame["at_ms"]))
            boxes.setdefault(int(track_id), []).append((box[0], box[1], box[2], box[3]))
    return tuple(Track(each, tuple(times[each]), tuple(boxes[each])) for each in sorted(times))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / max(1e-12, _area(one) + _area(other) - both)


def redact(pixels: Pixels, scene: Scene, moment_ms: float) -> None:
    """Blur (height, width, 3) BGR pixels in place."""
    if scene.mode is Redaction.NONE:
        return
    height, width = pixels.shape[:2]
    if scene.mode is Redaction.EVERYONE:
        kept = [(place, pixels[place].copy()) for place in (_place(box, width, height) for box in scene.subjects_at(moment_ms))]
        _blur(pixels, BLOCKS * 3)
        for place, part in kept:
            pixels[place] = part
        return
    for box in scene.hidden_at(moment_ms):
        part = pixels[_place(box, width, height)]
        if part.size:
            _blur(part, BLOCKS)


def stamp(pixels: Pixels, text: str) -> None:
    """Write the watermark along the bottom; what OpenCV's letters lack becomes a question mark."""
    height, width = pixels.shape[:2]
    plain = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    scale = max(0.35, width / 1800)
    where = (max(2, width // 100), height - max(4, height // 60))
    for colour, thickness in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(pixels, plain, where, cv2.FONT_HERSHEY_SIMPLEX, scale, colour, thickness, cv2.LINE_AA)


def _blur(part: Pixels, blocks: int) -> None:
    """Average away everything smaller than a `blocks`-th of the part, then smooth the steps; nothing of it can be undone."""
    height, width = part.shape[:2]
    longer = max(height, width)
    small = (max(1, round(width * blocks / longer)), max(1, round(height * blocks / longer)))
    coarse = cv2.resize(part, small, interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)


def _place(box: Box, width: int, height: int) -> tuple[slice, slice]:
    x1, x2 = (min(width, max(0, round(x * width))) for x in (box[0], box[2]))
    y1, y2 = (min(height, max(0, round(y * height))) for y in (box[1], box[3]))
    return slice(y1, y2), slice(x1, x2)


def _padded(box: Box) -> Box:
    dx, dy = (box[2] - box[0]) * PADDING, (box[3] - box[1]) * PADDING
    return box[0] - dx, box[1] - dy, box[2] + dx, box[3] + dy


def _head(box: Box) -> Box:
    """Where the head may be: the upper part of somebody who stands; all of somebody who lies, whose head may be at either end."""
    width, height = box[2] - box[0], box[3] - box[1]
    return box if width > height * 0.8 else (box[0], box[1], box[2], box[1] + height * HEAD)


def _between(one: Box, other: Box, share: float) -> Box:
    moved = [a + (b - a) * share for a, b in zip(one, other, strict=True)]
    return moved[0], moved[1], moved[2], moved[3]


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
