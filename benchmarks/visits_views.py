"""Four synchronous films of one room in `bench visits`: are the tracks of one person in four pictures told to be one person's?

Nobody has measured the linking on real cameras else. The films lie in the PyPI wheel `pose2sim` with their cameras' calibration:
1.7 s, three people, two of them in all four pictures. They are fetched for the measurement (`four_views.lock.toml`), or given as
a folder by `--data`. Who is who was written down by looking at the pictures.

Two ways are measured: the product's (by the time between an end and a begin; it must not join what it cannot tell), and places
on one common floor, which the product does not have: its floors are drawn camera by camera.
"""

import asyncio
import itertools
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.capture.pacing import FrameSampler
from app.embedded.demo_clips import locked_files
from app.inference.artefacts import fetch
from app.kit.errors import BadInputError, PennyError
from app.perception.ground import Ground
from app.pipeline.visits import joined
from app.settings import settings
from app.tracking.tracker import make_tracker
from app.visits.models import Key, Passage, Stand, Track
from benchmarks.behaviour_clips import Film, look
from benchmarks.servers import pose_model

Floats = npt.NDArray[np.float64]
LOCK: Final = Path(__file__).with_name("four_views.lock.toml")
CALIBRATION: Final = "Calib.qca.txt"
RATES: Final = (5.0, 10.0, 15.0)
BEGAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
REACH_M: Final = 12.0
APART_M: Final = 1.0
"""Tracks farther from each other on the floor are not one person's."""
TOGETHER: Final = 3
"""Moments that two tracks must share to be compared."""
LABELLED_S: Final = (0.0, 0.55, 1.1, 1.65)
FARTHEST: Final = 0.2
"""Of the picture's width or height: a box farther from everybody than that shows nobody."""
WHO: Final[Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]] = {
    "cam01": {
        "man": ((0.39, 0.37), (0.41, 0.41), (0.56, 0.45), (0.70, 0.46)),
        "woman": ((0.65, 0.66), (0.67, 0.66), (0.66, 0.66), (0.65, 0.65)),
        "bystander": ((0.06, 0.27),) * 4,
    },
    "cam02": {
        "man": ((0.53, 0.40), (0.49, 0.43), (0.49, 0.42), (0.48, 0.43)),
        "woman": ((0.18, 0.54), (0.23, 0.54), (0.20, 0.54), (0.20, 0.54)),
        "bystander": ((0.74, 0.35),) * 4,
    },
    "cam03": {
        "man": ((0.59, 0.45), (0.43, 0.44), (0.42, 0.44), (0.27, 0.41)),
        "woman": ((0.26, 0.39), (0.22, 0.39), (0.29, 0.39), (0.25, 0.40)),
    },
    "cam04": {
        "man": ((0.38, 0.49), (0.50, 0.44), (0.47, 0.44), (0.42, 0.40)),
        "woman": ((0.73, 0.35), (0.73, 0.33), (0.70, 0.33), (0.74, 0.34)),
    },
}
"""Middles of the boxes at LABELLED_S, in shares of the picture, as seen by eye."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One track of one camera.

    Attributes:
        times_s: (k,) on the films' common clock.
        stands: (k, 3) foot point and height of the box, in shares of the picture.
        who: whom it shows most often; "" for nobody who was labelled.
    """

    camera: str
    times_s: Floats
    stands: Floats
    who: str


def floors(calibration: str) -> dict[str, Ground]:
    """Each camera's floor in one system of metres, from a Qualisys calibration; lenses are taken as straight.

    Raises:
        BadInputError: it is no such calibration.
    """
    found: dict[str, Ground] = {}
    for part in re.findall(r"<camera .*?</camera>", calibration, re.DOTALL):
        said = dict(re.findall(r'([\w-]+)="([^"]*)"', part))
        try:
            turn = np.array([[float(said[f"r{row}{column}"]) for column in (1, 2, 3)] for row in (1, 2, 3)])
            at_m = np.array([float(said[axis]) for axis in "xyz"]) / 1e3
            focal, centre = ([float(said[f"{name}{axis}"]) / 64 for axis in "UV"] for name in ("focalLength", "centerPoint"))
            size = [float(said[side]) + 1 for side in ("right", "bottom")]
        except (KeyError, ValueError) as error:
            raise BadInputError(f"The calibration is none of Qualisys: {error}.") from error
        # Rows are right, up and back of the camera; the picture counts down.
        axes = turn * np.array([[1.0], [-1.0], [-1.0]])
        lens = np.array([[focal[0], 0, centre[0]], [0, focal[1], centre[1]], [0, 0, 1]])
        seen = np.diag([1 / size[0], 1 / size[1], 1]) @ lens @ np.column_stack([axes[:, 0], axes[:, 1], -axes @ at_m])
        back = np.linalg.inv(seen)
        # In front of the camera is positive: the floor below the picture's lower edge always is.
        back *= np.sign(back[2] @ [0.5, 1.0, 1.0])
        found[said["serial"]] = Ground(tuple((float(a), float(b), float(c)) for a, b, c in back), (0.0, 0.0), REACH_M)
    if not found:
        raise BadInputError("The calibration names no camera.")
    return found


