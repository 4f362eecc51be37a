"""The picture of a head that goes with an embedding, for whoever reviews a match. The same for every worker."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from app.capture.polygons import Polygons, covered
from app.contracts.biometrics import LARGEST_PICTURE

LEAST_QUALITY: Final = 0.15
"""Of each part: below it a face is too poor to be compared with anybody. Calibrate with `pennyprotect bench faces`."""

PICTURE_SIDE: Final = 320
"""Longest side of a head's picture, in pixels: enough to compare two people by eye."""

UInt8 = npt.NDArray[np.uint8]


def behind(masks: Polygons, head: UInt8, left: int, top: int, width: int, height: int) -> UInt8:
    """A head's picture (h, w, 3) that begins at `left`, `top` of a `width` x `height` frame, black where a mask covers it."""
    if not masks:
        return head
    high, wide = head.shape[:2]
    shown = head.copy()
    shown[covered(masks, width, height)[top : top + high, left : left + wide]] = 0
    return shown


def head_jpeg(picture: UInt8) -> bytes:
    """(h, w, 3) RGB as a small JPEG without metadata; b"" for one that stays too large."""
    scale = min(1.0, PICTURE_SIDE / max(picture.shape[:2]))
    small = picture if scale == 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    done, buffer = cv2.imencode(".jpg", small[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])
    return buffer.tobytes() if done and len(buffer) <= LARGEST_PICTURE else b""
