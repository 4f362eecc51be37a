"""A camera's picture of now with heads made unrecognisable, or none: without knowing where people are nothing is sent."""

import asyncio
import uuid
from collections import OrderedDict
from typing import Any

import cv2
import msgspec
import numpy as np
import numpy.typing as npt

from app.contracts.live import camera_channel
from app.contracts.tracked import TrackedFrame, decode_frame
from app.contracts.wire import WireError
from app.dashboard.channels import Channels
from app.dashboard.pictures import Pictures

WAIT_S = 5.0
REMEMBERED = 64
WIDEST = 640
QUALITY = 70
HEAD_SHARE = 0.3
"""The upper part of every box is blurred, whatever the keypoints say; they add to it."""
MARGIN = 0.6
HEAD = slice(0, 5)
LEAST_SCORE = 0.2
BLOCKS = 3
"""A head is left with so many blocks across."""


async def blurred_still(pictures: Pictures, channels: Channels, camera_id: uuid.UUID) -> bytes | None:
    """The JPEG of a frame whose people are known, heads blurred; None when none came in time."""
    frames: OrderedDict[int, TrackedFrame] = OrderedDict()

    def keep(message: bytes) -> None:
        try:
            frame = decode_frame(message)
        except (msgspec.DecodeError, WireError):
            return
        frames[frame.captured_at_us] = frame
        if len(frames) > REMEMBERED:
            frames.popitem(last=False)

    channel = camera_channel(camera_id)
    channels.listen(channel, keep)
    try:
        async with asyncio.timeout(WAIT_S), pictures.watch([camera_id]) as newest:
            while True:
                _, at_us, jpeg = await newest.take()
                for _ in range(20):  # the frame may come a moment after its picture
                    if (frame := frames.get(at_us)) is not None:
                        return await asyncio.to_thread(blur_heads, jpeg, frame)
                    await asyncio.sleep(0.05)
    except TimeoutError:
        return None
    finally:
        channels.leave(channel, keep)


def blur_heads(jpeg: bytes, frame: TrackedFrame) -> bytes | None:
    """The picture, at most `WIDEST` wide, with every head of the frame in coarse blocks; None when it cannot be read."""
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    if picture is None or frame.width <= 0 or frame.height <= 0:
        return None
    scale = min(1.0, WIDEST / picture.shape[1])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    factors = np.array([picture.shape[1] / frame.width, picture.shape[0] / frame.height], np.float64)
    for box, points in zip(frame.box_array(), frame.keypoint_array(), strict=True):
        _coarsen(picture, _head(box, points, factors))
    done, out = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return out.tobytes() if done else None


def _head(
    box: npt.NDArray[np.float32], points: npt.NDArray[np.float32], factors: npt.NDArray[np.float64]
) -> tuple[float, float, float, float]:
    left, top, right, bottom = box.astype(np.float64)
    low = top + HEAD_SHARE * (bottom - top)
    seen = points[HEAD][points[HEAD][:, 2] >= LEAST_SCORE][:, :2].astype(np.float64)
    if len(seen):
        reach = MARGIN * max(float(np.ptp(seen, axis=0).max()), 0.15 * float(max(bottom - top, right - left)))
        (x1, y1), (x2, y2) = seen.min(axis=0) - reach, seen.max(axis=0) + reach
        left, top, right, low = min(left, x1), min(top, y1), max(right, x2), max(low, y2)
    (x1, y1), (x2, y2) = np.array([left, top]) * factors, np.array([right, low]) * factors
    return x1, y1, x2, y2


def _coarsen(picture: npt.NDArray[Any], area: tuple[float, float, float, float]) -> None:
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
