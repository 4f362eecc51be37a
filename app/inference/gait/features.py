"""How somebody walks, in numbers with units, computed from the keypoints of one track; no network.

Angles and swings are those in the picture, so they depend on where the camera stands. Metres exist only where a homography of
the floor is given.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from app.inference.gait.sequence import SEEN_SCORE

Float64 = npt.NDArray[np.float64]
STRIDES_HZ: Final = np.arange(0.4, 1.65, 0.025)
"""Stride rates that are tried: 48 to 198 steps a minute."""
RHYTHM: Final = 0.35
"""Share of the legs' movement that one rhythm must explain for a walk."""
LEGS_MOVE: Final = 0.06
"""Trunk lengths (standard deviation): less is standing."""
TRUNKS_A_BODY: Final = 3.3
"""Body height over the distance from shoulders to hips, about 0.30 of it (Drillis and Contini, 1966)."""


@dataclass(frozen=True, slots=True)
class GaitFeatures:
    """Of one sequence. None where the points for it were not seen, or nobody walked.

    Attributes:
        speed_heights_per_s: how fast the hips cross the picture, in body heights; towards the camera this is nearly 0.
        step_asymmetry: 0 for even steps, 1 where one foot never passes the other.
        trunk_sway_deg, arm_swing_deg, *_range_deg: 5th to 95th percentile of an angle in the picture.
        rhythm: share of the legs' movement that goes with the stride.
    """

    walking: bool
    rhythm: float
    cadence_steps_per_min: float | None
    stride_time_s: float | None
    stride_length_heights: float | None
    stride_length_m: float | None
    speed_heights_per_s: float | None
    speed_m_per_s: float | None
    step_asymmetry: float | None
    trunk_sway_deg: float | None
    trunk_lean_deg: float | None
    arm_swing_left_deg: float | None
    arm_swing_right_deg: float | None
    knee_range_left_deg: float | None
    knee_range_right_deg: float | None
    hip_range_left_deg: float | None
    hip_range_right_deg: float | None
    elbow_range_left_deg: float | None
    elbow_range_right_deg: float | None


def features(keypoints: Float64, times_s: Float64, to_floor: Float64 | None = None) -> GaitFeatures:
    """Of (n, 17, 3) x, y pixels, score at (n,) rising seconds. `to_floor`: (3, 3) pixels to metres of the floor."""
    points = np.where(keypoints[..., 2:] >= SEEN_SCORE, keypoints[..., :2], np.nan).astype(np.float64)
    trunk = float(_middle(np.linalg.norm(points[:, 5:7].mean(1) - points[:, 11:13].mean(1), axis=1)) or math.nan)
    stride_hz, rhythm, asymmetry, moves = _stride(points, times_s, trunk)
    walking = rhythm >= RHYTHM and moves >= LEGS_MOVE
    stride = 1 / stride_hz if walking else None
    heights = _speed(points[:, 11:13].mean(1) / (trunk * TRUNKS_A_BODY), times_s)
    metres = None if to_floor is None else _speed(on_floor(points[:, 15:17].mean(1), to_floor), times_s)
    down = np.array([0.0, 1.0])
    lean = _signed(points[:, 5:7].mean(1) - points[:, 11:13].mean(1), -down)
    each = {
        f"{name}_{side}_deg": _range(angle)
        for offset, side in ((0, "left"), (1, "right"))
        for name, angle in _limbs(points, offset, down).items()
    }
    return GaitFeatures(
        walking=walking,
        rhythm=round(rhythm, 4),
        cadence_steps_per_min=None if stride is None else 120 / stride,
        stride_time_s=stride,
        stride_length_heights=None if stride is None or heights is None else heights * stride,
        stride_length_m=None if stride is None or metres is None else metres * stride,
        speed_heights_per_s=heights,
        speed_m_per_s=metres,
        step_asymmetry=asymmetry if walking else None,
        trunk_sway_deg=_range(lean),
        trunk_lean_deg=_middle(lean),
        **each,
    )


def on_floor(points: Float64, to_floor: Float64) -> Float64:
    """(n, 2) pixels to metres of the floor."""
    flat = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ to_floor.T
    floor: Float64 = flat[:, :2] / flat[:, 2:]
    return floor


def _limbs(points: Float64, side: int, down: Float64) -> dict[str, Float64]:
    shoulder, elbow, wrist, hip, knee, ankle = (points[:, joint + side] for joint in (5, 7, 9, 11, 13, 15))
    return {
        "arm_swing": _signed(wrist - shoulder, down),
        "knee_range": _between(hip - knee, ankle - knee),
        "hip_range": _signed(knee - hip, down),
        "elbow_range": _between(shoulder - elbow, wrist - elbow),
    }


