"""One decoder a family of pose networks: raw output tensors to persons, in pixels of the network's input."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections
from app.perception.keypoints import KEYPOINT_COUNT

Float32 = npt.NDArray[np.float32]

MOST_CANDIDATES: Final = 3000
"""Candidates looked at in one frame, best first: far beyond any crowd, and a bound on what a broken model costs."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which candidates count as persons.

    Attributes:
        score: the least score kept.
        overlap: of two boxes whose intersection over union exceeds this, the one of lower score goes.
        most: persons kept in a frame.
    """

    score: float = 0.25
    overlap: float = 0.7
    most: int = 300


_AT_ONCE: Final = 256
"""Candidates up to which all pairs are compared at once: a few vector operations in all, whatever the number of persons."""


def suppress(boxes: Float32, overlap: float, most: int) -> npt.NDArray[np.intp]:
    """Greedy non-maximum suppression: indices of the boxes (n, 4; x1 y1 x2 y2; best first) that stay, in order."""
    corners = boxes.T.copy()
    x1, y1, x2, y2 = corners
    areas = (x2 - x1) * (y2 - y1)
    if len(boxes) <= _AT_ONCE:
        return _of_all_pairs(corners, areas, overlap, most)
    left = np.arange(len(boxes))
    kept: list[int] = []
    while len(left) and len(kept) < most:  # one step for each box that stays: the cost follows the persons
        best, left = left[0], left[1:]
        kept.append(int(best))
        width = np.minimum(x2[left], x2[best]) - np.maximum(x1[left], x1[best])
        height = np.minimum(y2[left], y2[best]) - np.maximum(y1[left], y1[best])
        shared = np.maximum(width, 0) * np.maximum(height, 0)
        left = left[shared <= overlap * (areas[left] + areas[best] - shared)]
    return np.array(kept, dtype=np.intp)


def _of_all_pairs(corners: Float32, areas: Float32, overlap: float, most: int) -> npt.NDArray[np.intp]:
    """`corners` is (4, n): x1 y1 x2 y2."""
    size = np.minimum(corners[2:, :, None], corners[2:, None, :])
    size -= np.maximum(corners[:2, :, None], corners[:2, None, :])
    np.maximum(size, 0, out=size)
    shared = size[0] * size[1]
    united = areas[:, None] + areas
    united -= shared
    united *= overlap
    goes = np.packbits(~(shared <= united), axis=1, bitorder="little")
    kept: list[int] = []
    gone, bytes_a_row, raw = 0, goes.shape[1], goes.tobytes()
    for index in range(len(areas)):
        if gone >> index & 1:
            continue
        kept.append(index)
        if len(kept) == most:
            break
        gone |= int.from_bytes(raw[index * bytes_a_row : (index + 1) * bytes_a_row], "little")
    return np.array(kept, dtype=np.intp)


def _yolo_pose(outputs: Sequence[npt.NDArray[Any]], selection: Selection) -> Detections:
    """YOLOv8/11 pose: one output (5 + 51, anchors): cx cy w h, score, 17 x (x, y, score)."""
    raw = outputs[0]
    if raw.ndim != 2 or len(raw) != 5 + 3 * KEYPOINT_COUNT:
        raise ValueError(f"a YOLO-pose output is (56, anchors), not {raw.shape}")
    candidates = np.flatnonzero(raw[4] > selection.score)
    if not len(candidates):
        return Detections.empty()
    order = (-raw[4, candidates]).argsort(kind="stable")[:MOST_CANDIDATES]
    best = candidates[order]
    place = raw[:4, best]
    half = place[2:] / 2
    boxes = np.concatenate([place[:2] - half, place[:2] + half]).T
    kept = suppress(boxes, selection.overlap, selection.most)
    persons = raw[:, best[kept]].T
    return Detections(boxes[kept], persons[:, 4].copy(), persons[:, 5:].reshape(-1, KEYPOINT_COUNT, 3))


def _rtmo(outputs: Sequence[npt.NDArray[Any]], selection: Selection) -> Detections:
    """RTMO as its authors export it, suppression inside: (n, 5) x1 y1 x2 y2 score, and (n, 17, 3) x y score."""
    found, keypoints = outputs
    kept = np.flatnonzero(found[:, 4] > selection.score)
    kept = kept[np.argsort(-found[kept, 4], kind="stable")][: selection.most]
    return Detections(found[kept, :4].copy(), found[kept, 4].copy(), keypoints[kept].copy())


def _yolo_bytes(width: int, height: int) -> tuple[int, ...]:
    """Three levels of cells, 8, 16 and 32 pixels wide, 56 float32 each."""
    return (56 * 4 * sum((width // step) * (height // step) for step in (8, 16, 32)),)


def _rtmo_bytes(_width: int, _height: int) -> tuple[int, ...]:
    """Exports keep at most 2,000 persons; their count varies from frame to frame."""
    return (2000 * 5 * 4, 2000 * KEYPOINT_COUNT * 3 * 4)


@dataclass(frozen=True, slots=True)
class Family:
    """How to read a kind of network.

    Attributes:
        decode: raw outputs of one frame (without the batch dimension) to persons, pixels of the network's input.
        output_bytes: upper bound of each output of one frame of (width, height).
    """

    decode: Callable[[Sequence[npt.NDArray[Any]], Selection], Detections]
    output_bytes: Callable[[int, int], tuple[int, ...]]


FAMILIES: Final = {"yolo_pose": Family(_yolo_pose, _yolo_bytes), "rtmo": Family(_rtmo, _rtmo_bytes)}
