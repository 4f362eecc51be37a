"""One decoder a family of face detectors, one alignment a family of face embeddings. A contract names the family.

Detectors answer `Faces` in pixels of their input; points are those five every family can give: the eye at the left of the
picture, the one at the right, tip of the nose, middle of the mouth (k = 4).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.inference.faces.chips import ARCFACE_POINTS, dlib_chip, plain_chip
from app.inference.faces.landmarks import Predictor

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]
Outputs = Mapping[str, npt.NDArray[Any]]

OVERLAP: Final = 0.3
"""Of two boxes whose intersection over union exceeds this, the one of lower score goes."""

MOST_CANDIDATES: Final = 500
_LARGEST_LOGIT: Final = 80.0
_ARCFACE_FOUR: Final = np.concatenate([ARCFACE_POINTS[:3], ARCFACE_POINTS[3:].mean(axis=0, keepdims=True)])


@dataclass(frozen=True)
class Faces:
    """n faces, best first: boxes (n, 4) x1 y1 x2 y2, scores (n,), points (n, 4, 2)."""

    boxes: Float32
    scores: Float32
    points: Float32

    def __len__(self) -> int:
        return len(self.scores)


def _selected(boxes: Float32, scores: Float32, points: Float32, least: float) -> Faces:
    """Those above `least`, best first, without the ones that a better one covers."""
    order = np.flatnonzero(scores > least)
    order = order[np.argsort(-scores[order], kind="stable")][:MOST_CANDIDATES]
    kept: list[int] = []
    for index in order.tolist():
        if all(_iou(boxes[index], boxes[other]) <= OVERLAP for other in kept):
            kept.append(index)
    return Faces(boxes[kept].reshape(-1, 4), scores[kept].reshape(-1), points[kept].reshape(-1, 4, 2))


def _iou(one: Float32, other: Float32) -> float:
    low, high = np.maximum(one[:2], other[:2]), np.minimum(one[2:], other[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    areas = float(np.prod(one[2:] - one[:2]) + np.prod(other[2:] - other[:2]))
    return shared / (areas - shared) if areas > shared else 1.0


def _anchors(side: int, count: int) -> Float32:
    """BlazeFace's anchor centres in pixels: (2304, 2) of one grid of stride 4, or (896, 2) of strides 16 and 32 (or 8 and 16)."""
    grids = [(side // 4, 1)] if count == (side // 4) ** 2 else [(side // 16, 2), (side // 32, 6)]
    if sum(size * size * each for size, each in grids) != count:
        grids = [(side // 8, 2), (side // 16, 6)]
    centres = []
    for size, each in grids:
        row, column = np.divmod(np.arange(size * size), size)
        centres.append(np.repeat(np.stack([column, row], axis=1) + 0.5, each, axis=0) * (side / size))
    return np.concatenate(centres).astype(np.float32)


def _blazeface(outputs: Outputs, side: int, least: float) -> Faces:
    """`boxes` (anchors, 16): centre, size, 6 points as offsets from the anchor in pixels; `scores` (anchors, 1) logits."""
    raw, logits = outputs["boxes"], np.clip(outputs["scores"][:, 0], -_LARGEST_LOGIT, _LARGEST_LOGIT)
    scores = 1 / (1 + np.exp(-logits))
    near = np.flatnonzero(scores > least)
    offsets = raw[near].reshape(-1, 8, 2)
    anchors = _anchors(side, len(raw))[near]
    centre, half = offsets[:, 0] + anchors, offsets[:, 1] / 2
    boxes = np.concatenate([centre - half, centre + half], axis=1)
    return _selected(boxes, scores[near], offsets[:, 2:6] + anchors[:, None], least)


def _five_to_four(points: Float32) -> Float32:
    """(n, 5, 2) eyes, nose, corners of the mouth to (n, 4, 2) with the middle of the mouth."""
    return np.concatenate([points[:, :3], points[:, 3:].mean(axis=1, keepdims=True)], axis=1)


def _grid(side: int, stride: int, each: int) -> Float32:
    row, column = np.divmod(np.arange((side // stride) ** 2), side // stride)
    return np.repeat(np.stack([column, row], axis=1) * stride, each, axis=0).astype(np.float32)


def _yunet(outputs: Outputs, side: int, least: float) -> Faces:
    """YuNet 2023 (OpenCV zoo): `cls_S`, `obj_S`, `bbox_S`, `kps_S` for strides S of 8, 16, 32; (anchors, values) each."""
    boxes, scores, points = [], [], []
    for stride in (8, 16, 32):
        score = np.sqrt(np.clip(outputs[f"cls_{stride}"], 0, 1) * np.clip(outputs[f"obj_{stride}"], 0, 1)).reshape(-1)
        near = np.flatnonzero(score > least)
        grid, box = _grid(side, stride, 1)[near], outputs[f"bbox_{stride}"][near]
        centre, half = grid + box[:, :2] * stride, np.exp(np.clip(box[:, 2:], -20, 20)) * stride / 2
        boxes.append(np.concatenate([centre - half, centre + half], axis=1))
        points.append(_five_to_four(outputs[f"kps_{stride}"][near].reshape(-1, 5, 2) * stride + grid[:, None]))
        scores.append(score[near])
    return _selected(np.concatenate(boxes), np.concatenate(scores), np.concatenate(points), least)


def _scrfd(outputs: Outputs, side: int, least: float) -> Faces:
    """SCRFD with points: `score_S`, `bbox_S` (distances to the edges), `kps_S`, in strides, two anchors a cell."""
    boxes, scores, points = [], [], []
    for stride in (8, 16, 32):
        score = outputs[f"score_{stride}"].reshape(-1)
        near = np.flatnonzero(score > least)
        grid, reach = _grid(side, stride, 2)[near], outputs[f"bbox_{stride}"][near] * stride
        boxes.append(np.concatenate([grid - reach[:, :2], grid + reach[:, 2:]], axis=1))
        points.append(_five_to_four(outputs[f"kps_{stride}"][near].reshape(-1, 5, 2) * stride + grid[:, None]))
        scores.append(score[near])
    return _selected(np.concatenate(boxes), np.concatenate(scores), np.concatenate(points), least)


DETECTORS: Final[dict[str, Callable[[Outputs, int, float], Faces]]] = {
    "blazeface": _blazeface,
    "yunet": _yunet,
    "scrfd": _scrfd,
}
"""(outputs without the batch dimension, side of the square input in pixels, least score) to faces."""


def dlib_box(points: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The box (x1, y1, x2, y2, whole pixels) in which dlib's own detector would find the face of four `points` (4, 2).

    Its landmark predictor was trained on that detector's boxes. Fitted to 20 large faces: embeddings then agree with those of
    dlib's own detector to a cosine of 0.9993 on average, 0.997 at worst.
    """
    eyes, mouth = points[:2].mean(axis=0), points[3]
    side = BOX_SIDE * max(float(np.hypot(*(points[1] - points[0]))), float(np.hypot(*(mouth - eyes))) * BOX_UPRIGHT)
    centre = eyes + BOX_DROP * (mouth - eyes)
    return np.floor(np.concatenate([centre - side / 2, centre + side / 2]) + 0.5).astype(np.int64)


BOX_SIDE: Final = 2.6
BOX_UPRIGHT: Final = 0.95
BOX_DROP: Final = 0.3


def _dlib(picture: UInt8, points: Float32, predictor: Predictor | None, side: int) -> tuple[UInt8, npt.NDArray[Any]]:
    if predictor is None:
        raise ValueError("the dlib family needs landmarks.npz beside the pipeline")
    five = predictor.points(picture, dlib_box(points))
    return dlib_chip(picture, five.astype(np.float64), side), five


def _arcface(picture: UInt8, points: Float32, predictor: Predictor | None, side: int) -> tuple[UInt8, npt.NDArray[Any]]:
    return plain_chip(picture, points.astype(np.float64), _ARCFACE_FOUR, side), points


EMBEDDINGS: Final[dict[str, Callable[[UInt8, Float32, Predictor | None, int], tuple[UInt8, npt.NDArray[Any]]]]] = {
    "dlib": _dlib,
    "arcface": _arcface,
}
"""(picture, points (4, 2), landmark predictor, side of the chip) to (aligned chip, the points it was aligned by)."""