def _signed(vectors: Float64, base: Float64) -> Float64:
    """Degrees from a direction, unwrapped to -180..180."""
    cross = base[0] * vectors[:, 1] - base[1] * vectors[:, 0]
    angle: Float64 = np.degrees(np.arctan2(cross, vectors @ base))
    return angle


def _between(one: Float64, two: Float64) -> Float64:
    size = np.linalg.norm(one, axis=1) * np.linalg.norm(two, axis=1)
    angle: Float64 = np.degrees(np.arccos(np.clip((one * two).sum(1) / np.maximum(size, 1e-9), -1, 1)))
    return angle


def _known(values: Float64) -> Float64:
    known: Float64 = values[np.isfinite(values)]
    return known


def _range(values: Float64) -> float | None:
    known = _known(values)
    if len(known) < 10:
        return None
    known.sort()
    low, high = known[round(0.05 * (len(known) - 1))], known[round(0.95 * (len(known) - 1))]
    return float(high - low)


def _middle(values: Float64) -> float | None:
    known = _known(values)
    return float(np.median(known)) if len(known) >= 10 else None


def _speed(places: Float64, times_s: Float64) -> float | None:
    """Length of the straight line fitted to the way, over its time: noise adds nothing to it."""
    known = np.isfinite(places).all(axis=1)
    if known.sum() < 10:
        return None
    at = times_s[known] - times_s[known].mean()
    slope = at @ places[known] / (at @ at + 1e-9)
    return float(np.linalg.norm(slope))


def _stride(points: Float64, times_s: Float64, trunk: float) -> tuple[float, float, float | None, float]:
    """(strides a second, share of the legs' movement they explain, step asymmetry, legs' movement in trunks).

    A sinusoid and its second harmonic are fitted by least squares at each rate (a periodogram for uneven times), to how far
    the left knee and ankle are from the right ones.
    """
    apart = np.concatenate([points[:, 15] - points[:, 16], points[:, 13] - points[:, 14]], axis=1) / trunk
    apart = apart[:, np.isfinite(apart).sum(axis=0) >= 15]
    rows = np.isfinite(apart).all(axis=1) if apart.shape[1] else np.zeros(len(apart), bool)
    if rows.sum() < 15:
        return 1.0, 0.0, None, 0.0
    moved, at = apart[rows], times_s[rows]
    moved = moved - moved.mean(axis=0)
    whole, span = float((moved**2).sum()) + 1e-12, float(at[-1] - at[0])
    fastest = 0.3 * (len(at) - 1) / max(span, 1e-6)
    rates = STRIDES_HZ[(STRIDES_HZ * span >= 0.9) & (fastest >= STRIDES_HZ)]
    if not len(rates):
        return 1.0, 0.0, None, 0.0
    waves = _waves(at, rates)
    turned = np.swapaxes(waves, 1, 2)
    right = turned @ moved
    solved = np.linalg.solve(turned @ waves + 1e-6 * np.eye(waves.shape[2]), right)
    # A penalty against half the true rate, which explains as much and more.
    shares = (right * solved).sum(axis=(1, 2)) / whole - 0.02 / rates
    best = int(shares.argmax())
    stride_hz = float(rates[best] + _between_steps(shares, best) * (rates[1] - rates[0] if len(rates) > 1 else 0.0))
    main = moved @ np.linalg.svd(moved, full_matrices=False)[2][0]
    main.sort()
    ahead, behind = main[round(0.95 * (len(main) - 1))], -main[round(0.05 * (len(main) - 1))]
    uneven = abs(ahead - behind) / max(ahead + behind, 1e-9)
    return stride_hz, max(float(shares[best]), 0.0), float(min(uneven, 1.0)), float(moved.std(axis=0).max())


def _between_steps(values: Float64, at: int) -> float:
    """How far the top of the parabola through the highest value and its neighbours lies from it, in steps, -0.5..0.5."""
    if not 0 < at < len(values) - 1:
        return 0.0
    before, top, after = values[at - 1 : at + 2]
    return float(np.clip(0.5 * (before - after) / min(before - 2 * top + after, -1e-12), -0.5, 0.5))


def _waves(at: Float64, rates: Float64) -> Float64:
    """(rates, n, 5) what is constant, and sine and cosine of the stride and of its double."""
    turn = 2 * np.pi * rates[:, None] * at
    waves: Float64 = np.stack([np.ones_like(turn), np.sin(turn), np.cos(turn), np.sin(2 * turn), np.cos(2 * turn)], axis=2)
    return waves
