"""dlib's 5-point landmark predictor (Kazemi and Sullivan 2014: a cascade of regression trees), exactly, in numpy.

Points: corners of the eye at the right of the picture (outer, inner), of the other one (outer, inner), base of the nose.
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.inference.faces.chips import similarity

Float32 = npt.NDArray[np.float32]


class Predictor:
    """The arrays that `convert.dlib_landmarks` writes; see there for their shapes."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._shape: Float32 = arrays["shape"]
            self._anchors: npt.NDArray[np.int64] = arrays["anchors"].astype(np.int64)
            self._deltas: Float32 = arrays["deltas"]
            self._first: npt.NDArray[np.int64] = arrays["first"].astype(np.int64)
            self._second: npt.NDArray[np.int64] = arrays["second"].astype(np.int64)
            self._thresholds: Float32 = arrays["thresholds"]
            self._leaves: Float32 = arrays["leaves"]

    def points(self, picture: npt.NDArray[np.uint8], box: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """(5, 2) points of the face in `box` (x1, y1, x2, y2: whole pixels, the last ones included) of an RGB picture."""
        shape = self._shape
        reference = self._shape.reshape(5, 2).astype(np.float64)
        for cascade in range(len(self._leaves)):
            values = self._pixels(picture, box, shape, reference, cascade)
            leaves = self._reached(values, cascade)
            # One after another in float32, as the library adds them.
            shape = np.add.accumulate(np.concatenate([shape[None], leaves]), axis=0, dtype=np.float32)[-1]
        return _to_pixels(shape.reshape(5, 2), box)

    def _pixels(
        self,
        picture: npt.NDArray[np.uint8],
        box: npt.NDArray[Any],
        shape: Float32,
        reference: npt.NDArray[np.float64],
        cascade: int,
    ) -> Float32:
        """Grey values under the cascade's points, moved along with the shape; 0 outside the picture."""
        current = shape.reshape(5, 2)
        turn = similarity(reference, current.astype(np.float64)).turn
        a, b = np.float32(turn.real), np.float32(turn.imag)
        x, y = self._deltas[cascade].T
        moved = np.stack([a * x - b * y, b * x + a * y], axis=1) + current[self._anchors[cascade]]
        column, row = _to_pixels(moved, box).T
        height, width = picture.shape[:2]
        inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
        rgb = picture[np.where(inside, row, 0), np.where(inside, column, 0)].astype(np.int32)
        return np.where(inside, rgb.sum(axis=1) // 3, 0).astype(np.float32)

    def _reached(self, values: Float32, cascade: int) -> Float32:
        """The leaf each tree ends in: (t, 10)."""
        first, second, limit = self._first[cascade], self._second[cascade], self._thresholds[cascade]
        trees, splits = first.shape
        every, node = np.arange(trees), np.zeros(trees, np.int64)
        while node[0] < splits:
            larger = values[first[every, node]] - values[second[every, node]] > limit[every, node]
            node = 2 * node + np.where(larger, 1, 2)
        found: Float32 = self._leaves[cascade][every, node - splits]
        return found


def _to_pixels(points: Float32, box: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Points of the unit square to the nearest pixels of the box, (0, 0) and (1, 1) being its first and last ones."""
    low, span = np.asarray(box[:2], np.float64), np.asarray(box[2:], np.float64) - np.asarray(box[:2], np.float64)
    return np.floor(low + points.astype(np.float64) * span + 0.5).astype(np.int64)
