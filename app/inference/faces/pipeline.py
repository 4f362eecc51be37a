"""A picture in; boxes, points, quality parts and embeddings out. The two networks are called through functions."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from app.inference.faces.families import DETECTORS, EMBEDDINGS, Faces, Outputs
from app.inference.faces.landmarks import Predictor
from app.inference.faces.quality import quality

UInt8 = npt.NDArray[np.uint8]
Detect = Callable[[UInt8], Outputs]
"""(1, s, s, 3) to the outputs without the batch dimension."""

Embed = Callable[[UInt8], npt.NDArray[np.float32]]
"""Aligned (n, s, s, 3) RGB chips to raw (n, d)."""

LARGEST_PX = 8192


@dataclass(frozen=True)
class DetectorContract:
    """Of `face_detection/contract.toml`: the decoder, the side of its square input, the least score, the padding's grey."""

    family: str
    side: int
    least: float
    pad: int


@dataclass(frozen=True)
class EmbeddingContract:
    """Of `face_embedding/contract.toml`: the alignment, the side of a chip, the numbers of an embedding."""

    family: str
    side: int
    dimensions: int


class FacePipeline:
    """Detect, align, judge, embed. Holds no picture between calls."""

    def __init__(
        self, detector: DetectorContract, embedding: EmbeddingContract, landmarks: Path | None, detect: Detect, embed: Embed
    ) -> None:
        self._detector, self._embedding = detector, embedding
        self._decode, self._align = DETECTORS[detector.family], EMBEDDINGS[embedding.family]
        self._predictor = Predictor(landmarks) if landmarks is not None else None
        self._detect, self._embed = detect, embed

    def faces(self, picture: UInt8, most: int) -> tuple[npt.NDArray[np.float32], ...]:
        """Up to `most` faces, best first: boxes (n, 5; score last), points (n, 4, 2), quality (n, 5), embeddings (n, d).

        Raises:
            ValueError: this is no picture, or it is far too large.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or not 16 <= min(picture.shape[:2]) <= max(picture.shape[:2]) <= LARGEST_PX:
            raise ValueError(f"a picture is (height, width, 3) with sides of 16 to {LARGEST_PX}, not {picture.shape}")
        found = self._find(picture)
        count = min(len(found), max(0, most))
        boxes = np.concatenate([found.boxes, found.scores[:, None]], axis=1)[:count].astype(np.float32)
        points = found.points[:count].astype(np.float32)
        if not count:
            none = np.zeros((0, self._embedding.dimensions), np.float32)
            return boxes, points, np.zeros((0, 5), np.float32), none
        chips = np.stack([self._align(picture, face, self._predictor, self._embedding.side)[0] for face in points])
        parts = np.stack([quality(chip, box, box[4], face) for chip, box, face in zip(chips, boxes, points)])  # noqa: B905
        vectors = self._embed(chips)
        return boxes, points, parts, vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)

    def _find(self, picture: UInt8) -> Faces:
        canvas, scale = letterbox(picture, self._detector.side, self._detector.pad)
        found = self._decode(self._detect(canvas[None]), self._detector.side, self._detector.least)
        return Faces(found.boxes / scale, found.scores, found.points / scale)


def letterbox(picture: UInt8, side: int, pad: int) -> tuple[UInt8, float]:
    """The whole picture at the top left of a (side, side, 3) canvas, and its scale. Averages areas when it shrinks much."""
    height, width = picture.shape[:2]
    scale = side / max(height, width)
    while scale < 0.5:
        rows, columns = picture.shape[0] // 2 * 2, picture.shape[1] // 2 * 2
        quads = picture[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2, 3)
        picture = (quads.sum(axis=(1, 3), dtype=np.uint16) // 4).astype(np.uint8)
        scale *= 2
    overall = side / max(height, width)
    rows, columns = max(1, round(height * overall)), max(1, round(width * overall))
    canvas = np.full((side, side, 3), pad, np.uint8)
    canvas[:rows, :columns] = _resize(picture, rows, columns)
    return canvas, overall


def _resize(picture: UInt8, rows: int, columns: int) -> UInt8:
    """Bilinear, half-pixel centres."""
    top, down = _weights(picture.shape[0], rows)
    left, across = _weights(picture.shape[1], columns)
    high = picture[top].astype(np.float32)
    high += (picture[np.minimum(top + 1, picture.shape[0] - 1)] - high) * down[:, None, None]
    wide = high[:, left]
    wide += (high[:, np.minimum(left + 1, picture.shape[1] - 1)] - wide) * across[None, :, None]
    return np.asarray(wide + 0.5, np.uint8)


def _weights(source: int, target: int) -> tuple[npt.NDArray[Any], npt.NDArray[np.float32]]:
    place = np.clip((np.arange(target) + 0.5) * source / target - 0.5, 0, source - 1)
    first = np.floor(place).astype(np.int64)
    return first, (place - first).astype(np.float32)
