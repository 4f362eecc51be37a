"""Whether a camera still sees, and still looks where it looked: pure, from small grey pictures of decoded frames.

The reference is the camera's own picture, averaged over minutes. It is compared tile by tile by normalised correlation, which
light that grows or fades does not change. People cover some tiles; a camera that was turned changes all that have structure.
"""

import enum
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from av import VideoFrame

Grey = npt.NDArray[np.float32]
"""(ROWS, COLUMNS) block means of one frame, 0-255."""

COLUMNS: Final = 64
ROWS: Final = 36
TILE: Final = 6
LOOK_EVERY_US: Final = 1_000_000
"""How often a frame is looked at: the rest costs nothing."""

LEAST_DETAIL: Final = 2.5
"""Grey levels by which block means differ from their neighbourhood, at the 90th percentile: a covered lens has less than 1."""

TILE_DETAIL: Final = 3.0
LEAST_TILES: Final = 6
"""With fewer structured tiles nobody can tell a moved camera from one that looks at a wall."""

SAME: Final = 0.5
OTHER_SHARE: Final = 0.7
SETTLE_LOOKS: Final = 10
"""Looks that agree with each other before a picture is a reference."""

ACCEPT_LOOKS: Final = 900
"""A new view that has stood for so many looks is the view: somebody aims it there."""

_UPDATE: Final = 1 / 120
_LUMA_FIRST: Final = frozenset(("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "nv21", "gray"))


class View(enum.StrEnum):
    """What is wrong with what a camera sees."""

    FINE = ""
    BLIND = "blind"
    MOVED = "moved"


def small_grey(picture: VideoFrame) -> Grey | None:
    """Block means of a decoded frame; None for pixel formats without an 8-bit luma plane and for tiny pictures."""
    if picture.format.name not in _LUMA_FIRST or picture.width < 4 * COLUMNS or picture.height < 2 * ROWS:
        return None
    plane: Any = picture.planes[0]  # has the buffer protocol, which its types do not say
    luma = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: picture.height, : picture.width]
    across, down = picture.width // COLUMNS, picture.height // ROWS
    whole = luma[: down * ROWS, : across * COLUMNS]  # whole blocks only: other ratios take OpenCV twenty times as long
    return cv2.resize(whole, (COLUMNS, ROWS), interpolation=cv2.INTER_AREA).astype(np.float32)


def detail(grey: Grey) -> float:
    """90th percentile of how far block means lie off their neighbourhood, grey levels."""
    return float(np.percentile(np.abs(grey - cv2.blur(grey, (5, 5))), 90))


def other_share(reference: Grey, grey: Grey) -> float | None:
    """Share of the reference's structured tiles that look different in `grey`; None where there are too few of them."""
    one, other = _tiles(reference), _tiles(grey)
    size, others = np.sqrt((one**2).mean(axis=1)), np.sqrt((other**2).mean(axis=1))
    structured = size >= TILE_DETAIL
    if structured.sum() < LEAST_TILES:
        return None
    alike = (one * other).mean(axis=1) / np.maximum(size * others, 1e-6)
    return float((alike[structured] < SAME).mean())


def _tiles(grey: Grey) -> Grey:
    """(tiles, TILE * TILE) with the mean of each tile taken off."""
    rows, columns = ROWS // TILE, COLUMNS // TILE
    cut = grey[: rows * TILE, : columns * TILE].reshape(rows, TILE, columns, TILE).swapaxes(1, 2).reshape(-1, TILE * TILE)
    tiles: Grey = cut - cut.mean(axis=1, keepdims=True)
    return tiles


class Viewing:
    """One camera's view over time, from about one frame a second. In memory only: a restarted worker learns it anew.

    Attributes:
        view: as of the last look.
    """

    def __init__(self) -> None:
        self.view = View.FINE
        self._looked_us = -LOOK_EVERY_US
        self._reference: Grey | None = None
        self._candidate: Grey | None = None
        self._looks = 0

    def is_due(self, at_us: int) -> bool:
        """Whether a frame captured at `at_us` is to be looked at."""
        return not 0 <= at_us - self._looked_us < LOOK_EVERY_US

    def look(self, grey: Grey | None, at_us: int) -> View:
        """Take a look; a frame without a grey picture says nothing."""
        self._looked_us = at_us
        if grey is None:
            return self.view
        if detail(grey) < LEAST_DETAIL:
            self.view = View.BLIND
        elif self._reference is None:
            self.view = View.FINE
            self._learn(grey, SETTLE_LOOKS)
        else:
            self._compare(self._reference, grey)
        return self.view

    def _compare(self, reference: Grey, grey: Grey) -> None:
        share = other_share(reference, grey)
        if share is None or share < OTHER_SHARE:
            self.view, self._candidate = View.FINE, None
            if share is None or share < OTHER_SHARE / 2:
                reference += _UPDATE * (grey - reference)
            return
        self.view = View.MOVED
        self._learn(grey, ACCEPT_LOOKS)

    def _learn(self, grey: Grey, looks: int) -> None:
        """Average looks that agree; after so many of them they are the reference."""
        share = None if self._candidate is None else other_share(self._candidate, grey)
        if self._candidate is None or (share is not None and share >= OTHER_SHARE):
            self._candidate, self._looks = grey.copy(), 1
            return
        self._looks += 1
        self._candidate += max(_UPDATE, 1 / self._looks) * (grey - self._candidate)
        if self._looks >= looks:
            self._reference, self._candidate, self.view = self._candidate, None, View.FINE
