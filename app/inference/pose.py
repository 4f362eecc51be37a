"""Frame to network input and back: letterbox, decode by family, undo. Pure; no server in here."""

import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from app.inference.contract import PoseContract
from app.inference.families import FAMILIES, Selection
from app.inference.picture import Picture, UInt8
from app.kit.errors import BadInputError
from app.perception.detections import Detections, joined

_ONES: Final = np.ones(51, np.float32)


@dataclass(frozen=True, slots=True)
class Letterbox:
    """Where a frame lies in the network's input: scaled, centred, padded to the least rectangle of whole strides.

    Attributes:
        source_width, source_height: the frame, pixels.
        inner_width, inner_height: the scaled frame inside the input, pixels.
        width, height: the input, pixels.
    """

    source_width: int
    source_height: int
    inner_width: int
    inner_height: int
    width: int
    height: int

    @classmethod
    def fit(cls, width: int, height: int, long_side: int = 640, stride: int = 32) -> Self:
        """The letterbox of a frame of `width` x `height` whose long side becomes `long_side`."""
        if width < 1 or height < 1:
            raise BadInputError(f"A frame of {width} x {height} pixels cannot be analysed.")
        scale = long_side / max(width, height)
        inner = [min(long_side, max(1, round(side * scale))) for side in (width, height)]
        outer = [-(-side // stride) * stride for side in inner]
        return cls(width, height, inner[0], inner[1], outer[0], outer[1])

    @classmethod
    @functools.lru_cache(maxsize=256)
    def inside(cls, width: int, height: int, network_width: int, network_height: int) -> Self:
        """The letterbox in an input of fixed size, as nvinferserver draws it with both aspect and padding kept symmetric.

        It cuts the scaled sides down to even pixels (`resizeBatch` of its preprocessor), so the scale differs by axis.
        """
        if min(width, height, network_width, network_height) < 1:
            raise BadInputError(f"A frame of {width} x {height} pixels cannot be analysed.")
        inner_width, inner_height = network_width, network_height
        tall = network_width * height / width
        if tall <= network_height:
            inner_height = int(tall)
        else:
            inner_width = int(network_height * width / height)
        even = [max(2, side // 2 * 2) for side in (inner_width, inner_height)]
        return cls(width, height, even[0], even[1], network_width, network_height)

    @property
    def left(self) -> int:
        """Pixels of padding on the left."""
        return (self.width - self.inner_width) // 2

    @property
    def top(self) -> int:
        """Pixels of padding above."""
        return (self.height - self.inner_height) // 2

    def inner(self, target: UInt8) -> UInt8:
        """The part of an input (height, width, 3) that the frame fills."""
        return target[self.top : self.top + self.inner_height, self.left : self.left + self.inner_width]

    def paint(self, picture: Picture, target: UInt8, pad: int, *, padded: bool = False) -> None:
        """Draw a picture and its padding into `target`; `padded` says that the padding is there already."""
        if not padded and (self.inner_width, self.inner_height) != (self.width, self.height):
            target[:] = pad
        picture.draw(self.inner(target))

    def to_source(self, found: Detections) -> Detections:
        """Persons in pixels of the input to pixels of the frame; boxes are cut at its edges, keypoints are not."""
        step, start, edge = _mapping(self)
        boxes = np.minimum(np.maximum((found.boxes - start[:4]) * step[:4], 0), edge)
        # A keypoint's score is moved by nothing and scaled by one.
        return Detections(boxes, found.scores, (found.keypoints - start[4:]) * step[4:])

    def to_input(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Points (..., 2) in pixels of the frame to pixels of the input."""
        scale = np.array([self.inner_width / self.source_width, self.inner_height / self.source_height], np.float32)
        return points * scale + np.array([self.left, self.top], np.float32)


@functools.lru_cache(maxsize=256)
def _mapping(box: Letterbox) -> tuple[npt.NDArray[np.float32], ...]:
    """Scale and offset of x1 y1 x2 y2 and of x y score, and the edge of the frame."""
    sx, sy = box.source_width / box.inner_width, box.source_height / box.inner_height
    step = np.array([sx, sy, sx, sy, sx, sy, 1], np.float32)
    start = np.array([box.left, box.top, box.left, box.top, box.left, box.top, 0], np.float32)
    return step, start, np.array([box.source_width, box.source_height] * 2, np.float32)


def decode(contract: PoseContract, outputs: Sequence[npt.NDArray[Any]], box: Letterbox, selection: Selection) -> Detections:
    """Persons of one frame in its own pixels, best score first. `outputs` are one frame's, without batch dimension.

    A candidate that is no number, or whose box has no area inside the frame, is no person.
    """
    return decode_all(contract, [outputs], [box], selection)[0]


def decode_all(
    contract: PoseContract, frames: Sequence[Sequence[npt.NDArray[Any]]], boxes: Sequence[Letterbox], selection: Selection
) -> list[Detections]:
    """`decode` of several frames, each with its letterbox, to the very same persons: one cost of calls for all of them."""
    with np.errstate(invalid="ignore", over="ignore"):  # a broken model may answer infinities
        found, counts = FAMILIES[contract.family].decode_all(frames, selection)
        moved = _to_sources(found, boxes, counts)
        fine = _sound(moved)
    if len(counts) == 1:
        return [moved if fine.all() else moved.take(fine)]
    parts = moved.parts(counts)
    if fine.all():
        return parts
    ends = itertools.accumulate(counts)
    return [part.take(fine[end - len(part) : end]) for part, end in zip(parts, ends, strict=True)]


def _to_sources(found: Detections, boxes: Sequence[Letterbox], counts: Sequence[int]) -> Detections:
    """Each frame's persons by its own letterbox."""
    if all(each is boxes[0] for each in boxes):
        return boxes[0].to_source(found)
    return joined([each.to_source(part) for each, part in zip(boxes, found.parts(counts), strict=True)])[0]


def _sound(found: Detections) -> npt.NDArray[np.bool_]:
    boxes = found.boxes
    # A sum is finite only where all of its parts are; inf - inf is no number either.
    total = found.scores + found.keypoints.reshape(-1, 51) @ _ONES
    fine: npt.NDArray[np.bool_] = np.isfinite(total)
    fine &= (boxes[:, 2:] > boxes[:, :2]).all(axis=1)  # false for what is no number
    return fine
