"""How low and how flat people are, for the rules about falls and about people on the floor. Pure, all people at once.

Heights are those of a picture, in standing heights of the same person: a standing shoulder is 0.75 over the ankles, a seated
one 0.6, a kneeling one 0.55. Somebody who lies has neither shoulders nor hips over the ankles and no upright torso; somebody
who bends has high hips, somebody who squats an upright torso. A camera that looks down steeply sees someone who lies away
from it long: then the three disagree and the score falls, which is the limit of one camera.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.behaviour.bodies import (
    ANKLES,
    BOX_BOTTOM,
    BOX_TOP,
    BOX_WIDTH,
    HEAD,
    HIPS,
    SHOULDERS,
    STATURE,
    heights,
)
from app.behaviour.motion import LOW, Motion

Doubles = npt.NDArray[np.float64]
RECENT_S = 0.35
TOP_TO_HEAD, HEAD_TO_SHOULDERS, ANKLES_TO_BOTTOM = 0.06, 0.12, 0.03
"""Standing heights between parts of a body and its box, for where a part is hidden."""
BEFORE_S, WINDOW_S = 0.8, 4.0


@dataclass(frozen=True, slots=True)
class Posture:
    """Of the people of one frame, each (n,), means of the last third of a second.

    Attributes:
        lying: 0..1, half where somebody is as likely to lie as not.
        shoulders, hips: height over the ankles; `rise`: shoulders over hips; in standing heights.
        stature: standing height, in picture heights.
    """

    lying: npt.NDArray[np.float64]
    shoulders: npt.NDArray[np.float64]
    hips: npt.NDArray[np.float64]
    rise: npt.NDArray[np.float64]
    stature: npt.NDArray[np.float64]


def ramp(value: npt.NDArray[np.floating], none: float, full: float) -> npt.NDArray[np.float64]:
    """0 at `none`, 1 at `full`, straight between and flat beyond; NaN stays NaN."""
    share: npt.NDArray[np.float64] = np.minimum(np.maximum((value - none) * (1.0 / (full - none)), 0.0), 1.0)
    return share


def _known(share: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """0 for NaN."""
    return np.where(np.isnan(share), 0.0, share)


def mean(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    """Mean over the first axis of what is there; NaN where nothing is."""
    total = values.sum(axis=0, dtype=np.float64)
    if not np.isnan(total).any():  # most often everything is there
        return total / len(values) if len(values) else np.full(values.shape[1:], np.nan)
    there = values == values
    count = there.sum(axis=0)
    total = np.where(there, values, 0).sum(axis=0, dtype=np.float64)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def statures(motion: Motion) -> npt.NDArray[np.float64]:
    """(n,) standing height: as it was before the last second, else as it is."""
    known = motion.memo.get("statures")
    if isinstance(known, np.ndarray):
        return known.copy()
    times, window = motion.times(), motion.window(slice(STATURE, STATURE + 1))[:, :, 0]
    start, end = np.searchsorted(times, [-WINDOW_S, -BEFORE_S])
    before = mean(window[start:end])
    unknown = np.isnan(before)
    stature = np.where(unknown, mean(window[end:]), before) if unknown.any() else before
    motion.memo["statures"] = stature
    return stature.copy()


def maybe_low(motion: Motion, stature: npt.NDArray[np.float64]) -> bool:
    """Whether anybody's shoulders are low at all: a look at the last frame that spares most frames the rest."""
    return bool((heights(motion.now()) < LOW * stature).any())


def ground_y(bodies: Doubles, stature: Doubles | float) -> Doubles:
    """(...,) how far down the ankles of bodies (..., features) are, from the box's bottom where they are hidden."""
    ankles = bodies[..., ANKLES.start + 1]
    return np.where(np.isnan(ankles), bodies[..., BOX_BOTTOM] - ANKLES_TO_BOTTOM * stature, ankles)


def shoulders_y(bodies: Doubles, stature: Doubles | float) -> Doubles:
    """(...,) how far down the shoulders are, from the head or the box's top where they are hidden."""
    head, shoulders = bodies[..., HEAD.start + 1], bodies[..., SHOULDERS.start + 1]
    top = np.where(np.isnan(head), bodies[..., BOX_TOP] + TOP_TO_HEAD * stature, head)
    return np.where(np.isnan(shoulders), top + HEAD_TO_SHOULDERS * stature, shoulders)


def posture(motion: Motion, stature: npt.NDArray[np.float64]) -> Posture:
    """The posture of the people of the last frame."""
    known = motion.memo.get("posture")
    if isinstance(known, Posture) and np.array_equal(known.stature, stature):
        return known
    now = mean(motion.window(slice(0, BOX_WIDTH + 1), int(np.searchsorted(motion.times(), -RECENT_S))))
    ground, neck_y = ground_y(now, stature), shoulders_y(now, stature)
    shoulders = (ground - neck_y) / stature
    hips = (ground - now[:, HIPS.start + 1]) / stature
    rise = (now[:, HIPS.start + 1] - neck_y) / stature
    wide = ramp(now[:, BOX_WIDTH] / np.maximum(now[:, BOX_BOTTOM] - now[:, BOX_TOP], 1e-6), 0.6, 1.4)
    span = np.hypot(now[:, ANKLES.start] - now[:, SHOULDERS.start], now[:, ANKLES.start + 1] - neck_y) / stature
    boxed = np.hypot(now[:, BOX_WIDTH], now[:, BOX_BOTTOM] - now[:, BOX_TOP]) * 0.7 / stature
    # Somebody who squats is short in every direction; so is somebody who lies along the view, but far lower.
    long = np.maximum(ramp(np.where(np.isnan(span), boxed, span), 0.15, 0.4), _known(ramp(shoulders, 0.18, 0.0)))
    sunk = np.where(np.isnan(hips), wide, ramp(hips, 0.42, 0.18))
    flat = np.minimum(ramp(shoulders, 0.42, 0.12), np.where(np.isnan(rise), wide, ramp(rise, 0.18, 0.04)))
    # Lying away from the camera: seen as a slope, but a straight one. Somebody who squats has the hips near the feet.
    straight = _known(ramp(hips / np.maximum(shoulders, 0.05), 0.42, 0.62))
    slope = np.minimum(np.minimum(ramp(shoulders, 0.6, 0.4), straight), _known(ramp(rise, 0.24, 0.12)))
    lying = np.minimum(np.minimum(long, sunk), np.maximum(flat, slope))
    result = Posture(_known(lying), shoulders, hips, rise, stature.copy())
    motion.memo["posture"] = result
    return result
