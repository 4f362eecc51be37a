"""Real clips for `bench behaviour`: the product's pose model in Triton, its tracker, and every rule at its defaults.

Ordinary film must raise no fall, fight or run. A clip is played at several rates, as often as a demo camera loops it, so that
the cut from its end to its beginning is played too. Those playings are not independent film: the upper bound counts the film
itself, once.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import av
import numpy as np

from app.behaviour import falling, fighting, floor, running
from app.behaviour.findings import Phase
from app.capture.pacing import FrameSampler
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.embedded.demo_clips import available_clips, fetch_clip
from app.inference.picture import DecodedPicture
from app.inference.triton import TritonPose
from app.kit.errors import BadInputError, PennyError
from app.perception.detections import Detections
from app.pipeline.camera import Camera
from app.pipeline.configuration import CameraSetup
from app.settings import settings
from app.tracking.tracker import make_tracker
from benchmarks.behaviour_camera import CAMERA, START_US
from benchmarks.servers import pose_model

KINDS: Final = (falling.KIND, fighting.KIND, running.KIND, floor.KIND)
RATES: Final = (4.0, 5.0, 8.0, 10.0, 15.0)
LOOK_FPS: Final = 15.0
PLAYED_S: Final = 25.0
"""A clip is looped until it has played that long, and at least twice."""
SUFFIXES: Final = (".mp4", ".mkv", ".mov", ".avi", ".webm")


@dataclass(frozen=True, slots=True)
class Film:
    """What the pose model saw of a clip.

    Attributes:
        times_s: of each frame looked at, from 0; `length_s` of the whole.
        found: the persons of each.
    """

    name: str
    width: int
    height: int
    length_s: float
    times_s: tuple[float, ...]
    found: tuple[Detections, ...]


def decoded(path: Path, fps: float = LOOK_FPS) -> list[tuple[float, av.VideoFrame]]:
    """(second, frame) of a clip at no more than `fps` a second.

    Raises:
        BadInputError: it is no video.
    """
    sampler, frames = FrameSampler(fps), []
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                at_s = float(frame.time or 0.0)
                if sampler.is_due(round(at_s * 1e6) + 1):
                    frames.append((at_s, frame))
    except (OSError, av.FFmpegError, IndexError) as error:
        raise BadInputError(f"{path} cannot be read as a video: {error}.") from error
    if len(frames) < 2:
        raise BadInputError(f"{path} holds no film.")
    return frames


def film_of(name: str, frames: Sequence[tuple[float, Any]], found: Sequence[Detections], width: int, height: int) -> Film:
    """A film of frames and of what was found on them."""
    start = frames[0][0]
    times = tuple(at - start for at, _ in frames)
    return Film(name, width, height, times[-1] + (times[-1] - times[0]) / (len(times) - 1), times, tuple(found))


async def look(path: Path, model: TritonPose) -> Film:
    """Ask the model about every frame, four at a time."""
    frames = await asyncio.to_thread(decoded, path)
    found: list[Detections] = []
    for start in range(0, len(frames), 4):
        answers = await asyncio.gather(*(model.detect([DecodedPicture(frame)]) for _, frame in frames[start : start + 4]))
        found += [answer[0] for answer in answers]
    return film_of(path.stem, frames, found, frames[0][1].width, frames[0][1].height)


def play(film: Film, fps: float) -> list[TrackedFrame]:
    """The film as a worker tells it that analyses `fps` frames a second of a camera which loops the clip."""
    tracker, sampler = make_tracker(fps), FrameSampler(fps)
    played: list[TrackedFrame] = []
    for loop in range(loops_of(film)):
        for at_s, found in zip(film.times_s, film.found, strict=True):
            at_us = START_US + round((loop * film.length_s + at_s) * 1e6)
            if not sampler.is_due(at_us):
                continue
            tracked = tracker.update(found, at_us)
            seen = tracked.detections
            played.append(
                TrackedFrame(
                    CAMERA, 1, len(played), at_us, at_us + 20_000, film.width, film.height, 1, tracked.track_ids.tolist(),
                    floats(seen.boxes), floats(seen.scores), floats(seen.keypoints),
                )
            )  # fmt: skip
    return played


def loops_of(film: Film) -> int:
    """How often a clip is played."""
    return max(2, int(np.ceil(PLAYED_S / film.length_s)))


def alerts_of(frames: Sequence[TrackedFrame], rules: CameraSetup) -> Counter[str]:
    """How many acts of each kind begin."""
    camera, begun = Camera(), Counter[str]()
    for frame in frames:
        findings = camera.take(frame, rules)
        if isinstance(findings, list):
            begun.update(finding.kind for finding in findings if finding.phase is Phase.BEGINS)
    return begun


def judge(films: Sequence[Film], rules: CameraSetup, upper_95: Callable[[int], float]) -> dict[str, Any]:
    """Alerts of each kind by clip and rate, and the rate of the worst playing with its bound over the film itself."""
    by_rate = {rate: {film.name: alerts_of(play(film, rate), rules) for film in films} for rate in RATES}
    film_hours = sum(film.length_s for film in films) / 3600
    worst = {kind: max(sum(told[kind] for told in clips.values()) for clips in by_rate.values()) for kind in KINDS}
    others = sorted({kind for clips in by_rate.values() for told in clips.values() for kind in told} - set(KINDS))
    told_in = {
        kind: {
            f"{name} at {rate:g} fps": told[kind] for rate, clips in by_rate.items() for name, told in clips.items() if told[kind]
        }
        for kind in (*KINDS, *others)
    }
    return {
        "other_rules": {kind: told_in[kind] for kind in others},
        "clips": {film.name: round(film.length_s, 1) for film in films},
        "film_hours": round(film_hours, 4),
        "watched_hours": round(sum(film.length_s * loops_of(film) for film in films) * len(RATES) / 3600, 3),
        "rates_fps": list(RATES),
        "person_frames": int(sum(len(found) for film in films for found in film.found)),
        **{
            kind: {
                "alerts": sum(told_in[kind].values()),
                "alerts_in": told_in[kind],
                "alerts_of_worst_rate": worst[kind],
                "alerts_per_film_hour_upper_95": round(upper_95(worst[kind]) / film_hours, 1),
            }
            for kind in KINDS
        },
    }


def clips_of(data: Path | None) -> list[Path]:
    """The clips of a folder, or one clip, or every demo clip that can be had here (fetched)."""
    if data is not None:
        paths = sorted(data.rglob("*")) if data.is_dir() else [data]
        return [path for path in paths if path.suffix.lower() in SUFFIXES]
    cache, mirror = settings().cache.expanduser().absolute(), settings().model_mirror
    paths = [fetch_clip(clip, cache, mirror) for clip in available_clips(cache, mirror, 99)]
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "video"
    known = {path.stat().st_size for path in paths}
    more = sorted(path for path in beside.glob("*.mp4") if path.stat().st_size not in known) if beside.is_dir() else []
    return [*paths, *more]


async def measure(data: Path | None, rules: CameraSetup, upper_95: Callable[[int], float]) -> dict[str, Any]:
    """Figures of the real clips; `not_run` says in a sentence why there are none."""
    try:
        paths = await asyncio.to_thread(clips_of, data)
        if not paths:
            return {"not_run": "No clip was given."}
        async with pose_model() as model:
            films = [await look(path, model) for path in paths]
    except BadInputError:
        raise
    except PennyError as error:
        return {"not_run": error.detail}
    return await asyncio.to_thread(judge, films, rules, upper_95)
