"""Many walks at once through random store cameras, with the pose model's errors, for `bench gait` and `training/gait`.

The camera is that of `behaviour_camera.View`, and the errors are `behaviour_camera.Observed`'s, fitted to the product's pose
model: here for (b, t) frames at once. A test holds both to each other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.behaviour_camera import (
    CORE,
    HEIGHT,
    LOST,
    LOST_FRAMES,
    MISSED,
    MISSED_FRAMES,
    SWAPPED,
    TAIL,
    TAIL_SHARE,
    WIDTH,
)
from benchmarks.gait_people import Float32

Bools = npt.NDArray[np.bool_]
_CANDIDATES = 6
_PROBED = [0, 5, 6, 11, 12, 15, 16]
HIDDEN = {"feet": [15, 16], "legs": [13, 14, 15, 16], "left_arm": [7, 9], "right_arm": [8, 10], "arms": [7, 8, 9, 10]}
"""What a shelf or a trolley hides for a whole walk."""


@dataclass(frozen=True, slots=True)
class Views:
    """b cameras as in `behaviour_camera.View`, each value (b,)."""

    height: Float32
    distance: Float32
    pitch: Float32
    yaw: Float32
    roll: Float32
    focal: Float32

    def project(self, points: Float32) -> Float32:
        """(b, ..., 3) metres to x, y pixels and depth in metres."""
        wide = (-1, *[1] * (points.ndim - 2))
        height, distance, pitch, yaw, roll, focal = (
            each.reshape(wide) for each in (self.height, self.distance, self.pitch, self.yaw, self.roll, self.focal)
        )
        x, y, z = points[..., 2], points[..., 1] - height, points[..., 0] + distance
        c, s = np.cos(yaw), np.sin(yaw)
        x, z = x * c - z * s, x * s + z * c
        c, s = np.cos(pitch), np.sin(pitch)
        y, z = y * c + z * s, -y * s + z * c
        c, s = np.cos(roll), np.sin(roll)
        x, y = x * c - y * s, x * s + y * c
        depth = np.maximum(z, 0.05)
        seen: Float32 = np.stack(
            [WIDTH / 2 + HEIGHT * focal * x / depth, HEIGHT / 2 - HEIGHT * focal * y / depth, z], axis=-1
        ).astype(np.float32)
        return seen


def random_views(count: int, chance: np.random.Generator) -> Views:
    """As `behaviour_camera.random_view`."""
    height, distance = chance.uniform(2.2, 4.0, count), chance.uniform(2.5, 9.0, count)
    pitch = np.arctan2(height - 0.9, distance) + chance.normal(0, 0.1, count)
    rest = (chance.normal(0, 0.15, count), chance.normal(0, 0.03, count), chance.uniform(0.7, 1.5, count))
    return Views(*(value.astype(np.float32) for value in (height, distance, pitch, *rest)))


def routed(walks: Float32, azimuth: Float32, times: Float32, bend: Float32) -> Float32:
    """(b, t, 17, 3) walks that go towards `azimuth` (b,) radians in their middle and turn by `bend` (b,) radians a second."""
    hips = walks[..., 11:13, :].mean(axis=-2) * np.array([1, 0, 1], np.float32)
    middle = times[:, times.shape[1] // 2][:, None]
    angle = azimuth[:, None] + bend[:, None] * (times - middle)
    c, s = np.cos(angle)[..., None], np.sin(angle)[..., None]
    local = walks - hips[..., None, :]
    step = np.diff(hips, axis=1, prepend=hips[:, :1])
    path = np.stack(
        [step[..., 0] * c[..., 0] - step[..., 2] * s[..., 0], step[..., 0] * s[..., 0] + step[..., 2] * c[..., 0]], -1
    )
    path = np.cumsum(path, axis=1)
    path -= path[:, path.shape[1] // 2][:, None]
    out = np.empty_like(walks)
    out[..., 0] = local[..., 0] * c - local[..., 2] * s + path[..., 0][..., None]
    out[..., 1] = local[..., 1]
    out[..., 2] = local[..., 0] * s + local[..., 2] * c + path[..., 1][..., None]
    return out


def watched(bodies: Float32, chance: np.random.Generator, during: Bools | None = None) -> tuple[Views, Float32]:
    """A camera for each walk that sees most of it, of a few drawn; and the share of it that it sees. `during`: (b, t)."""
    few = bodies[:, ::4, _PROBED]
    when = np.ones(few.shape[:2], np.bool_) if during is None else during[:, ::4]
    best = random_views(len(bodies), chance)
    share = _share(best, few, when)
    for _ in range(_CANDIDATES - 1):
        other = random_views(len(bodies), chance)
        seen = _share(other, few, when)
        better = (share < 0.8) & (seen > share)
        share = np.where(better, seen, share)
        names = ("height", "distance", "pitch", "yaw", "roll", "focal")
        best = Views(*(np.where(better, getattr(other, name), getattr(best, name)).astype(np.float32) for name in names))
    return best, share


def _share(views: Views, points: Float32, when: Bools) -> Float32:
    seen = views.project(points)
    big = views.focal * HEIGHT * 1.6 / views.distance >= 80
    inside = (_inside(seen, 0.5).mean(axis=2) * when).sum(axis=1) / np.maximum(when.sum(axis=1), 1)
    share: Float32 = inside.astype(np.float32) * big
    return share


def _inside(seen: Float32, near: float) -> Bools:
    inside: Bools = (
        (seen[..., 0] > 0) & (seen[..., 0] < WIDTH) & (seen[..., 1] > 0) & (seen[..., 1] < HEIGHT) & (seen[..., 2] > near)
    )
    return inside


def observed(seen: Float32, views: Views, chance: np.random.Generator) -> tuple[Float32, Bools]:
    """What the pose model tells of (b, t, 17, 3) projected points.

    Returns:
        keypoints (b, t, 17, 3): x, y pixels, score; and (b, t) whether the model found the person in that frame.
    """
    b, t = seen.shape[:2]
    upright = (HEIGHT * views.focal * 1.65 / np.maximum(views.distance, 1.0))[:, None, None].astype(np.float32)
    inside = _inside(seen, 0.3)
    lost, missed = _lost(b, t, chance)
    tails = np.where(chance.random((b, t, 17), np.float32) < TAIL_SHARE, np.float32(TAIL), np.float32(1))
    sigma = CORE.astype(np.float32) * upright * tails
    drift = chance.standard_normal((b, t, 17, 2), np.float32)
    drift[:, 0] *= 0.008
    for at in range(1, t):
        drift[:, at] = 0.9 * drift[:, at - 1] + 0.004 * drift[:, at]
    xy = seen[..., :2] + drift * upright[..., None] + chance.standard_normal((b, t, 17, 2), np.float32) * sigma[..., None]
    for point in (5, 7, 9, 11, 13, 15):
        swap = chance.random((b, t), np.float32) < SWAPPED
        one, two = xy[swap, point].copy(), xy[swap, point + 1].copy()
        xy[swap, point], xy[swap, point + 1] = two, one
    faceless = np.asarray(chance.random(b) < 0.44)
    gone = lost | ~inside
    gone[..., :5] |= faceless[:, None, None]
    score = np.where(gone, chance.uniform(0, 0.29, gone.shape), chance.uniform(0.35, 0.99, gone.shape))
    keypoints = np.concatenate([xy, score[..., None].astype(np.float32)], axis=-1)
    return keypoints, ~missed & (inside.sum(axis=-1) >= 6)


def _lost(b: int, t: int, chance: np.random.Generator) -> tuple[Bools, Bools]:
    """Points and whole frames that the model loses, in runs."""
    leave = 1 / LOST_FRAMES
    enter = np.minimum(1, LOST / (1 - np.minimum(LOST, 0.9)) * leave)
    lost = np.empty((b, t, 17), np.bool_)
    missed = np.empty((b, t), np.bool_)
    points, frame = chance.random((b, 17)) < LOST, np.zeros(b, np.bool_)
    for at in range(t):
        roll, again = chance.random((b, 17), np.float32), chance.random(b, np.float32)
        points = np.where(points, roll > leave, roll < enter)
        frame = np.where(frame, again > 1 / MISSED_FRAMES, again < MISSED / (1 - MISSED) / MISSED_FRAMES)
        lost[:, at], missed[:, at] = points, frame
    return lost, missed


def frame_times(fps: Float32, frames: int, chance: np.random.Generator) -> Float32:
    """(b, frames) seconds from 0, as uneven as `behaviour_camera.film`'s."""
    gaps = (1 + chance.uniform(-0.2, 0.2, (len(fps), frames))) / fps[:, None]
    times: Float32 = (np.cumsum(gaps, axis=1) - gaps[:, :1]).astype(np.float32)
    return times
