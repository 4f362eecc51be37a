"""Privacy masks: what a polygon covers is overwritten in the decoded picture, before anything else sees it."""

from typing import Final

import numpy as np
import numpy.typing as npt
from av import VideoFrame

from app.capture.polygons import Polygons, covered

BLACK_LUMA: Final = 16
NO_COLOUR: Final = 128
_PLANAR: Final = ("yuv420p", "yuvj420p")


class Masker:
    """Masks the pictures of one camera. Remembers the drawn masks of the last size.

    A decoded picture may be the decoder's reference for the next ones, so the masked one is a copy.
    """

    def __init__(self, polygons: Polygons) -> None:
        self.polygons = polygons
        self._size = (0, 0)
        self._luma: npt.NDArray[np.bool_] = np.zeros((0, 0), bool)
        self._chroma = self._luma

    def apply(self, picture: VideoFrame) -> VideoFrame:
        """The picture without what is masked: the same one where nothing is, else a copy.

        Raises:
            ValueError: its pixels cannot be read; the picture must then not be used.
        """
        if not self.polygons:
            return picture
        self._draw(picture.width, picture.height)
        if picture.format.name in _PLANAR and picture.width % 2 == 0 and picture.height % 2 == 0:
            return self._mask_planes(picture)
        pixels = picture.to_ndarray(format="bgr24")
        pixels[self._luma] = 0
        return VideoFrame.from_ndarray(pixels, format="bgr24")

    def _draw(self, width: int, height: int) -> None:
        if self._size == (width, height):
            return
        self._luma = covered(self.polygons, width, height)
        if width % 2 == 0 and height % 2 == 0:
            blocks = self._luma.reshape(height // 2, 2, width // 2, 2)
            self._chroma = blocks[:, 0, :, 0] | blocks[:, 0, :, 1] | blocks[:, 1, :, 0] | blocks[:, 1, :, 1]
        self._size = (width, height)

    def _mask_planes(self, picture: VideoFrame) -> VideoFrame:
        width, height = picture.width, picture.height
        rows = picture.to_ndarray()  # (height * 3 / 2, width): a copy of the three planes, one after another
        rows[:height][self._luma] = BLACK_LUMA
        rows[height:].reshape(2, height // 2, width // 2)[:, self._chroma] = NO_COLOUR
        masked = VideoFrame.from_ndarray(rows, format=picture.format.name)
        masked.color_range, masked.colorspace = picture.color_range, picture.colorspace
        return masked
