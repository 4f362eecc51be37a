"""A store camera and what the pose model makes of a body in front of it, for `bench behaviour`.

The error figures were fitted to the product's default pose model (YOLO11n-pose at 640 pixels, with the product's tracker) on
3,492 person-frames of the real clips at 10-15 frames a second. CORE is the median absolute second difference over sqrt(6), as
a normal sigma; one in five points is TAIL times as far off, which explains the 95th percentile; LOST is the share of points
with a score under 0.3; SWAPPED the share of frames where exchanging left and right makes the shorter way; MISSED the share of
frames within a track without a detection. For people who lie nothing could be fitted: DOWN is assumed.
"""

import uuid
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from app.contracts.tracked import TrackedFrame
from benchmarks.behaviour_bodies import FPS, Floats

CORE = np.array([0.0024] * 5 + [0.0029] * 2 + [0.0044] * 2 + [0.0068] * 2 + [0.0036] * 2 + [0.0042] * 2 + [0.0035] * 2)
"""Of the body height."""
TAIL, TAIL_SHARE = 4.0, 0.2
LOST = np.array([0.3] * 5 + [0.007] * 2 + [0.026] * 2 + [0.074] * 2 + [0.009] * 2 + [0.071] * 2 + [0.199] * 2)
SWAPPED = 0.018
MISSED = 0.065
LOST_FRAMES, MISSED_FRAMES = 5.0, 3.0
DOWN = 1.5
START_US = 1_767_225_600_000_000
WIDTH, HEIGHT = 1280, 720
CAMERA = uuid.UUID("019aa000-0000-7000-8000-00000000be4a")


@dataclass(frozen=True, slots=True)
class View:
    """A camera: where it hangs over the ground (m), how it looks down (rad), focal length in picture heights."""

    height: float
    distance: float
    pitch: float
    yaw: float
    roll: float
    focal: float

    def project(self, points: Floats) -> Floats:
        """(..., 3) metres to (..., 3): x, y pixels and depth in metres."""
        x, y, z = points[..., 2], points[..., 1] - self.height, points[..., 0] + self.distance
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        x, z = x * c - z * s, x * s + z * c
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        y, z = y * c + z * s, -y * s + z * c
        c, s = np.cos(self.roll), np.sin(self.roll)
        x, y = x * c - y * s, x * s + y * c
        depth = np.maximum(z, 0.05)
        return np.stack([WIDTH / 2 + HEIGHT * self.focal * x / depth, HEIGHT / 2 - HEIGHT * self.focal * y / depth, z], axis=-1)


def random_view(chance: np.random.Generator) -> View:
    """As they hang in stores: 2.2-4 m high, people 2.5-9 m away, somewhere in the picture, at times cut by its border."""
    height, distance = chance.uniform(2.2, 4.0), chance.uniform(2.5, 9.0)
    pitch = np.arctan2(height - 0.9, distance) + chance.normal(0, 0.1)
    return View(height, distance, pitch, chance.normal(0, 0.15), chance.normal(0, 0.03), chance.uniform(0.7, 1.5))


def visible_share(view: View, body: Floats) -> float:
    """Share of points inside the picture, of people at least 80 pixels high."""
    seen = view.project(body)
    inside = (seen[..., 0] > 0) & (seen[..., 0] < WIDTH) & (seen[..., 1] > 0) & (seen[..., 1] < HEIGHT) & (seen[..., 2] > 0.5)
    return float(inside.mean()) if view.focal * HEIGHT * 1.6 / view.distance >= 80 else 0.0


