"""What the polygons of a privacy mask cover, pixel by pixel. No decoder in here: every worker uses it."""

from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Polygons = Sequence[Sequence[tuple[float, float]]]
"""In 0..1 of the picture, x right, y down."""

_SUBPIXEL_BITS: Final = 4


def covered(polygons: Polygons, width: int, height: int) -> npt.NDArray[np.bool_]:
    """(height, width) of what the polygons cover; every pixel that one touches counts, and one more around it."""
    drawn = np.zeros((height, width), np.uint8)
    scale = 1 << _SUBPIXEL_BITS
    for polygon in polygons:
        corners = np.asarray(polygon, np.float64) * (width, height) - 0.5  # pixel i covers [i - 0.5, i + 0.5)
        corners = np.clip(corners, 0, (width - 1, height - 1))  # an outline on the picture's edge covers its last pixels
        cv2.fillPoly(drawn, [np.round(corners * scale).astype(np.int32)], 1, shift=_SUBPIXEL_BITS)
    return cv2.dilate(drawn, np.ones((3, 3), np.uint8)).astype(bool)
