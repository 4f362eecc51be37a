"""The way down of somebody whose shoulders are low: how they stood before, how they came down, how they lie or crouch now.

Signs are lengths of the picture in standing heights of the same person as they were just before the way down: somebody who
walks away from the camera looks smaller when they fall than when they came. Pure.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.behaviour.bodies import ANKLES, BOX_BOTTOM, BOX_TOP, BOX_WIDTH, BOX_X, HIPS, SHOULDERS, STATURE, heights
from app.behaviour.motion import LOW, Motion
from app.behaviour.posture import ground_y, mean, shoulders_y

Doubles = npt.NDArray[np.float64]
SHARE = 0.15
"""The way down is timed between this share of the drop from its top and from its bottom."""
NOW_S, BEFORE_S, STILL_S, PEAK_S = 0.4, 0.8, 0.8, 0.4
LEAST_S = 0.3
"""A way down that seems to take less: a glitch of the pose, or a frame rate too low to tell."""
LEAST_DROP, TELLING_DROP = 0.02, 0.15
"""Standing heights: less is no way down; less does not tell when it began, and whether it was a fall."""
LEAST_STATURE = 0.6
"""Of the standing height known so far: what looks shorter before the way down is a seat or a knee."""
BORDER, FARTHEST_DROP = 0.985, 0.9
"""Whoever walks out at the picture's bottom sinks farther than shoulders are high (shares of the picture, standing heights)."""

SIGNS = (
    "box_height", "box_width", "hips_off_box", "rise", "trunk", "span", "shoulders", "hips", "before_shoulders", "before_hips",
    "before_trunk", "before_rise", "before_width", "before_height", "speed", "drop", "took_s", "peak", "hips_drop", "restless",
    "ankles_off_hips",
)  # fmt: skip
"""In the order of `Way.signs`. `rise`: shoulders over hips; `span`: shoulders to ankles; `peak`: fastest 0.4 s; those before the
way down say `before`."""
SPEED, PEAK = SIGNS.index("speed"), SIGNS.index("peak")


@dataclass(frozen=True, slots=True)
class Way:
    """One way down.

    Attributes:
        drop: in standing heights; signs: NaN where a part was not seen; None for less than `TELLING_DROP`.
        ago_s: since it began; stature: the standing height before it, in picture heights.
    """

    drop: float
    signs: Doubles | None
    ago_s: float
    stature: float


def ways_down(motion: Motion, stature: Doubles, within_s: float) -> dict[int, Way | None]:
    """Of whoever has low shoulders in the last frame, by place there; None: no way down, or a walk out of the picture.

    `stature`: (n,) about how tall they stand, in picture heights.
    """
    now = motion.now()
    low = np.flatnonzero(heights(now) < LOW * stature).tolist()
    return {
        index: _inside(way_down(motion, index, float(stature[index]), within_s), float(now[index, BOX_BOTTOM])) for index in low
    }


def _inside(way: Way | None, bottom: float) -> Way | None:
    """None for whoever walks out at the picture's bottom."""
    return None if way is not None and bottom > BORDER and way.drop > FARTHEST_DROP else way


def way_down(motion: Motion, index: int, rough: float, within_s: float) -> Way | None:
    """The way down in the last `within_s`; None where there is none. `rough`: about how tall they stand, in picture heights."""
    times = motion.times()
    start = int(np.searchsorted(times, -within_s))
    times, window = times[start:], motion.person(index, start).astype(np.float64)
    y = shoulders_y(window, rough)
    there = np.flatnonzero(~np.isnan(y))
    if len(there) < 3:
        return None
    at, y, window = times[there], y[there], window[there]
    y[1:-1] = _middle(y[:-2], y[1:-1], y[2:])
    lowest, highest = float(np.mean(y[-3:])), float(y.min())
    drop = lowest - highest
    if drop <= LEAST_DROP * rough:
        return None
    if drop < TELLING_DROP * rough:
        return Way(drop / rough, None, 0.0, rough)
    arrived = int(np.argmax((y >= lowest - SHARE * drop) & (np.arange(len(y)) >= int(np.argmin(y)))))
    high = np.flatnonzero(y[: arrived + 1] <= highest + SHARE * drop)
    left = int(high[-1]) if len(high) else 0
    upright = slice(int(np.searchsorted(at, at[left] - BEFORE_S)), left + 1)
    stature = max(float(np.median(window[upright, STATURE])), LEAST_STATURE * rough)
    took = max(float(at[arrived] - at[left]), LEAST_S)
    now, before = mean(window[at >= -NOW_S]), mean(window[upright])
    lengths = np.array([
        *_lengths(now, stature, lowest),
        float(np.median(ground_y(window[upright], stature) - y[upright])), float(ground_y(before, stature)) - before[_HIPS_Y],
        _trunk(before),
        before[_HIPS_Y] - before[_SHOULDERS_Y],
        before[BOX_WIDTH], before[BOX_BOTTOM] - before[BOX_TOP],
        float(y[arrived] - y[left]) / took, drop, took * stature, _peak(at, y), now[_HIPS_Y] - before[_HIPS_Y],
        _restless(window[at >= -STILL_S]), abs(now[ANKLES.start] - now[HIPS.start]),
    ])  # fmt: skip
    return Way(drop / stature, lengths / stature, float(-at[left]), stature)


_SHOULDERS_Y, _HIPS_Y, _ANKLES_Y = SHOULDERS.start + 1, HIPS.start + 1, ANKLES.start + 1


def _middle(one: Doubles, other: Doubles, third: Doubles) -> Doubles:
    """The median of three, at a fraction of what np.median costs."""
    return np.maximum(np.minimum(one, other), np.minimum(np.maximum(one, other), third))


def _lengths(now: Doubles, stature: float, lowest: float) -> tuple[float, ...]:
    """The signs of how somebody is now, in picture heights."""
    shoulders = lowest if np.isnan(now[_SHOULDERS_Y]) else now[_SHOULDERS_Y]
    span = np.hypot(now[ANKLES.start] - now[SHOULDERS.start], now[_ANKLES_Y] - now[_SHOULDERS_Y])
    feet = float(ground_y(now, stature))
    return (
        now[BOX_BOTTOM] - now[BOX_TOP], now[BOX_WIDTH], abs(now[HIPS.start] - now[BOX_X]), now[_HIPS_Y] - shoulders, _trunk(now),
        span, feet - shoulders, feet - now[_HIPS_Y],
    )  # fmt: skip


def _trunk(body: Doubles) -> float:
    return float(np.hypot(body[HIPS.start] - body[SHOULDERS.start], body[_HIPS_Y] - body[_SHOULDERS_Y]))


def _peak(at: Doubles, y: Doubles) -> float:
    """The fastest way down over `PEAK_S` and a frame more, a second."""
    ends = np.searchsorted(at, at + PEAK_S)
    begins = np.flatnonzero(ends < len(at))
    if not len(begins):
        return 0.0
    ends = ends[begins]
    return max(0.0, float(((y[ends] - y[begins]) / np.maximum(at[ends] - at[begins], LEAST_S)).max()))


def _restless(rows: Doubles) -> float:
    """How far the box's middle and bottom stray."""
    return float(rows[:, BOX_X].std() + rows[:, BOX_BOTTOM].std()) if len(rows) > 1 else float("nan")
