"""One decoder a family of pose networks: raw output tensors to persons, in pixels of the network's input."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections, joined
from app.perception.keypoints import KEYPOINT_COUNT

Float32 = npt.NDArray[np.float32]
Outputs = Sequence[npt.NDArray[Any]]

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

    @property
    def asked(self) -> dict[str, str]:
        """A request's parameters: a server may leave out what is not asked about (the pose model's contract.toml)."""
        return {"least_score": str(self.score)}


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
    left, bytes_a_row, raw = (1 << len(areas)) - 1, goes.shape[1], goes.tobytes()
    while left and len(kept) < most:
        index = (left & -left).bit_length() - 1
        kept.append(index)
        row = int.from_bytes(raw[index * bytes_a_row : (index + 1) * bytes_a_row], "little")
        left &= ~(row | 1 << index)
    return np.array(kept, dtype=np.intp)


def suppress_all(corners: Float32, counts: Sequence[int], overlap: float, most: int) -> list[npt.NDArray[np.intp]]:
    """`suppress` of several frames. `corners` is (4, n): x1 y1 x2 y2 of the boxes of all, each frame's best first; indices count
    within each frame."""
    if not any(counts):
        return [_NOBODY] * len(counts)
    starts = list(itertools.accumulate(counts, initial=0))
    if len(counts) == 1 or max(counts) > _TOGETHER:
        return [suppress(corners[:, start:end].T, overlap, most) for start, end in itertools.pairwise(starts)]
    frames, padded = np.arange(len(counts)), np.zeros((4, len(counts), max(counts)), np.float32)
    alive = np.zeros(padded.shape[1:], bool)
    for frame, (start, end) in enumerate(itertools.pairwise(starts)):
        padded[:, frame, : end - start], alive[frame, : end - start] = corners[:, start:end], True
    low, high = padded[:2], padded[2:]
    areas = (high[0] - low[0]) * (high[1] - low[1])
    steps, held = list[npt.NDArray[np.intp]](), list[npt.NDArray[np.bool_]]()
    while len(steps) < most:  # one step for each box that stays in the fullest frame: what takes time is the number of calls
        best = alive.argmax(axis=1)
        has = alive[frames, best]
        if not has.any():
            break
        steps.append(best)
        held.append(has)
        own = padded[:, frames, best][:, :, None]
        size = np.minimum(high, own[2:])
        size -= np.maximum(low, own[:2])
        np.maximum(size, 0, out=size)
        shared = size[0] * size[1]
        united = areas + areas[frames, best][:, None]
        united -= shared
        united *= overlap
        alive &= shared <= united
        alive[frames, best] = False
    chosen, is_one = np.array(steps, np.intp), np.array(held, bool)
    return [chosen[is_one[:, frame], frame] for frame in range(len(counts))] if steps else [_NOBODY] * len(counts)


_TOGETHER: Final = 128
"""Candidates of a frame up to which frames are suppressed together."""

_NOBODY: Final = np.zeros(0, np.intp)


def _yolo_poses(frames: Sequence[Outputs], selection: Selection) -> tuple[Detections, list[int]]:
    """YOLOv8/11 pose: one output (5 + 51, anchors): cx cy w h, score, 17 x (x, y, score)."""
    raws = [outputs[0] for outputs in frames]
    for raw in raws:
        if raw.ndim != 2 or len(raw) != 5 + 3 * KEYPOINT_COUNT:
            raise ValueError(f"a YOLO-pose output is (56, anchors), not {raw.shape}")
    found = [(raw[4] > selection.score).nonzero()[0] for raw in raws]
    best = [_best(raw, candidates) for raw, candidates in zip(raws, found, strict=True)]
    counts = [len(each) for each in best]
    if not any(counts):
        return Detections.empty(), counts
    place = _side_by_side([raw[:4].take(each, axis=1) for raw, each in zip(raws, best, strict=True)])
    half = place[2:] / 2
    corners = np.concatenate([place[:2] - half, place[:2] + half])
    kept = suppress_all(corners, counts, selection.overlap, selection.most)
    persons = _side_by_side([raw.take(each[own], axis=1) for raw, each, own in zip(raws, best, kept, strict=True)]).T
    chosen = _side_by_side([own + start for own, start in zip(kept, itertools.accumulate(counts, initial=0), strict=False)])
    keypoints = persons[:, 5:].reshape(-1, KEYPOINT_COUNT, 3)
    return Detections(corners.take(chosen, axis=1).T.copy(), persons[:, 4].copy(), keypoints), [len(each) for each in kept]


def _side_by_side(parts: Sequence[npt.NDArray[Any]]) -> npt.NDArray[Any]:
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)


def _best(raw: npt.NDArray[Any], candidates: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Columns of a raw output, best score first."""
    order: npt.NDArray[np.intp] = (-raw[4].take(candidates)).argsort(kind="stable")[:MOST_CANDIDATES]
    return candidates[order]


def _rtmos(frames: Sequence[Outputs], selection: Selection) -> tuple[Detections, list[int]]:
    return joined([_rtmo(outputs, selection) for outputs in frames])


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
        decode_all: raw outputs of several frames (each without the batch dimension) to the persons of all, one frame after
            another, in pixels of the network's input; and how many each has.
        output_bytes: upper bound of each output of one frame of (width, height).
    """

    decode_all: Callable[[Sequence[Outputs], Selection], tuple[Detections, list[int]]]
    output_bytes: Callable[[int, int], tuple[int, ...]]

    def decode(self, outputs: Outputs, selection: Selection) -> Detections:
        """`decode_all` of one frame."""
        return self.decode_all([outputs], selection)[0]


FAMILIES: Final = {"yolo_pose": Family(_yolo_poses, _yolo_bytes), "rtmo": Family(_rtmos, _rtmo_bytes)}
