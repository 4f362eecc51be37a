"""How well the rules tell falls, fights, running and people on the floor: real motion capture seen through random store cameras.

Every scene is filmed by a camera of its own at a rate of 4-30 frames a second with the pose model's errors, and goes through
the pipeline's own step for one camera. Falls, postures and fights are simulated or composed and labelled so. Thresholds were
looked at on the subjects of `TUNED` only; the headline is of the others. With --data everything given is reported.
"""

import asyncio
import math
import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from app.behaviour import falling, fighting, floor, running
from app.behaviour.findings import Phase
from app.kit.errors import BadInputError
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraRow, CameraSetup, set_up
from benchmarks import behaviour_clips
from benchmarks.behaviour_bodies import FPS, Trial, load
from benchmarks.behaviour_camera import CAMERA, START_US, film, random_view, visible_share
from benchmarks.behaviour_scenes import RATES, Scene, Stage

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "mocap"
TUNED = ("06", "07", "deepmimic")
KINDS = (falling.KIND, fighting.KIND, running.KIND, floor.KIND)
SEED = 20_26
EACH = 20
SHORT = {falling.KIND: "fall", fighting.KIND: "fight", running.KIND: "run", floor.KIND: "floor"}


@dataclass(slots=True)
class Score:
    """Of one kind: acts found, missed, and scenes that raised it wrongly; how long after its beginning an act was told."""

    found: int = 0
    missed: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    delays_s: list[float] = field(default_factory=list)

    def document(self, hours: float) -> dict[str, Any]:
        """Figures; rates of false alerts with the upper end of the exact 95 % interval."""
        wrong, missed = self.wrong.total(), self.missed.total()
        delays = np.array(self.delays_s or [math.nan])
        return {
            "precision": _share(self.found, self.found + wrong),
            "recall": _share(self.found, self.found + missed),
            "f1": _share(2 * self.found, 2 * self.found + wrong + missed),
            "acts": self.found + missed,
            "delay_p50_s": round(float(np.median(delays)), 2),
            "delay_p95_s": round(float(np.percentile(delays, 95)), 2),
            "false_alerts": wrong,
            "false_alerts_per_camera_hour": round(wrong / hours, 2),
            "false_alerts_per_camera_hour_upper_95": round(upper_95(wrong) / hours, 2),
            "false_alerts_in": dict(self.wrong.most_common()),
            "missed_in": dict(self.missed.most_common()),
        }


