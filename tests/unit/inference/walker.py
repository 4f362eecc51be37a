"""A walker made of sine waves, whose cadence, speed and swing are known."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def body(times: Floats, *, stride_hz: float = 0.9, speed: float = 1.3, swing: float = 0.45, arm: float = 0.35) -> Floats:
    """(n, 17, 3) metres: x ahead, y up, z to the right; legs 0.45 + 0.45, trunk 0.5, body 1.75 high."""
    turn = 2 * np.pi * stride_hz * times
    points = np.zeros((len(times), 17, 3))
    points[:, :, 0] += (speed * times)[:, None]
    points[:, :5, 1] = 1.62
    points[:, 1:5, 2] = [-0.03, 0.03, -0.07, 0.07]
    points[:, 0, 0] += 0.1
    for side, sign in ((0, -1.0), (1, 1.0)):
        leg = swing * np.sin(turn) * sign
        bend = leg - 0.5 * np.maximum(0, np.cos(turn) * sign)
        hang = -arm * np.sin(turn) * sign
        points[:, 5 + side, 1:] = [1.42, sign * 0.2]
        points[:, 11 + side, 1:] = [0.92, sign * 0.1]
        for start, joint, angle, length in (
            (5, 7, hang, 0.3),
            (7, 9, hang + 0.2, 0.27),
            (11, 13, leg, 0.43),
            (13, 15, bend, 0.43),
        ):
            step = np.stack([length * np.sin(angle), -length * np.cos(angle), np.zeros_like(angle)], axis=1)
            points[:, joint + side] = points[:, start + side] + step
    return points


def from_the_side(points: Floats, pixels_a_metre: float = 150.0) -> Floats:
    """(n, 17, 3) x, y pixels and score, by a camera far away that looks along z."""
    flat = np.stack([100 + points[..., 0] * pixels_a_metre, 400 - points[..., 1] * pixels_a_metre], axis=-1)
    return np.concatenate([flat, np.full((*flat.shape[:2], 1), 0.9)], axis=-1)


def from_the_front(points: Floats, pixels_a_metre: float = 150.0) -> Floats:
    """Walking towards a camera far away."""
    flat = np.stack([600 - points[..., 2] * pixels_a_metre, 400 - points[..., 1] * pixels_a_metre], axis=-1)
    return np.concatenate([flat, np.full((*flat.shape[:2], 1), 0.9)], axis=-1)


def moments(count: int, fps: float) -> Floats:
    return np.arange(count) / fps
