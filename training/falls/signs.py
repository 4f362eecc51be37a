"""`python -m training.falls.signs DATA...`: the signs of whoever is low, in films of the benchmark's scenes."""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.behaviour.bodies import features_of
from app.behaviour.descent import ways_down
from app.behaviour.falling import FallingParameters
from app.behaviour.motion import Motion
from app.behaviour.people import Continuity, PeopleState, observe
from app.behaviour.posture import statures
from app.contracts.tracked import TrackedFrame
from benchmarks.behaviour_bodies import FPS, load
from benchmarks.behaviour_camera import START_US, film, random_view, visible_share
from benchmarks.behaviour_scenes import RATES, Scene, Stage

POSES = ("seat", "squat", "bend", "low shelf", "kneel", "floor seat", "reach")
WITHIN_S = FallingParameters().within_s


def cast(stage: Stage, each: int) -> list[Scene]:
    """Four times as many falls and twice as many who lie down as of any other posture."""
    made = [stage.fall() for _ in range(4 * each)] + [stage.lie_down() for _ in range(2 * each)]
    made += [stage.posed(name) for name in POSES for _ in range(each)]
    for label in sorted({trial.label for trial in stage.trials} - {"strike"}):
        pool = [trial for trial in stage.trials if trial.label == label]
        made += [stage.captured(pool[index % len(pool)]) for index in range(max(len(pool), each))]
    return made


def filmed(scene: Scene, chance: np.random.Generator) -> list[TrackedFrame]:
    """The scene by a camera that sees it; nothing where none does."""
    start = int(scene.start_s * FPS)
    for _ in range(30):
        view = random_view(chance)
        if min(visible_share(view, body[start:]) for body in scene.bodies) > (0.85 if scene.kind else 0.6):
            return film(scene.bodies, view, float(chance.choice(RATES)), chance)
    return []


def signs_of(frames: list[TrackedFrame]) -> Iterator[tuple[float, int, np.ndarray]]:
    """(second, person, signs) of whoever is low and is asked about, as the rule sees them."""
    people, motion, known = PeopleState(), Motion(), dict[int, tuple[float, float]]()
    for frame, bodies in zip(frames, features_of(frames), strict=True):
        sight = observe(people, frame, Continuity())
        if sight is None:
            continue
        motion.forget(sight.forgotten)
        places = {track: index for index, track in enumerate(frame.track_ids)}
        motion.take(
            frame.captured_at_us, bodies[[places[each.track_id] for each in sight.seen]], [each.number for each in sight.seen]
        )
        at_s = (frame.captured_at_us - START_US) / 1e6
        if not sight.seen or len(motion.rows) != len(sight.seen):
            continue
        known = {number: each for number, each in known.items() if at_s - each[0] <= 1.0}
        before = [known.get(person.number, (0.0, 0.0))[1] for person in sight.seen]
        for index, way in ways_down(motion, np.maximum(statures(motion), before), WITHIN_S).items():
            if way is not None:
                number = sight.seen[index].number
                known[number] = (at_s, known[number][1] if number in known else way.stature)
                if way.signs is not None:
                    yield at_s, number, way.signs


def make(data: list[Path], subjects: list[str], seed: int, each: int, out: Path) -> None:
    """`signs` (n, s), `fall` and `weight` (n,), `scene`, `person` and `at_s` (n,); `told`: of which scenes."""
    trials = [trial for path in data for trial in load(path)]
    strikes = [trial for trial in trials if trial.label == "strike"]
    chance = np.random.default_rng(seed)
    scenes = cast(Stage([trial for trial in trials if trial.subject in subjects], strikes, chance), each)
    rows: list[tuple[int, float, int, bool]] = []
    signs: list[np.ndarray] = []
    for number, scene in enumerate(scenes):
        frames = filmed(scene, chance)
        if "falling" in scene.also:
            continue
        for at_s, person, seen in signs_of(frames):
            if scene.kind != "falling" or at_s >= scene.start_s + 1.0:
                rows.append((number, at_s, person, scene.kind == "falling"))
                signs.append(seen)
    of_scene = Counter(row[0] for row in rows)
    told = told_of([scenes[number] for number in of_scene], len(scenes), subjects)
    np.savez(
        out, signs=np.array(signs, np.float32), fall=np.array([row[3] for row in rows]),
        weight=np.array([1 / of_scene[row[0]] for row in rows]), scene=np.array([row[0] for row in rows]),
        person=np.array([row[2] for row in rows]), at_s=np.array([row[1] for row in rows]), told=told,
    )  # fmt: skip
    sys.stdout.write(told + "\n")


def told_of(used: list[Scene], made: int, subjects: list[str]) -> str:
    """What was trained on, in words: of `made` scenes those that gave rows."""
    kinds = Counter(scene.made.split(",")[0] for scene in used)
    falls = sum(scene.kind == "falling" for scene in used)
    return (
        f"{len(used)} scenes that gave rows, of {made}: {kinds['simulated']} simulated ({falls} falls),"
        f" {kinds['captured']} captured, {kinds['composed']} composed of captures; subjects {' '.join(subjects)}"
    )


if __name__ == "__main__":
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", type=Path, nargs="+", help="motion capture, .npz")
    words.add_argument("--subjects", nargs="+", required=True)
    words.add_argument("--seed", type=int, default=21)
    words.add_argument("--each", type=int, default=45)
    words.add_argument("--out", type=Path, required=True)
    given = words.parse_args()
    make(given.data, given.subjects, given.seed, given.each, given.out)