class Observed:
    """One body as the pose model tells it, frame by frame."""

    def __init__(self, track: int, chance: np.random.Generator) -> None:
        self.track, self.chance = track, chance
        self.lost = chance.random(17) < LOST
        self.face_lost = chance.random() < 0.44
        self.missed, self.gap = False, 0
        self.bias = chance.normal(0, 0.008, (17, 2))

    def look(self, points: Floats, upright: float, down: bool) -> tuple[Floats, Floats] | None:
        """(box, keypoints (17, 3)) in pixels; None when the model misses the person. `points` (17, 3) projected."""
        chance, worse = self.chance, DOWN if down else 1.0
        self._lose(worse)
        inside = (points[:, 0] > 0) & (points[:, 0] < WIDTH) & (points[:, 1] > 0) & (points[:, 1] < HEIGHT) & (points[:, 2] > 0.3)
        if self.missed or inside.sum() < 6:
            self.gap += 1
            return None
        if self.gap > 12 or chance.random() < 0.001 or (down and chance.random() < 0.01):
            self.track += 1000
        self.gap = 0
        sigma = CORE * upright * worse * np.where(chance.random(17) < TAIL_SHARE, TAIL, 1.0)
        self.bias = 0.9 * self.bias + chance.normal(0, 0.004, (17, 2))
        xy = points[:, :2] + (self.bias * upright * worse) + chance.normal(0, 1, (17, 2)) * sigma[:, None]
        for point in (5, 7, 9, 11, 13, 15):
            if chance.random() < SWAPPED * worse:
                xy[[point, point + 1]] = xy[[point + 1, point]]
        gone = self.lost | ~inside
        gone[:5] |= self.face_lost
        score = np.where(gone, chance.uniform(0.0, 0.29, 17), chance.uniform(0.35, 0.99, 17))
        margin = upright * 0.03
        (left, top), (right, bottom) = points[inside, :2].min(axis=0), points[inside, :2].max(axis=0)
        box = np.array([left - margin, top - 1.5 * margin, right + margin, bottom + margin])
        box += chance.normal(0, 0.006 * upright, 4)
        return np.clip(box, 0, [WIDTH, HEIGHT, WIDTH, HEIGHT]), np.column_stack([xy, score])

    def _lose(self, worse: float) -> None:
        leave = 1 / LOST_FRAMES
        enter = np.minimum(1, LOST * worse / (1 - np.minimum(LOST * worse, 0.9)) * leave)
        roll = self.chance.random(17)
        self.lost = np.where(self.lost, roll > leave, roll < enter)
        miss = MISSED * (2 if worse > 1 else 1)
        again = self.chance.random()
        self.missed = again > 1 / MISSED_FRAMES if self.missed else again < miss / (1 - miss) / MISSED_FRAMES


def film(bodies: list[Floats], view: View, fps: float, chance: np.random.Generator) -> list[TrackedFrame]:
    """Frames of a scene. `bodies` at 30 frames a second, all as long as the first."""
    people = [Observed(index + 1, chance) for index in range(len(bodies))]
    upright = [HEIGHT * view.focal * 1.65 / max(view.distance, 1.0)] * len(bodies)
    frames, sequence, at = [], 0, 0.0
    while at * FPS < len(bodies[0]):
        index = min(int(at * FPS), len(bodies[0]) - 1)
        tracks, boxes, points = [], [], []
        for person, body, high in zip(people, bodies, upright, strict=True):
            pose = body[index]
            down = pose[:5, 1].mean() < 0.5
            seen = person.look(view.project(pose), high, bool(down))
            if seen is not None:
                tracks.append(person.track)
                boxes.append(seen[0])
                points.append(seen[1])
        frames.append(_frame(sequence, START_US + round(at * 1e6), tracks, boxes, points))
        sequence += 1
        at += 1 / fps * (1 + (chance.uniform(-0.2, 0.2)))
    return frames


def _frame(sequence: int, at_us: int, tracks: list[int], boxes: list[Floats], points: list[Floats]) -> TrackedFrame:
    def packed(arrays: list[Floats]) -> bytes:
        return np.concatenate([each.ravel() for each in arrays]).astype(np.float32).tobytes() if arrays else b""

    scores: npt.NDArray[np.float32] = np.full(len(tracks), 0.85, np.float32)
    return TrackedFrame(
        CAMERA, 1, sequence, at_us, at_us + 20_000, WIDTH, HEIGHT, 1, tracks, packed(boxes), scores.tobytes(), packed(points)
    )
