"""Does it help to look at keypoints where boxes overlap? Composed crowds with true identities, for `bench tracking`.

Captured walks cross in front of one camera, with the pose model's errors; who is mostly behind somebody else is often missed.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from app.perception.detections import Detections
from app.tracking.ocsort import OcSort
from app.tracking.tracker import Tracker
from benchmarks.behaviour_bodies import load
from benchmarks.gait_camera import frame_times, observed, random_views, routed
from benchmarks.gait_people import Float32, Studio, draw
from benchmarks.pose_aware import PoseAware, overlap

SCENES: Final = 12
PEOPLE: Final = 8
FRAMES: Final = 100
_HIDDEN, _MISSED_BEHIND = 0.55, 0.7
Floats = npt.NDArray[np.float64]


def crowd(studio: Studio, fps: float, seed: int) -> tuple[Float32, Float32, npt.NDArray[np.bool_], Float32]:
    """(people, frames, 17, 3) keypoints, (people, frames, 4) true boxes, whether found, (frames,) seconds."""
    chance = np.random.default_rng([seed, 77])
    people = draw(studio.subjects, PEOPLE, chance)
    times = np.repeat(frame_times(np.array([fps], np.float32), FRAMES, chance), PEOPLE, axis=0)
    trials = np.array([studio.choose(name, chance, None) for name in people.subjects])
    walks = studio.walk(people, np.arange(PEOPLE), trials, times, chance)
    bodies = routed(walks, chance.uniform(0, 2 * np.pi, PEOPLE).astype(np.float32), times, np.zeros(PEOPLE, np.float32))
    # All pass the middle of the floor, a little apart in place and time.
    bodies += chance.normal(0, 0.7, (PEOPLE, 1, 1, 3)).astype(np.float32) * np.array([1, 0, 1], np.float32)
    view = random_views(1, chance)
    views = type(view)(
        *(np.repeat(getattr(view, name), PEOPLE) for name in ("height", "distance", "pitch", "yaw", "roll", "focal"))
    )
    seen = views.project(bodies)
    keypoints, found = observed(seen, views, chance)
    low, high = seen[..., :2].min(axis=2), seen[..., :2].max(axis=2)
    margin = 0.05 * (high - low)
    boxes = np.concatenate([low - margin, high + margin], axis=-1).astype(np.float32)
    depth = seen[..., 2].mean(axis=-1)
    for frame in range(FRAMES):
        for person in range(PEOPLE):
            nearer = depth[:, frame] < depth[person, frame] - 0.1
            covered = overlap(boxes[person, frame], boxes[nearer, frame])
            if len(covered) and covered.max() > _HIDDEN and chance.random() < _MISSED_BEHIND:
                found[person, frame] = False
    return keypoints, boxes, found, times[0]


def compare(data: Path, fps: float) -> dict[str, dict[str, float]]:
    """Identity switches, IDF1 and HOTA of the product's tracker with and without a look at keypoints."""
    from benchmarks.tracking import figures_of

    studio = Studio([trial for path in sorted(data.glob("cmu*.npz")) for trial in load(path)])
    scenes = [crowd(studio, fps, seed) for seed in range(SCENES)]
    return {
        name: figures_of([_run(scene, make(OcSort(fps))) for scene in scenes])
        for name, make in (("boxes_alone", lambda tracker: tracker), ("with_keypoints", PoseAware))
    }


def _run(
    scene: tuple[Float32, Float32, npt.NDArray[np.bool_], Float32], tracker: Tracker
) -> tuple[dict[int, Floats], dict[int, Floats]]:
    """(truth, tracks) as rows of id, left, top, width, height, score."""
    keypoints, boxes, found, times = scene
    chance, truth, told = np.random.default_rng(5), {}, {}
    inside = (boxes[..., 2] > 0) & (boxes[..., 0] < 1280) & (boxes[..., 3] > 0) & (boxes[..., 1] < 720)
    for frame in range(len(times)):
        there = np.flatnonzero(inside[:, frame])
        rows = boxes[there, frame].astype(np.float64)
        truth[frame + 1] = np.column_stack([there + 1, rows[:, :2], rows[:, 2:] - rows[:, :2], np.ones(len(there))])
        seen = there[found[there, frame]]
        noisy = boxes[seen, frame] + chance.normal(0, 0.012, (len(seen), 4)) * (boxes[seen, frame, 3:] - boxes[seen, frame, 1:2])
        scores = chance.uniform(0.5, 0.95, len(seen)).astype(np.float32)
        given = Detections(noisy.astype(np.float32), scores, keypoints[seen, frame])
        tracked = tracker.update(given, round(1e6 * (1 + float(times[frame]))))
        at = tracked.detections.boxes.astype(np.float64)
        ids = tracked.track_ids.astype(np.float64)
        told[frame + 1] = np.column_stack([ids, at[:, :2], at[:, 2:] - at[:, :2], np.ones(len(at))])
    return truth, told
