"""Whether a head looks like a photograph or a screen that is held up to the camera: a heuristic that warns and decides nothing.

Two signs, each 0..1; the larger counts:

- a grid: a screen's pixels beat with the sensor's and leave narrow peaks in the spectrum that skin and cloth do not have;
- a frame: straight, long edges on both sides of the face and one above or below are the rim of a sheet or a device.

`bench faces` measures how often it errs on attacks that are made of its pictures. Real attacks look different: believe it little.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
SIDE: Final = 160
LEAST_SIDE: Final = 48
WARNS: Final = 0.5
"""From here on a reviewer is warned."""

_RING: Final = (0.18, 0.48)
"""Cycles a pixel in which a grid is looked for."""


def suspicion(head: UInt8) -> float:
    """0..1 of an (h, w, 3) RGB crop around a head. A crop of less than 48 pixels says nothing: 0."""
    if min(head.shape[:2]) < LEAST_SIDE:
        return 0.0
    grey = np.asarray(cv2.cvtColor(head, cv2.COLOR_RGB2GRAY), np.float32)
    return max(grid(grey), frame(grey))


def grid(grey: Float32) -> float:
    """How much narrow peaks of the spectrum stand out of what lies around them."""
    side = min(256, 1 << (min(grey.shape).bit_length() - 1))
    top, left = (grey.shape[0] - side) // 2, (grey.shape[1] - side) // 2
    part = grey[top : top + side, left : left + side]
    window = np.hanning(side)[:, None] * np.hanning(side)[None, :]
    power = np.log1p(np.abs(np.fft.fftshift(np.fft.fft2((part - part.mean()) * window)))).astype(np.float32)
    frequencies = np.fft.fftshift(np.fft.fftfreq(side))
    radius = np.hypot(frequencies[:, None], frequencies[None, :])
    excess = np.where((radius > _RING[0]) & (radius < _RING[1]), power - cv2.medianBlur(power, 5), 0.0)
    peaks = np.sort(excess.ravel())[-6:]
    return float(np.clip((peaks.mean() - 1.6) / 1.2, 0, 1))


def frame(grey: Float32) -> float:
    """How far straight edges run beside the face on both sides, and along one end."""
    small = np.asarray(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA), np.float32)
    blurred = cv2.GaussianBlur(small, (0, 0), 1.0)
    upright = np.abs(cv2.Sobel(blurred, cv2.CV_32F, 1, 0))
    level = np.abs(cv2.Sobel(blurred, cv2.CV_32F, 0, 1)).T
    sides = [_straightest(upright[:, 2:44]), _straightest(upright[:, -44:-2])]
    ends = [_straightest(level[:, 2:36]), _straightest(level[:, -36:-2])]
    return float(np.clip((min(*sides, max(ends)) - 0.55) / 0.3, 0, 1))


def _straightest(edges: npt.NDArray[np.floating]) -> float:
    """Largest share of a column's height along which there is an edge; it may lean by a pixel."""
    strong = edges > 40
    return float((strong | np.roll(strong, 1, axis=1)).mean(axis=0).max(initial=0.0))
