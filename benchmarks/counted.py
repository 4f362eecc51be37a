"""A frame counter that is burnt into pictures, as blocks of black and white that survive encoding, and read from them again."""

import os
from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError

FPS: Final = 15
WIDTH, HEIGHT = 1280, 720
BITS: Final = 12
BLOCK: Final = 32
"""Pixels of a block's side in a picture of `WIDTH`."""
BLOCKS: Final = BITS + 3
"""A white and a black one, the counter's bits from the highest on, and one that makes the number of white bits even."""
MOST_FRAMES: Final = 600

UInt8 = npt.NDArray[np.uint8]


def write_counted(clip: Path, target: Path) -> int:
    """The clip at `FPS` and `WIDTH` x `HEIGHT`, each frame with its number; how many there are, `MOST_FRAMES` at most.

    Raises:
        BadInputError: it is no clip, or shorter than five seconds.
    """
    made = 0
    with av.open(os.fspath(clip)) as source, av.open(os.fspath(target), "w") as sink:
        video = source.streams.video[0]
        stream: Any = sink.add_stream("libx264", rate=FPS, options={"preset": "ultrafast", "crf": "14"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in source.decode(video):
            while made < MOST_FRAMES and made / FPS <= (frame.time or 0.0) + 1e-6:
                pixels = np.asarray(frame.to_ndarray(format="rgb24", width=WIDTH, height=HEIGHT), np.uint8)
                picture = av.VideoFrame.from_ndarray(burnt(pixels, made), format="rgb24")
                picture.pts, picture.time_base = made, Fraction(1, FPS)
                sink.mux(stream.encode(picture))
                made += 1
        sink.mux(stream.encode(None))
    if made < 5 * FPS:
        raise BadInputError(f"{clip} is shorter than five seconds; a counter that soon begins anew says little.")
    return made


def burnt(pixels: UInt8, number: int) -> UInt8:
    """A copy of (HEIGHT, WIDTH, 3) with `number` along its upper edge."""
    shown = np.ascontiguousarray(pixels).copy()
    bits = [number >> place & 1 for place in range(BITS - 1, -1, -1)]
    for place, white in enumerate([1, 0, *bits, sum(bits) & 1]):
        shown[:BLOCK, place * BLOCK : (place + 1) * BLOCK] = 255 if white else 0
    return shown


def number_on(grey: Sequence[float]) -> int | None:
    """The number that the brightness (0-255) of the blocks' centres says; None where it is no counter."""
    white = [each > 128 for each in grey]
    bits = white[2 : 2 + BITS]
    if len(white) != BLOCKS or not white[0] or white[1] or any(96 < each < 160 for each in grey) or sum(bits) & 1 != white[-1]:
        return None
    return sum(bit << place for place, bit in enumerate(reversed(bits)))


def read_counter(picture: UInt8) -> int | None:
    """The number on a grey picture (height, width) of any size; None where none can be read."""
    scale = picture.shape[1] / WIDTH
    half = max(1, round(BLOCK * scale / 4))
    middles = [(round((place + 0.5) * BLOCK * scale), round(BLOCK * scale / 2)) for place in range(BLOCKS)]
    return number_on([float(picture[y - half : y + half, x - half : x + half].mean()) for x, y in middles])


class Moments:
    """When frames were captured, by the numbers on those that were analysed. Frames between two of them lie evenly."""

    def __init__(self, analysed: Sequence[tuple[int, int]], length: int) -> None:
        """`analysed`: (captured_at_us, number) as the worker gave them; `length`: the counter begins anew after so many."""
        self._length = length
        self._at_us: list[int] = []
        self._counts: list[int] = []
        for at_us, number in sorted(analysed):
            before = self._counts[-1] if self._counts else number
            self._at_us.append(at_us)
            self._counts.append(before + (number - before) % length)

    def off_ms(self, number: int, drawn_us: int) -> float | None:
        """How far the moment that is drawn lies after that of the picture with `number`; None outside of what was analysed."""
        nearest = bisect_left(self._at_us, drawn_us)
        if not 0 < nearest < len(self._at_us):
            return None
        about = self._counts[nearest]
        count = about + (number - about + self._length // 2) % self._length - self._length // 2
        later = bisect_left(self._counts, count)
        if not 0 < later < len(self._counts):
            return None
        (a, b), (from_us, to_us) = self._counts[later - 1 : later + 1], self._at_us[later - 1 : later + 1]
        captured_us = to_us if a == b else from_us + (to_us - from_us) * (count - a) / (b - a)
        return (drawn_us - captured_us) / 1000
