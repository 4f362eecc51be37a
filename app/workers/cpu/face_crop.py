"""Cuts a head out of a decoded frame without converting the rest of it."""

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from av import VideoFrame


def crop(frame: VideoFrame, box: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """(h, w, 3) RGB of `box`, grown to even pixels; a copy that keeps nothing of the frame alive."""
    left, top = beginning(box)
    right, bottom = min(frame.width // 2, -(-box[2] // 2)) * 2, min(frame.height // 2, -(-box[3] // 2)) * 2
    if frame.format.name not in ("yuv420p", "yuvj420p"):
        return np.ascontiguousarray(frame.to_ndarray(format="rgb24")[top:bottom, left:right])
    luma = _plane(frame.planes[0])[top:bottom, left:right]
    chroma = [_plane(plane)[top // 2 : bottom // 2, left // 2 : right // 2] for plane in frame.planes[1:3]]
    packed = np.concatenate([part.reshape(-1) for part in (luma, *chroma)]).reshape((bottom - top) * 3 // 2, right - left)
    return np.asarray(cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420), np.uint8)


def beginning(box: tuple[int, int, int, int]) -> tuple[int, int]:
    """Left and top of the crop of `box`: even, as chroma planes have a pixel for every second one."""
    return box[0] // 2 * 2, box[1] // 2 * 2


def _plane(plane: Any) -> npt.NDArray[np.uint8]:
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height, : plane.width]
