"""A film to read: noise that moves, as H.264, made on the CPU."""

from pathlib import Path
from typing import Any, Final

import av
import numpy as np

FRAMES: Final = 600
STILL_FOR: Final = 6
"""Frames of one picture: what is the same costs the encoder nothing."""


def write_clip(path: Path, width: int, height: int) -> None:
    """20 seconds at 30 frames a second (about 3 s of one core)."""
    noise = np.random.default_rng(3).integers(60, 200, (height // 16, width // 16 * 2), np.uint8)
    with av.open(str(path), "w", format="mp4") as container:
        stream: Any = container.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.options = {"preset": "ultrafast", "g": "30"}
        for number in range(FRAMES // STILL_FOR):
            pixels = np.roll(noise, number, 1)[:, : width // 16].repeat(16, 0).repeat(16, 1)
            picture = av.VideoFrame.from_ndarray(np.repeat(pixels[:, :, None], 3, axis=2), format="rgb24").reformat(
                format="yuv420p"
            )
            for _ in range(STILL_FOR):
                picture.pts = None
                container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