def _share(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None


def upper_95(count: int) -> float:
    """Upper end of the one-sided exact 95 % Poisson interval of a count, by bisection."""
    low, high = float(count), count + 4 * math.sqrt(count + 1) + 4
    for _ in range(60):
        middle = (low + high) / 2
        below = sum(math.exp(-middle + k * math.log(middle) - math.lgamma(k + 1)) for k in range(count + 1))
        low, high = (middle, high) if below > 0.05 else (low, middle)
    return high


def setup() -> CameraSetup:
    """A camera with every rule at its defaults and no zone."""
    cameras = [CameraRow(CAMERA, uuid.UUID(int=1), uuid.UUID(int=2), True)]
    return set_up(cameras, [], [], complain=lambda _: None)[CAMERA]


def told(scene: Scene, chance: np.random.Generator, rules: CameraSetup) -> list[tuple[str, float]] | None:
    """(kind, second) of each act that begins in a scene's film; None where no camera sees it well enough."""
    start = int(scene.start_s * FPS)
    for _ in range(30):
        view = random_view(chance)
        if min(visible_share(view, body[start:]) for body in scene.bodies) > (0.85 if scene.kind else 0.6):
            break
    else:
        return None
    camera, begun = Camera(), []
    for frame in film(scene.bodies, view, float(chance.choice(RATES)), chance):
        findings = camera.take(frame, rules)
        if isinstance(findings, list):
            at = (frame.captured_at_us - START_US) / 1e6
            begun += [(finding.kind, at) for finding in findings if finding.phase is Phase.BEGINS]
    return begun


def judge(scenes: list[Scene], chance: np.random.Generator) -> dict[str, Any]:
    """Figures of a set of scenes."""
    scores: dict[str, Score] = defaultdict(Score)
    rules, seconds, made = setup(), 0.0, Counter[str]()
    for scene in scenes:
        begun = told(scene, chance, rules)
        if begun is None:
            continue
        seconds += len(scene.bodies[0]) / FPS
        made[f"{scene.name} ({scene.made})"] += 1
        for kind in KINDS:
            _count(scores[kind], scene, kind, [at for each, at in begun if each == kind])
    hours = seconds / 3600
    return {
        "camera_hours_watched": round(hours, 2),
        "scenes": dict(made),
        **{SHORT[kind]: scores[kind].document(hours) for kind in KINDS},
    }


def _count(score: Score, scene: Scene, kind: str, at_s: list[float]) -> None:
    if scene.kind == kind:
        right = [at for at in at_s if at >= scene.start_s - 0.5]
        if right:
            score.found += 1
            score.delays_s.append(right[0] - scene.start_s)
        else:
            score.missed[scene.name] += 1
        if len(at_s) > 1:
            score.wrong[f"{scene.name}, told {len(at_s)} times"] += len(at_s) - 1
    elif at_s and kind not in scene.also and not (scene.kind == falling.KIND and kind == floor.KIND):
        score.wrong[scene.name] += len(at_s)


def _captures(data: Path | None) -> tuple[list[Trial], list[Trial], str]:
    """(captures to report on, strikes for fights, what they are)."""
    if data is None:
        if not DATA.is_dir():
            raise BadInputError("There is no motion capture beside the checkout; give a .npz file or a folder of them by --data.")
        trials = [trial for path in sorted(DATA.glob("*.npz")) for trial in load(path)]
        kept = [trial for trial in trials if trial.subject not in TUNED]
        return (
            kept,
            [trial for trial in trials if trial.label == "strike"],
            f"subjects {sorted({trial.subject for trial in kept})}",
        )
    paths = sorted(data.glob("*.npz")) if data.is_dir() else [data]
    trials = [trial for path in paths for trial in load(path)]
    if not trials:
        raise BadInputError(f"{data} holds no .npz file.")
    strikes = [trial for trial in trials if trial.label == "strike"]
    if not strikes and DATA.is_dir():
        strikes = [trial for path in sorted(DATA.glob("*.npz")) for trial in load(path) if trial.label == "strike"]
    return trials, strikes, f"{data.name}: subjects {sorted({trial.subject for trial in trials})}"


def measure(data: Path | None, each: int = EACH) -> dict[str, Any]:
    """The synthetic part of the benchmark's document."""
    trials, strikes, named = _captures(data)
    chance = np.random.default_rng(SEED)
    scenes = Stage(trials, strikes, chance).cast(each)
    synthetic = judge(scenes, chance)
    wrong = sum(synthetic[SHORT[kind]]["false_alerts"] for kind in KINDS)
    hours = synthetic["camera_hours_watched"]
    return {
        "what": "the rules about bodies on motion capture through random store cameras with the pose model's errors",
        "headline": {
            **{f"{name}_f1": synthetic[name]["f1"] for name in ("fall", "run", "fight", "floor")},
            "false_alerts_per_camera_hour": round(wrong / hours, 2) if hours else None,
        },
        "synthetic": synthetic,
        "data_set": f"CMU and DeepMimic motion capture, {named}; falls simulated, fights composed of captured strikes",
        "samples": {"scenes": sum(synthetic["scenes"].values())},
        "model_versions": {"pose errors fitted to": "yolo11n-pose"},
    }


def _holds(data: Path | None) -> tuple[bool, bool]:
    """Whether there are clips, and motion capture."""
    if data is None:
        return True, True
    captures = data.suffix == ".npz" or (data.is_dir() and any(data.glob("*.npz")))
    return bool(behaviour_clips.clips_of(data)), captures


async def run(args: Any) -> dict[str, Any]:
    """`args.data`: other motion capture, other clips, or a folder of both. The result is the benchmark's document."""
    data: Path | None = args.data
    clips, captures = await asyncio.to_thread(_holds, data)
    if not clips and not captures:
        raise BadInputError(f"{data} holds neither motion capture (.npz) nor clips ({', '.join(behaviour_clips.SUFFIXES)}).")
    document: dict[str, Any] = {"what": "every rule on real clips", "headline": {}}
    if captures:
        document = await asyncio.to_thread(measure, data)
    if clips:
        document["real"] = real = await behaviour_clips.measure(data, setup(), upper_95)
        if "film_hours" in real:
            told = sum(real[kind]["alerts"] for kind in (falling.KIND, fighting.KIND, running.KIND))
            document["headline"]["real_clips_alerts"] = told
            document["headline"]["real_clips_film_hours"] = real["film_hours"]
    document.setdefault("data_set", "clips as given")
    document.setdefault("samples", {"clips": len(document["real"].get("clips", {}))})
    document.setdefault("model_versions", {"pose": "yolo11n-pose"})
    return document
