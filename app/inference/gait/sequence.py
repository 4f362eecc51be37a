"""Keypoints of one track, seen at whatever times, as the gait network takes them: a grid in time, in units of the trunk.

The hips' way and the trunk's length are fitted by cubics in time, so that coming closer and walking on fall out and the
bounce and the sway stay. Points are then averaged over neighbouring frames by triangular weights; those never seen have
weight 0 and place 0.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

RATE_HZ: Final = 12.0
SLOTS: Final = 96
"""Of 1 / RATE_HZ: 8 s; what is longer is cut to its last 8 s."""
CHANNELS: Final = 56
"""17 x (x, y, share seen); hips' way in x and y, growth, frame rate, whether a frame is near."""
SEEN_SCORE: Final = 0.3
_FURTHEST = 4.0


def network_input(keypoints: Float32, times_s: Float32, present: npt.NDArray[np.bool_], slots: int = SLOTS) -> Float32:
    """(b, slots, CHANNELS) of b sequences.

    Args:
        keypoints: (b, n, 17, 3) x, y pixels, score; as in `app.perception.keypoints`.
        times_s: (b, n) rising.
        present: (b, n) false for frames that there are not.
        slots: of the grid; the last frame present lies in the last slot that is used.
    """
    seen = ((keypoints[..., 2] >= SEEN_SCORE) & present[..., None]).astype(np.float32)
    end = np.where(present, times_s, -np.inf).max(axis=1, keepdims=True)
    span = np.float32(slots / RATE_HZ)
    begin = np.maximum(np.where(present, times_s, np.inf).min(axis=1, keepdims=True), end - span)
    grid = begin + np.arange(slots, dtype=np.float32) / np.float32(RATE_HZ) + np.float32(0.5 / RATE_HZ)
    now = present & (times_s >= begin)
    flat, trend, rate = _flattened(keypoints, seen * now[..., None], times_s, begin, grid)
    weights, near = _weights(grid, times_s, now, rate)
    shares = weights @ seen
    total = weights.sum(axis=2, keepdims=True) + 1e-6
    b, n = times_s.shape
    mass = np.concatenate([flat[..., 0] * seen, flat[..., 1] * seen], axis=2).reshape(b, n, 34)
    places = weights @ mass / (np.concatenate([shares, shares], axis=2) + 1e-6)
    visible = (shares / total) * near[..., None]
    known = np.concatenate([visible, visible], axis=2) > 0.02
    fps = np.broadcast_to(np.minimum(rate, 30.0)[:, :, None] / 30.0, (b, slots, 1))
    parts = [np.where(known, places, 0), visible, trend, fps, near[..., None]]
    made: Float32 = np.concatenate(parts, axis=2).astype(np.float32) * near[..., None]
    return made


def _flattened(
    keypoints: Float32, seen: Float32, times_s: Float32, begin: Float32, grid: Float32
) -> tuple[Float32, Float32, Float32]:
    """Points about the fitted hips in trunks, y up; (b, slots, 3) trend on the grid; (b, 1) frames a second."""
    half = np.maximum((grid[:, -1:] - begin) / 2, 0.1)
    hips = keypoints[..., 11:13, :2].mean(axis=2)
    trunk = np.linalg.norm(keypoints[..., 5:7, :2].mean(axis=2) - hips, axis=-1)
    whole = seen[..., [5, 6, 11, 12]].prod(axis=2) + 1e-3 * seen.max(axis=2)
    log = np.log(np.maximum(trunk, 1.0))
    at, on = _powers((times_s - begin) / half - 1), _powers((grid - begin) / half - 1)
    fitted = _fit(at, np.concatenate([hips, log[..., None]], axis=2), whole)
    here = at @ fitted
    size = np.exp(np.clip(here[..., 2], 0, 12))
    flat = (keypoints[..., :2] - here[:, :, None, :2]) / size[:, :, None, None]
    flat = np.clip(flat * np.array([1, -1], np.float32), -_FURTHEST, _FURTHEST)
    slope = _slopes((grid - begin) / half - 1) @ fitted / half[..., None]
    scale = np.exp(np.clip((on @ fitted)[..., 2], 0, 12))
    trend = np.stack([slope[..., 0] / scale, -slope[..., 1] / scale, slope[..., 2]], axis=2)
    frames = seen.max(axis=2).sum(axis=1, keepdims=True)
    last = np.where(seen.max(axis=2) > 0, times_s, begin).max(axis=1, keepdims=True)
    rate = np.maximum(frames - 1, 1) / np.maximum(last - begin, 0.05)
    return flat.astype(np.float32), np.clip(trend, -4, 4).astype(np.float32), rate.astype(np.float32)


def _powers(at: npt.NDArray[np.floating]) -> Float32:
    at = np.clip(at, -1, 1.05).astype(np.float32)
    powers: Float32 = np.stack([np.ones_like(at), at, at**2, at**3], axis=-1)
    return powers


def _slopes(at: npt.NDArray[np.floating]) -> Float32:
    at = np.clip(at, -1, 1.05).astype(np.float32)
    slopes: Float32 = np.stack([np.zeros_like(at), np.ones_like(at), 2 * at, 3 * at**2], axis=-1)
    return slopes


def _fit(at: Float32, values: Float32, weight: Float32) -> Float32:
    """(b, 4, k) coefficients; a little ridge keeps short and sparse sequences straight."""
    weighted = at * weight[..., None]
    square = np.swapaxes(weighted, 1, 2) @ at
    ridge = np.diag([1e-6, 1e-3, 1e-2, 3e-2]) * weight.sum(axis=1)[:, None, None]
    right = np.swapaxes(weighted, 1, 2) @ values
    solved = np.linalg.solve(square.astype(np.float64) + ridge + 1e-9 * np.eye(4), right.astype(np.float64))
    fitted: Float32 = solved.astype(np.float32)
    return fitted


def _weights(grid: Float32, times_s: Float32, now: npt.NDArray[np.bool_], rate: Float32) -> tuple[Float32, Float32]:
    """(b, slots, n) triangles about the grid's moments, and (b, slots) whether any frame is near."""
    width = np.maximum(np.float32(1 / RATE_HZ), 1.3 / rate)[..., None]
    apart = np.abs(grid[:, :, None] - np.where(now, times_s, np.float32(1e6))[:, None, :])
    weights: Float32 = np.maximum(1 - apart / width, 0).astype(np.float32)
    near: Float32 = (weights.max(axis=2) > 0).astype(np.float32)
    return weights, near
