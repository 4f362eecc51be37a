"""Privacy masks on a GPU: what a polygon covers is overwritten in the decoder's own picture, before muxer and models see it.

Written to memory and read back: the first picture of each connection whole, every later one at one place. A picture that is
not proven black there is not passed on, so a driver, decoder or layout that this worker knows wrongly costs the camera, never
what the mask hides.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from app.capture.polygons import Polygons, covered
from app.workers.gpu.surfaces import Fill, Memory, Picture, SurfaceError, picture_of

BAND: Final = 16
"""Rows that are blackened alike: at most so many more than a polygon covers."""

BLACK_LUMA: Final = 16
NO_COLOUR: Final = 128


class Rectangle(NamedTuple):
    """Pixels of the picture; every side even, or the picture's edge."""

    left: int
    top: int
    right: int
    bottom: int


def rectangles(drawn: npt.NDArray[np.bool_]) -> list[Rectangle]:
    """Rectangles that hold everything that is set in `drawn` (height, width), and little more."""
    height, width = drawn.shape
    found: list[Rectangle] = []
    for top in range(0, height, BAND):
        bottom = min(height, top + BAND)
        edges = np.diff(drawn[top:bottom].any(axis=0).astype(np.int8), prepend=0, append=0)
        starts, ends = np.flatnonzero(edges > 0), np.flatnonzero(edges < 0)
        for left, right in zip((starts // 2 * 2).tolist(), np.minimum(width, (ends + 1) // 2 * 2).tolist(), strict=True):
            above = next((i for i, one in enumerate(found) if (one.left, one.right, one.bottom) == (left, right, top)), None)
            if above is None:
                found.append(Rectangle(left, top, right, bottom))
            else:
                found[above] = found[above]._replace(bottom=bottom)
    return found


class SurfaceMasker:
    """Masks the pictures of one connection of one camera. Use from one thread."""

    def __init__(self, polygons: Polygons, memory: Memory) -> None:
        self._polygons, self._memory = polygons, memory
        self._shape: tuple[int, ...] = ()
        self._fills: list[Fill] = []
        self._proven = False

    def apply(self, head: bytes) -> Picture:
        """Blacken the picture whose NvBufSurface has these bytes.

        Raises:
            SurfaceError: it is not black where it should be, and must not be used.
        """
        picture = picture_of(head)
        shape = _shape(picture)
        if self._shape != shape:
            drawn = covered(self._polygons, picture.width, picture.height)
            self._fills = [part for each in rectangles(drawn) for part in fills(each, picture)]
            self._shape, self._proven = shape, False
        self._memory.fill(picture, self._fills)
        for each in self._fills[-2:] if self._proven else self._fills:
            self._prove(picture, each)
        self._proven = True
        return picture

    def _prove(self, picture: Picture, part: Fill) -> None:
        plane = picture.colours if part.is_colour else picture.luma
        skipped = part.height - 1 if self._proven else 0
        read = self._memory.read(picture, plane.address + part.start + skipped * plane.pitch, plane.pitch, part.width,
                                 part.height - skipped)  # fmt: skip
        seen, value = (read, part.value) if picture.depth == 1 else (read.view("<u2"), part.value << 8)
        if (seen != value).any():
            raise SurfaceError("what was blackened reads back otherwise")


def _shape(picture: Picture) -> tuple[int, ...]:
    """What the places of the fills depend on."""
    luma, colours = picture.luma, picture.colours
    return picture.width, picture.height, picture.depth, luma.pitch, luma.width, colours.pitch, colours.width


def fills(where: Rectangle, picture: Picture) -> tuple[Fill, Fill]:
    """A rectangle of the picture in each plane. A row of colours is of two rows of pixels and as many bytes as one of them."""
    found = []
    for plane, rows, value in ((picture.luma, 1, BLACK_LUMA), (picture.colours, 2, NO_COLOUR)):
        right = where.right * picture.depth if where.right < picture.width else plane.width
        bottom = where.bottom // rows if where.bottom < picture.height else plane.height
        left, top = where.left * picture.depth, where.top // rows
        found.append(Fill(rows == 2, top * plane.pitch + left, right - left, bottom - top, value))
    return found[0], found[1]
