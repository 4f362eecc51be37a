"""Photographs and screens held up to a camera, made of given pictures, and how often the heuristic that warns of them errs.

They are simulations: paper with a rim, less contrast and blur; a screen with a bezel and a pixel grid that beats with the sensor.
Real attacks differ, so these rates are the best that can be hoped for.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from app.inference.presentation import WARNS, suspicion

UInt8 = npt.NDArray[np.uint8]
Float = npt.NDArray[np.floating[Any]]
SIDE: Final = 240
CLOSE: Final = 0.5
"""Share of attacks whose rim cannot be seen."""

DRAWS: Final = 1000


def printed(head: UInt8, random: np.random.Generator) -> UInt8:
    """On a sheet: blurred, low in contrast, with a white rim, before a room."""
    small = cv2.GaussianBlur(np.asarray(cv2.resize(head, (SIDE - 70, SIDE - 60)), np.uint8), (0, 0), 0.9).astype(np.float32)
    return _held(70 + small * 0.55, 9, 245.0, random)


def screened(head: UInt8, random: np.random.Generator) -> UInt8:
    """On a screen: a dark bezel, and a grid of pixels that is not the sensor's."""
    small = np.asarray(cv2.resize(head, (SIDE - 60, SIDE - 50)), np.float32)
    period, angle = random.uniform(2.3, 3.8), random.uniform(0.02, 0.25)
    rows, columns = np.mgrid[0 : small.shape[0], 0 : small.shape[1]]
    along, across = columns * np.cos(angle) + rows * np.sin(angle), rows * np.cos(angle) - columns * np.sin(angle)
    waves = 1 + 0.22 * np.cos(2 * np.pi * along / period) + 0.22 * np.cos(2 * np.pi * across / period)
    return _held(small * waves[:, :, None], 12, 12.0, random)


ATTACKS: Final[dict[str, Callable[[UInt8, np.random.Generator], UInt8]]] = {"print": printed, "screen": screened}


def rates(heads: Sequence[UInt8]) -> dict[str, Any]:
    """Share of attacks that pass without a warning, by kind, and of live heads that are warned of, with 95 % intervals."""
    random = np.random.default_rng(1)
    found: dict[str, Any] = {"warned_of_genuine": _with_interval([suspicion(head) >= WARNS for head in heads], random)}
    for name, make in ATTACKS.items():
        found[f"missed_{name}"] = _with_interval([suspicion(make(head, random)) < WARNS for head in heads], random)
    return found


def _held(face: Float, rim: int, shade: float, random: np.random.Generator) -> UInt8:
    if random.random() < CLOSE:  # so near that its rim lies outside
        face, rim = np.asarray(cv2.resize(face, (SIDE, SIDE)), np.float32), 0
    room = cv2.GaussianBlur(random.uniform(40, 190, (SIDE, SIDE, 3)).astype(np.float32), (0, 0), 12)
    height, width = face.shape[:2]
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    room[top - rim : top + height + rim, left - rim : left + width + rim] = shade
    room[top : top + height, left : left + width] = face
    return np.asarray((room + random.normal(0, 2.0, room.shape)).clip(0, 255), np.uint8)


def _with_interval(wrong: Sequence[bool], random: np.random.Generator) -> dict[str, float]:
    errors = np.array(wrong, float)
    drawn = errors[random.integers(0, len(errors), (DRAWS, len(errors)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"rate": round(float(errors.mean()), 4), "low": round(float(low), 4), "high": round(float(high), 4)}