def who_is(camera: str, at_s: float, x: float, y: float) -> str:
    """Whose labelled box lies nearest."""
    far = {}
    for name, spots in WHO.get(camera, {}).items():
        across, down = (np.interp(at_s, LABELLED_S, axis) for axis in zip(*spots, strict=True))
        far[name] = float(np.hypot(across - x, down - y))
    nearest = min(far, key=far.__getitem__, default="")
    return nearest if far and far[nearest] <= FARTHEST else ""


def followed(film: Film, fps: float) -> list[Followed]:
    """The tracks of a film, as a worker follows people that analyses `fps` frames a second."""
    tracker, sampler = make_tracker(fps), FrameSampler(fps)
    rows: dict[int, list[tuple[float, float, float, float, str]]] = {}
    for at_s, found in zip(film.times_s, film.found, strict=True):
        if not sampler.is_due(at_us := round(at_s * 1e6) + 1):
            continue
        tracked = tracker.update(found, at_us)
        for track, box in zip(tracked.track_ids.tolist(), tracked.detections.boxes.tolist(), strict=True):
            x, top, bottom = (box[0] + box[2]) / 2 / film.width, box[1] / film.height, box[3] / film.height
            rows.setdefault(track, []).append((at_s, x, bottom, bottom - top, who_is(film.name, at_s, x, (top + bottom) / 2)))
    told = []
    for track in rows.values():
        names = [row[4] for row in track]
        numbers = np.array([row[:4] for row in track])
        told.append(
            Followed(film.name, numbers[:, 0], numbers[:, 1:], max(set(names), key=lambda name: (names.count(name), name)))
        )
    return told


def apart_m(one: Followed, other: Followed, grounds: Mapping[str, Ground]) -> float:
    """Metres between two tracks on the floor, the median over the moments of both; infinite for fewer than TOGETHER."""
    common, here, there = np.intersect1d(np.round(one.times_s, 3), np.round(other.times_s, 3), return_indices=True)
    if len(common) < TOGETHER:
        return float("inf")
    places = [grounds[each.camera].metres(*each.stands[rows, :2].T) for each, rows in ((one, here), (other, there))]
    between = np.hypot(*(places[0] - places[1]).T)
    return float(np.median(between[np.isfinite(between)])) if np.isfinite(between).any() else float("inf")


Pair = tuple[int, int]


def by_floor(tracks: Sequence[Followed], grounds: Mapping[str, Ground]) -> set[Pair]:
    """Tracks of two cameras that lie nearest each other on the floor, for each two cameras chosen together."""
    from scipy.optimize import linear_sum_assignment

    cameras: dict[str, list[int]] = {}
    for place, track in enumerate(tracks):
        cameras.setdefault(track.camera, []).append(place)
    found: set[Pair] = set()
    for here, there in itertools.combinations(cameras.values(), 2):
        apart = np.array([[apart_m(tracks[one], tracks[other], grounds) for other in there] for one in here])
        rows, columns = linear_sum_assignment(np.minimum(apart, 1e3))
        found |= {(here[row], there[column]) for row, column in zip(rows, columns, strict=True) if apart[row, column] <= APART_M}
    return found


