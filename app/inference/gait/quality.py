"""Whether a sequence is good enough to compare gait by, and why not."""

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.inference.gait.features import GaitFeatures
from app.inference.gait.sequence import SEEN_SCORE

Float64 = npt.NDArray[np.float64]
FEWEST_FRAMES: Final = 30
SLOWEST_FPS: Final = 3.5
"""4 frames a second, less what the pose model misses."""
LONGEST_GAP_S: Final = 2.0
FEWEST_SEEN: Final = 0.5
_LIMBS = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]


class Unfit(enum.StrEnum):
    """Why a sequence gives no result."""

    TOO_FEW_FRAMES = "too few frames"
    TOO_SLOW = "too few frames a second"
    TOO_LONG_A_GAP = "not seen for too long"
    TOO_MUCH_HIDDEN = "too many joints hidden"
    NOT_FINITE = "no numbers"


class Facing(enum.StrEnum):
    """Where the camera sees the walker from."""

    FRONT = "front"
    BACK = "back"
    SIDE = "side"
    OBLIQUE = "oblique"


@dataclass(frozen=True, slots=True)
class GaitQuality:
    """Of one sequence; shares are 0..1.

    Attributes:
        overall: the product of what follows, 0..1: length against 4 s, joints seen, walking or half of it.
        seen_share: of the twelve points of the limbs.
    """

    overall: float
    frames: int
    seconds: float
    frames_per_s: float
    longest_gap_s: float
    seen_share: float
    facing: Facing
    walking: bool


def unfit(keypoints: Float64, times_s: Float64) -> Unfit | None:
    """Why this (n, 17, 3) sequence at (n,) seconds gives no result; None when it does."""
    if len(times_s) < FEWEST_FRAMES:
        return Unfit.TOO_FEW_FRAMES
    if not (np.isfinite(keypoints).all() and np.isfinite(times_s).all()):
        return Unfit.NOT_FINITE
    gaps = np.diff(times_s)
    if (gaps <= 0).any() or gaps.max() > LONGEST_GAP_S:
        return Unfit.TOO_LONG_A_GAP
    if (len(times_s) - 1) / (times_s[-1] - times_s[0]) < SLOWEST_FPS:
        return Unfit.TOO_SLOW
    if (keypoints[:, _LIMBS, 2] >= SEEN_SCORE).mean() < FEWEST_SEEN:
        return Unfit.TOO_MUCH_HIDDEN
    return None


def quality(keypoints: Float64, times_s: Float64, found: GaitFeatures) -> GaitQuality:
    """Of a sequence that is fit."""
    gaps = np.diff(times_s)
    seconds = float(times_s[-1] - times_s[0])
    seen = float((keypoints[:, _LIMBS, 2] >= SEEN_SCORE).mean())
    overall = min(1.0, seconds / 4) * seen * (1.0 if found.walking else 0.5)
    return GaitQuality(
        overall=round(overall, 4),
        frames=len(times_s),
        seconds=seconds,
        frames_per_s=(len(times_s) - 1) / max(seconds, 1e-6),
        longest_gap_s=float(gaps.max()),
        seen_share=round(seen, 4),
        facing=facing(keypoints),
        walking=found.walking,
    )


def facing(keypoints: Float64) -> Facing:
    """From how wide the shoulders look against the trunk, which shoulder is on the left, and whether there is a nose."""
    sound = (keypoints[:, [5, 6, 11, 12], 2] >= SEEN_SCORE).all(axis=1)
    if sound.sum() < 5:
        return Facing.OBLIQUE
    points = keypoints[sound, :, :2]
    across = float(np.median(points[:, 5, 0] - points[:, 6, 0]))
    trunk = float(np.median(np.linalg.norm(points[:, 5:7].mean(1) - points[:, 11:13].mean(1), axis=1)))
    wide = abs(across) / max(trunk, 1e-6)
    if wide < 0.25:
        return Facing.SIDE
    if wide < 0.5:
        return Facing.OBLIQUE
    return Facing.FRONT if across > 0 else Facing.BACK
