"""JPEG of a decoded frame, for viewers."""

import threading
from typing import Final

import cv2
from av import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

VIEW_LONG_SIDE: Final = 960
VIEW_QUALITY: Final = 75

_own = threading.local()


def jpeg_of(picture: VideoFrame, long_side: int = VIEW_LONG_SIDE, quality: int = VIEW_QUALITY) -> bytes:
    """JPEG bytes, scaled down so that the long side is at most `long_side` pixels (about 2.3 ms for 720p)."""
    scale = min(1.0, long_side / max(picture.width, picture.height))
    width, height = (max(2, round(side * scale / 2) * 2) for side in (picture.width, picture.height))
    reformatter = _reformatter()
    small = reformatter.reformat(picture, width, height, "bgr24", interpolation=Interpolation.FAST_BILINEAR, threads=1)
    done, buffer = cv2.imencode(".jpg", small.to_ndarray(), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise ValueError(f"OpenCV could not encode {width} x {height} pixels as JPEG")
    return buffer.tobytes()


def _reformatter() -> VideoReformatter:
    """One a thread: it caches its scaler, and is not safe to share."""
    if not hasattr(_own, "reformatter"):
        _own.reformatter = VideoReformatter()
    reformatter: VideoReformatter = _own.reformatter
    return reformatter