def by_product(tracks: Sequence[Followed], grounds: Mapping[str, Ground]) -> set[Pair]:
    """Tracks of two cameras that the product puts to one visit, with ways of 0 m drawn between all pictures."""
    cameras = {name: uuid.uuid5(uuid.NAMESPACE_OID, name) for name in grounds}
    ways = [Passage(cameras[one], cameras[other], 0.0) for one, other in itertools.combinations(grounds, 2)]
    given = [
        Track(
            Key(cameras[each.camera], 1, place, BEGAN), float(each.times_s[0]), float(each.times_s[-1]),
            Stand(*each.stands[0]), Stand(*each.stands[-1]), 1088 / 1920,
        )
        for place, each in enumerate(tracks)
    ]  # fmt: skip
    done = joined(given, ways, {cameras[name]: ground for name, ground in grounds.items()}, -1e9)
    visits: dict[uuid.UUID, list[int]] = {}
    for place, visit, _ in done.put:
        visits.setdefault(visit, []).append(place)
    pairs = (pair for places in visits.values() for pair in itertools.combinations(sorted(places), 2))
    return {(one, other) for one, other in pairs if tracks[one].camera != tracks[other].camera}


def judged(tracks: Sequence[Followed], grounds: Mapping[str, Ground]) -> dict[str, Any]:
    """Figures of both ways. True are two tracks of one labelled person in two pictures, seen together for TOGETHER moments."""
    pairs = [
        (one, other)
        for one, other in itertools.combinations(range(len(tracks)), 2)
        if tracks[one].camera != tracks[other].camera and np.isfinite(apart_m(tracks[one], tracks[other], grounds))
    ]
    same = {pair for pair in pairs if tracks[pair[0]].who and tracks[pair[0]].who == tracks[pair[1]].who}
    metres = {pair: apart_m(tracks[pair[0]], tracks[pair[1]], grounds) for pair in pairs}
    told: dict[str, Any] = {
        "tracks": len(tracks),
        "tracks_of_nobody_labelled": sum(not each.who for each in tracks),
        "true_pairs": len(same),
        "median_m_apart_of_one_person": _median([metres[pair] for pair in same]),
        "most_m_apart_of_one_person": round(max(metres[pair] for pair in same), 2) if same else None,
        "least_m_apart_of_two_people": round(min(metres[pair] for pair in pairs if pair not in same), 2)
        if len(pairs) > len(same)
        else None,
    }
    for name, found in (("by_common_floor", by_floor(tracks, grounds)), ("by_product", by_product(tracks, grounds))):
        right = len(found & same)
        told[name] = {"pairs": len(found), "right": right, "found_share": round(right / max(1, len(same)), 4)}
        told[name] |= {"right_share": round(right / len(found), 4)} if found else {}
    return told


def _median(values: Sequence[float]) -> float | None:
    return round(float(np.median(values)), 2) if values else None


def sources(data: Path | None) -> tuple[list[Path], Path]:
    """The four films and the calibration: of a folder, or fetched. SetupError where they cannot be had."""
    if data is not None:
        films, calibration = [data / f"{name}.mp4" for name in WHO], data / CALIBRATION
        if missing := [path.name for path in (*films, calibration) if not path.is_file()]:
            raise BadInputError(f"{data} lacks {', '.join(missing)} of the demonstration of Pose2Sim.")
        return films, calibration
    cache, mirror = settings().cache.expanduser().absolute(), settings().model_mirror
    paths = {name: fetch(artefact, cache, mirror) for name, artefact in locked_files(LOCK).items()}
    return [paths[name] for name in WHO], paths["calibration"]


async def measure(data: Path | None) -> dict[str, Any]:
    """Figures at each rate; `not_run` says in a sentence why there are none."""
    try:
        paths, calibration = await asyncio.to_thread(sources, data)
        grounds = floors(await asyncio.to_thread(calibration.read_text, "utf-8"))
        async with pose_model() as model:
            films = [replace(await look(path, model), name=name) for name, path in zip(WHO, paths, strict=True)]
    except BadInputError:
        raise
    except PennyError as error:
        return {"not_run": error.detail}
    return await asyncio.to_thread(_at_each_rate, films, grounds)


def _at_each_rate(films: Sequence[Film], grounds: Mapping[str, Ground]) -> dict[str, Any]:
    rates = {
        f"{fps:g}_frames_per_s": judged([track for film in films for track in followed(film, fps)], grounds) for fps in RATES
    }
    people = {name for spots in WHO.values() for name in spots}
    return {"cameras": len(films), "people": len(people), "seconds": round(min(film.length_s for film in films), 2), **rates}
