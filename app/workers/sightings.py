"""Who was where in the analysed frames: boxes only, for the recordings of a camera."""

from dataclasses import dataclass
from typing import Final

from app.contracts.tracked import TrackedFrame

Box = tuple[str, float, float, float, float]
"""Track id and x1, y1, x2, y2 in 0..1 of the picture."""


MOST_SIGHTINGS: Final = 4096
"""Frames whose boxes are remembered for clips: ten minutes and more at 5 a second."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who was where in one analysed frame; boxes in 0..1, no keypoints."""

    at_us: int
    boxes: tuple[Box, ...]


def sighting_of(frame: TrackedFrame) -> Sighting:
    """The boxes of a tracked frame, without anything else of it."""
    scale = (frame.width, frame.height, frame.width, frame.height)
    rows = (frame.box_array() / scale).round(4).tolist()
    return Sighting(frame.captured_at_us, tuple((str(who), *row) for who, row in zip(frame.track_ids, rows, strict=True)))
