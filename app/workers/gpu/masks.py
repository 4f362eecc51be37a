"""Privacy masks on a GPU: what a polygon covers is overwritten in the decoder's own picture, before muxer and models see it.

Written to memory and read back: the first picture of each connection whole, every later one at one place. A picture that is
not proven black there is not passed on, so a driver, decoder or layout that this worker knows wrongly costs the camera, never
what the mask hides.
"""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from app.capture.polygons import Polygons, covered
from app.workers.gpu.surfaces import Memory, Picture, Plane, SurfaceError, picture_of

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
        self._size = (0, 0)
        self._rectangles: list[Rectangle] = []
        self._proven = False

    def apply(self, head: bytes) -> Picture:
        """Blacken the picture whose NvBufSurface has these bytes.

        Raises:
            SurfaceError: it is not black where it should be, and must not be used.
        """
        picture = picture_of(head)
        if self._size != (picture.width, picture.height):
            self._rectangles = rectangles(covered(self._polygons, picture.width, picture.height))
            self._size, self._proven = (picture.width, picture.height), False
        for each in self._rectangles:
            self._fill(picture, each)
        self._prove(picture, self._rectangles[-1:] if self._proven else self._rectangles)
        self._proven = True
        return picture

    def _fill(self, picture: Picture, where: Rectangle) -> None:
        for plane, value in ((picture.luma, BLACK_LUMA), (picture.colours, NO_COLOUR)):
            left, top, right, bottom = _in_plane(where, picture, plane)
            self._memory.fill(picture, plane.address + top * plane.pitch + left, plane.pitch, value, right - left, bottom - top)

    def _prove(self, picture: Picture, places: list[Rectangle]) -> None:
        for each in places:
            for plane, value in ((picture.luma, BLACK_LUMA), (picture.colours, NO_COLOUR)):
                left, top, right, bottom = _in_plane(each, picture, plane)
                first = top if not self._proven else bottom - 1
                start = plane.address + first * plane.pitch + left
                if (self._memory.read(picture, start, plane.pitch, right - left, bottom - first) != value).any():
                    raise SurfaceError("what was blackened reads back otherwise")


def _in_plane(where: Rectangle, picture: Picture, plane: Plane) -> Rectangle:
    """In bytes and rows of a plane. A row of colours is of two rows of pixels and as many bytes as one of them."""
    rows = 1 if plane is picture.luma else 2
    right = where.right if where.right < picture.width else plane.width
    bottom = where.bottom // rows if where.bottom < picture.height else plane.height
    return Rectangle(where.left, where.top // rows, right, bottom)
