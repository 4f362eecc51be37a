"""A camera's picture of now with heads made unrecognisable, or none: without knowing where people are nothing is sent."""

import asyncio
import uuid
from collections import OrderedDict

import cv2
import msgspec
import numpy as np

from app.contracts.live import camera_channel
from app.contracts.tracked import TrackedFrame, decode_frame
from app.contracts.wire import WireError
from app.dashboard.channels import Channels
from app.dashboard.pictures import Pictures
from app.perception.blur import coarsen, head_area

WAIT_S = 5.0
REMEMBERED = 64
WIDEST = 640
QUALITY = 70


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
        coarsen(picture, head_area(box, points, factors))
    done, out = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return out.tobytes() if done else None
