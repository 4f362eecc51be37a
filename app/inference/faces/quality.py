"""How usable a face is, in five parts of 0..1 each. They are heuristics of measured pictures, not probabilities."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

PARTS: Final = ("size", "sharpness", "pose", "light", "occlusion")
FULL_SIZE_PX: Final = 80.0
"""Width of a face at which size costs nothing: half of dlib's chip is the face, so little more is looked at."""

_SHARP: Final = 60.0


def quality(
    chip: npt.NDArray[np.uint8], box: npt.NDArray[Any], score: float, points: npt.NDArray[Any]
) -> npt.NDArray[np.float32]:
    """(5,) in the order of `PARTS`.

    Args:
        chip: aligned, (s, s, 3).
        box: x1, y1, x2, y2 in pixels of the picture the face was found in.
        score: the detector's; low where a hand or a mask is in the way.
        points: (4, 2) eyes (left of the picture first), nose, mouth.
    """
    side = len(chip)
    inner = chip[side // 5 : -side // 5, side // 5 : -side // 5].astype(np.float32).mean(axis=2)
    size = min(1.0, float(box[2] - box[0]) / FULL_SIZE_PX)
    return np.array([size, _sharpness(inner), _pose(points), _light(inner), float(score)], np.float32).clip(0, 1)


def _sharpness(grey: npt.NDArray[np.float32]) -> float:
    """Variance of the Laplacian against a half-way value of 60."""
    middle = grey[1:-1, 1:-1]
    edges = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle
    variance = float(edges.var())
    return variance / (variance + _SHARP)


def _pose(points: npt.NDArray[Any]) -> float:
    """1 when the nose lies between the eyes, 0 when it has reached one of them: turned by about 45 degrees."""
    left, right, nose, _ = points.astype(np.float64)
    across = right - left
    span = float(across @ across)
    return 0.0 if span == 0 else float(1 - min(1.0, 2 * abs((nose - left) @ across / span - 0.5)))


def _light(grey: npt.NDArray[np.float32]) -> float:
    """Neither dark nor burnt out, with some contrast: each missing thing takes its share."""
    mean, spread = float(grey.mean()), float(grey.std())
    exposure = min(1.0, mean / 60, max(0.0, (255 - mean) / 55))
    burnt = float((grey > 250).mean() + (grey < 5).mean())
    return exposure * min(1.0, spread / 25) * max(0.0, 1 - 2 * burnt)
