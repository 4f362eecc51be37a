"""Aligned face chips, cut the way dlib cuts them: another warp moves its embeddings by 0.08 on average.

Coordinates are pixels, x right and y down, centres of pixels at integers. Pictures are (h, w, 3) uint8 RGB.
Follows dlib's `extract_image_chips` and `pyramid_down<2>` (Boost licence) as measured against the library.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

UInt8 = npt.NDArray[np.uint8]
Float64 = npt.NDArray[np.float64]

DLIB_POINTS = np.array(
    [
        (0.8595674595992, 0.2134981538014), (0.6460604764104, 0.2289674387677), (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242), (0.4901123135679, 0.6277975316475),
    ]
)  # fmt: skip
"""Where dlib wants its five points (corners of the eyes, right of the picture first, and base of the nose) in a unit chip."""

ARCFACE_POINTS = (
    np.array([(38.2946, 51.6963), (73.5318, 51.5014), (56.0252, 71.7366), (41.5493, 92.3655), (70.7299, 92.2041)]) / 112
)
"""Where ArcFace models want eyes, nose and corners of the mouth (left of the picture first) in a unit chip."""


@dataclass(frozen=True)
class Similarity:
    """z -> turn z + shift, in complex numbers: `turn` is scale and rotation."""

    turn: complex
    shift: complex

    def of(self, points: Float64) -> Float64:
        """(n, 2) mapped."""
        moved = self.turn * (points[:, 0] + 1j * points[:, 1]) + self.shift
        return np.stack([moved.real, moved.imag], axis=1)


def similarity(source: Float64, target: Float64) -> Similarity:
    """The least-squares similarity that takes (n, 2) `source` to `target` (Umeyama 1991, no reflection)."""
    z = source[:, 0].astype(float) + 1j * source[:, 1]
    w = target[:, 0].astype(float) + 1j * target[:, 1]
    centred = z - z.mean()
    spread = float((np.abs(centred) ** 2).sum())
    turn = complex((np.conj(centred) * (w - w.mean())).sum() / spread) if spread > 0 else 1 + 0j
    return Similarity(turn, complex(w.mean() - turn * z.mean()))


def dlib_chip(picture: UInt8, points: Float64, side: int = 150, padding: float = 0.25) -> UInt8:
    """The (side, side, 3) chip of dlib's five `points` (5, 2), equal to `dlib.get_face_chip`."""
    wanted = (padding + DLIB_POINTS) / (2 * padding + 1) * side
    found = similarity(wanted, points)
    span = side * abs(found.turn)
    centre = found.of(np.array([[side / 2, side / 2]]))[0]
    half = (span - 1) / 2
    box = np.array([centre[0] - half, centre[1] - half, centre[0] + half, centre[1] + half])
    angle = math.atan2(found.turn.imag, found.turn.real)
    region = _region(picture, box, angle, side)
    left, top, right, bottom = region
    level = picture[top : bottom + 1, left : right + 1]
    box = box - [left, top, left, top]
    while _area(_down(box)) > side * side and min(level.shape[:2]) > 10:
        level, box = halve(level), _down(box)
    centre = (box[:2] + box[2:]) / 2
    corners = np.array([box[:2], [box[2], box[1]], [box[0], box[3]]])
    turned = _rotate(corners, centre, angle)
    step_x, step_y = (turned[1] - turned[0]) / (side - 1), (turned[2] - turned[0]) / (side - 1)
    return _bilinear(level, turned[0], step_x, step_y, side)


def plain_chip(picture: UInt8, points: Float64, wanted: Float64, side: int) -> UInt8:
    """The (side, side, 3) chip in which `points` (5, 2) lie near `wanted` (5, 2; unit chip): bilinear, as ArcFace models are fed.

    A larger face is halved first as often as it can be, so that nothing aliases.
    """
    found, level, points = similarity(wanted * side, points), picture, points.astype(float)
    while abs(found.turn) > 2 and min(level.shape[:2]) > 10:
        level, points = halve(level), points / 2 - 1
        found = similarity(wanted * side, points)
    start = found.of(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    return _bilinear(level, start[0], start[1] - start[0], start[2] - start[0], side)


def halve(picture: UInt8) -> UInt8:
    """Half the size: a 5x5 binomial filter, then every other pixel from the third on."""
    weights = (1, 4, 6, 4, 1)
    rows, columns = (picture.shape[0] - 3) // 2, (picture.shape[1] - 3) // 2
    wide = np.zeros((len(picture), columns, 3), np.int32)
    for k, weight in enumerate(weights):
        wide += weight * picture[:, k : k + 2 * columns - 1 : 2].astype(np.int32)
    high = np.zeros((rows, columns, 3), np.int32)
    for k, weight in enumerate(weights):
        high += weight * wide[k : k + 2 * rows - 1 : 2]
    return np.asarray(high // 256, np.uint8)


def _region(picture: UInt8, box: Float64, angle: float, side: int) -> tuple[int, int, int, int]:
    """The part of the picture a chip is cut from: its turned box, a border for the halvings, inside the picture."""
    grow, smaller = 2.0, _down(box)
    while _area(smaller) > side * side:
        smaller, grow = _down(smaller), grow * 2 + 2
    centre = (box[:2] + box[2:]) / 2
    corners = np.array([box[:2], [box[2], box[1]], [box[0], box[3]], box[2:]])
    turned = _rotate(corners, centre, angle)
    height, width = picture.shape[:2]
    low = np.maximum(turned.min(axis=0) - grow, 0)
    high = np.minimum(turned.max(axis=0) + grow, [width - 1, height - 1])
    left, top = np.floor(np.minimum(low, [width - 1, height - 1]) + 0.5).astype(int)
    right, bottom = np.floor(np.maximum(high, [left, top]) + 0.5).astype(int)
    return int(left), int(top), int(right), int(bottom)


def _down(box: Float64) -> Float64:
    """A box in the picture of half the size, by dlib's own mapping."""
    return np.asarray(box / 2 - np.array([1.25, 0.75, 1.25, 0.75]))


def _area(box: Float64) -> float:
    return float((box[2] - box[0] + 1) * (box[3] - box[1] + 1))


def _rotate(points: Float64, centre: Float64, angle: float) -> Float64:
    cos, sin = math.cos(angle), math.sin(angle)
    x, y = (points - centre).T
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=1) + centre


def _bilinear(picture: UInt8, origin: Float64, step_x: Float64, step_y: Float64, side: int) -> UInt8:
    """Sample at origin + c step_x + r step_y; black where a neighbour lies outside the picture."""
    column, row = np.meshgrid(np.arange(side), np.arange(side))
    x = origin[0] + column * step_x[0] + row * step_y[0]
    y = origin[1] + column * step_x[1] + row * step_y[1]
    left, top = np.floor(x).astype(int), np.floor(y).astype(int)
    inside = (left >= 0) & (top >= 0) & (left + 1 < picture.shape[1]) & (top + 1 < picture.shape[0])
    left, top = np.where(inside, left, 0), np.where(inside, top, 0)
    if min(picture.shape[:2]) < 2:
        return np.zeros((side, side, 3), np.uint8)
    across, down = (x - left)[..., None], (y - top)[..., None]
    upper = (1 - across) * picture[top, left] + across * picture[top, left + 1]
    lower = (1 - across) * picture[top + 1, left] + across * picture[top + 1, left + 1]
    mixed = (1 - down) * upper + down * lower
    return np.where(inside[..., None], mixed, 0).astype(np.uint8)
