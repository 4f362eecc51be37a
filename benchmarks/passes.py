"""Clips made from still photographs: somebody comes into the picture, drifts and is gone, photograph after photograph."""

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import cv2
import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

FPS: Final = 15
WIDTH, HEIGHT = 960, 720
MARGIN: Final = 40
HERE_S, AWAY_S = 3.0, 3.0
DRIFT: Final = 1
"""Pixels a frame: a photograph that stands still would be passed over."""

NOISE: Final = 3.0
"""Grey levels of a sensor's noise."""

NOISES: Final = 7
"""Kinds of it, which take turns: a still room would be passed over."""

UInt8 = npt.NDArray[np.uint8]


def write_passes(photographs: Sequence[Path], target: Path) -> Path:
    """One pass of each photograph, 960x720 H.264. BadInputError for a file that is no picture."""
    with av.open(str(target), "w") as container:
        stream: Any = container.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "12"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        number = 0
        for path in photographs:
            for pixels in frames(_fitted(path)):
                frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, FPS)
                container.mux(stream.encode(frame))
                number += 1
        container.mux(stream.encode(None))
    return target


def frames(person: UInt8) -> Iterator[UInt8]:
    """(HEIGHT, WIDTH, 3) RGB frames of one pass, beginning with its first sight."""
    random = np.random.default_rng(1)
    room = cv2.GaussianBlur(random.integers(60, 180, (HEIGHT, WIDTH, 3)).astype(np.float32), (0, 0), 25)
    rooms = [np.asarray((room + random.normal(0, NOISE, room.shape)).clip(0, 255), np.uint8) for _ in range(NOISES)]
    height, width = person.shape[:2]
    for number in range(round((HERE_S + AWAY_S) * FPS)):
        frame = rooms[number % NOISES].copy()
        if number < HERE_S * FPS:
            left = MARGIN // 2 + DRIFT * number
            frame[HEIGHT - height :, left : left + width] = person
        yield frame


def _fitted(path: Path) -> UInt8:
    """(h, w, 3) RGB, as large as the picture holds, with room to drift."""
    picture = cv2.imread(os.fspath(path))
    if picture is None:
        raise BadInputError(f"{path} is no picture.")
    room = (WIDTH - MARGIN - round(DRIFT * HERE_S * FPS), HEIGHT - MARGIN)
    scale = min(room[0] / picture.shape[1], room[1] / picture.shape[0])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    sized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=way)
    return np.ascontiguousarray(sized[:, :, ::-1], np.uint8)
