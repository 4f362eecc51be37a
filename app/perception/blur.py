"""Heads made unrecognisable: the upper part of each person's box, and wherever the keypoints of a head lie."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

Area = tuple[float, float, float, float]
"""x1, y1, x2, y2 in pixels."""

HEAD_SHARE: Final = 0.3
"""The upper part of every box is blurred, whatever the keypoints say; they add to it."""
MARGIN: Final = 0.6
HEAD: Final = slice(0, 5)
LEAST_SCORE: Final = 0.2
BLOCKS: Final = 3
"""A head is left with so many blocks across."""


def head_area(box: npt.NDArray[np.float32], points: npt.NDArray[np.float32], factors: npt.NDArray[np.float64]) -> Area:
    """Where a person's head may be.

    Args:
        box: (4,) x1 y1 x2 y2; `points`: (17, 3) keypoints, both in pixels of the frame.
        factors: (2,) what x and y are multiplied by to become pixels of the picture that is drawn on.
    """
    left, top, right, bottom = box.astype(np.float64)
    low = top + HEAD_SHARE * (bottom - top)
    seen = points[HEAD][points[HEAD][:, 2] >= LEAST_SCORE][:, :2].astype(np.float64)
    if len(seen):
        reach = MARGIN * max(float(np.ptp(seen, axis=0).max()), 0.15 * float(max(bottom - top, right - left)))
        (x1, y1), (x2, y2) = seen.min(axis=0) - reach, seen.max(axis=0) + reach
        left, top, right, low = min(left, x1), min(top, y1), max(right, x2), max(low, y2)
    (x1, y1), (x2, y2) = np.array([left, top]) * factors, np.array([right, low]) * factors
    return x1, y1, x2, y2


def coarsen(picture: npt.NDArray[Any], area: Area) -> None:
    """Replace an area of (h, w, 3) pixels by coarse blocks; the whole picture where the area is no number."""
    height, width = picture.shape[:2]
    if not np.isfinite(area).all():
        picture[:] = 0  # somebody is there and nobody knows where
        return
    x1, y1 = max(0, int(area[0])), max(0, int(area[1]))
    x2, y2 = min(width, int(np.ceil(area[2]))), min(height, int(np.ceil(area[3])))
    if x2 <= x1 or y2 <= y1:
        return
    small = cv2.resize(picture[y1:y2, x1:x2], (BLOCKS, BLOCKS), interpolation=cv2.INTER_AREA)
    picture[y1:y2, x1:x2] = cv2.resize(small, (x2 - x1, y2 - y1), interpolation=cv2.INTER_NEAREST)
