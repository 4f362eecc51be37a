"""How well people are followed: the product's tracker and the library's others, side by side, on sequences in MOT format.

Metrics are `trackers.eval`'s (HOTA, CLEAR, Identity; made to agree with TrackEval). `--data` is a folder of sequences or one
sequence: `gt.txt` or `gt/gt.txt`; detections from `det.txt` or `det/det.txt`, else the boxes of a tracker's output (`test.txt`,
without its ids), else the true boxes with the errors that the pose model makes. `seqinfo.ini` may say the frame rate.
"""

import asyncio
import configparser
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from app.kit.errors import BadInputError
from app.perception.detections import Detections
from app.tracking.limits import LOST_S, MIN_IOU, MIN_SCORE
from app.tracking.tracker import Tracker, make_tracker
from benchmarks.behaviour_camera import MISSED
from benchmarks.document import CHECKOUT, BenchArguments

DATA: Final = CHECKOUT.parent / "shared" / "data" / "tracking"
MOCAP: Final = DATA.parent / "mocap"
FPS: Final = 25.0
"""Where nothing says the rate."""
RATES: Final = (25.0, 10.0, 5.0)
"""Frames a second that sequences are thinned to; the product analyses at 5 by default."""
SEED: Final = 20_28
Floats = npt.NDArray[np.float64]
Rows = dict[int, Floats]
"""Frame number from 1 to (n, 6): id, left, top, width, height, score."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """One sequence.

    Attributes:
        detections: where the boxes that are tracked come from.
    """

    name: str
    fps: float
    truth: Rows
    boxes: Rows
    detections: str


def read(path: Path) -> Rows:
    """A MOT file. BadInputError where it is none."""
    try:
        table = np.loadtxt(path, delimiter=",", ndmin=2)
        if table.shape[1] < 6:
            raise ValueError("fewer than 6 columns")
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} is no file in MOT format: {error}.") from error
    # Where a score is -1 there is none; in ground truth 0 says that a box does not count.
    score = table[:, 6] if table.shape[1] > 6 else np.ones(len(table))
    rows = np.column_stack([table[:, 1:6], np.where(score < 0, 1.0, score)])
    return {int(frame): rows[table[:, 0] == frame] for frame in np.unique(table[:, 0])}


def sequences(data: Path) -> list[Sequence]:
    """Every sequence under a folder. BadInputError when there is none."""
    folders = [each for each in (data, *sorted(data.rglob("*"))) if each.is_dir() and _first(each, "gt.txt", "gt/gt.txt")]
    folders = [each for each in folders if each.name != "gt" or not _first(each.parent, "gt/gt.txt")]
    if not folders:
        raise BadInputError(f"{data} holds no sequence in MOT format (gt.txt or gt/gt.txt).")
    return [_sequence(folder) for folder in folders]


def _first(folder: Path, *names: str) -> Path | None:
    return next((folder / name for name in names if (folder / name).is_file()), None)


def _sequence(folder: Path) -> Sequence:
    truth_file = _first(folder, "gt.txt", "gt/gt.txt")
    assert truth_file is not None
    truth = {frame: rows[rows[:, 5] > 0] for frame, rows in read(truth_file).items()}
    if not any(map(len, truth.values())):
        raise BadInputError(f"{truth_file} names nobody to be followed.")
    if detected := _first(folder, "det.txt", "det/det.txt"):
        return Sequence(folder.name, _fps(folder), truth, _scaled(read(detected)), "given detections")
    if output := _first(folder, "test.txt"):
        return Sequence(folder.name, _fps(folder), truth, read(output), "boxes of a given tracker's output")
    return Sequence(folder.name, _fps(folder), truth, erring(truth), "true boxes with the pose model's errors")


def _scaled(boxes: Rows) -> Rows:
    """Scores in 0..1: some detectors of the challenge give others."""
    scores = np.concatenate([rows[:, 5] for rows in boxes.values()])
    if scores.max() <= 1:
        return boxes
    low, high = np.percentile(scores, [1, 99])
    return {
        frame: np.column_stack([rows[:, :5], np.clip((rows[:, 5] - low) / max(high - low, 1e-9), 0, 1)])
        for frame, rows in boxes.items()
    }


def _fps(folder: Path) -> float:
    config = configparser.ConfigParser()
    config.read(folder / "seqinfo.ini")
    return config.getfloat("Sequence", "frameRate", fallback=FPS)


def erring(truth: Rows) -> Rows:
    """Boxes missed and moved as often and far as `behaviour_camera` fitted, scores from 0.4 up."""
    chance, made = np.random.default_rng(SEED), {}
    for frame, rows in truth.items():
        kept = rows[chance.random(len(rows)) >= MISSED].copy()
        kept[:, 1:5] += chance.normal(0, 0.012, (len(kept), 4)) * kept[:, 4:5]
        kept[:, 5] = chance.uniform(0.4, 0.95, len(kept))
        made[frame] = kept
    return made


def thinned(sequence: Sequence, rate: float) -> Sequence:
    """Every so many frames, numbered anew from 1; the sequence itself where it is no faster."""
    every = max(1, round(sequence.fps / rate))
    numbers = range(1, max(*sequence.truth, *sequence.boxes) + 1, every)

    def some(rows: Rows) -> Rows:
        return {place + 1: rows[frame] for place, frame in enumerate(numbers) if frame in rows}

    return Sequence(sequence.name, sequence.fps / every, some(sequence.truth), some(sequence.boxes), sequence.detections)


class LibraryTracker:
    """One of the library's trackers under our protocol."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def update(self, boxes: Floats, scores: Floats, at_us: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """(k, 4) corners and (k,) ids."""
        import supervision as sv

        given = sv.Detections(xyxy=boxes.astype(np.float32), confidence=scores.astype(np.float32))
        found = self._tracker.update(given, timestamp=at_us / 1e6)
        if found.tracker_id is None or not len(found):
            return np.zeros((0, 4)), np.zeros(0, np.int64)
        ids = np.asarray(found.tracker_id, np.int64)
        return np.asarray(found.xyxy, np.float64)[ids >= 0], ids[ids >= 0] + 1


class OwnTracker:
    """The product's tracker, as a worker makes it."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def update(self, boxes: Floats, scores: Floats, at_us: int) -> tuple[Floats, npt.NDArray[np.int64]]:
        """(k, 4) corners and (k,) ids."""
        keypoints = np.zeros((len(boxes), 17, 3), np.float32)
        found = self._tracker.update(Detections(boxes.astype(np.float32), scores.astype(np.float32), keypoints), at_us)
        return found.detections.boxes.astype(np.float64), found.track_ids.astype(np.int64)


Follower = LibraryTracker | OwnTracker


def settings_compared() -> Mapping[str, Callable[[float], Follower]]:
    """What is compared, each at a frame rate: ours first, then the library's with its own defaults and with our limits."""
    import trackers

    buffer = round(LOST_S * 30)

    def made(kind: Any, **options: Any) -> Callable[[float], Follower]:
        return lambda fps: LibraryTracker(kind(frame_rate=fps, **options))

    ours = {"lost_track_buffer": buffer, "minimum_consecutive_frames": 1}
    near, sure = {**ours, "minimum_iou_threshold": MIN_IOU}, {"high_conf_det_threshold": MIN_SCORE}
    first = {"track_activation_threshold": MIN_SCORE}
    return {
        "ours": lambda fps: OwnTracker(make_tracker(fps)),
        "ocsort_library_defaults": made(trackers.OCSORTTracker),
        "ocsort_giou": made(trackers.OCSORTTracker, iou=trackers.GIoU(), **{**ours, **sure, "minimum_iou_threshold": -0.5}),
        "sort": made(trackers.SORTTracker, **near, **first),
        "bytetrack": made(trackers.ByteTrackTracker, **near, **first, **sure),
        "cbiou": made(trackers.CBIoUTracker, **ours, **first, **sure),
        "botsort_without_camera_motion": made(trackers.BoTSORTTracker, enable_cmc=False, **ours, **first, **sure),
    }


def follow(sequence: Sequence, tracker: Follower) -> Rows:
    """Tracks of a sequence."""
    told = {}
    for frame in range(1, max(*sequence.truth, *sequence.boxes) + 1):
        rows = sequence.boxes.get(frame, np.zeros((0, 6)))
        corners = np.column_stack([rows[:, 1:3], rows[:, 1:3] + rows[:, 3:5]])
        boxes, ids = tracker.update(corners, rows[:, 5], round(1e6 * (1 + frame / sequence.fps)))
        told[frame] = np.column_stack([ids, boxes[:, :2], boxes[:, 2:] - boxes[:, :2], np.ones(len(ids))])
    return told


def _write(rows: Rows, path: Path) -> None:
    lines = [
        f"{frame},{int(row[0])},{row[1]:.3f},{row[2]:.3f},{row[3]:.3f},{row[4]:.3f},1,1,1"
        for frame in sorted(rows)
        for row in rows[frame]
    ]
    # The library takes no empty file: who is not followed at all is a box that is nowhere.
    path.write_text("\n".join(lines or ["1,1,-9999,-9999,1,1,1,1,1"]) + "\n")


def judge(given: list[Sequence], make: Callable[[float], Follower]) -> dict[str, float]:
    """Figures of one setting over all sequences."""
    return figures_of([(each.truth, follow(each, make(each.fps))) for each in given])


def figures_of(pairs: Iterable[tuple[Rows, Rows]]) -> dict[str, float]:
    """Of (truth, tracks) of each sequence, 0..1; each sequence counts by its boxes, as in TrackEval."""
    from trackers.eval import clear, evaluate, hota, identity

    parts: dict[str, list[dict[str, Any]]] = {"hota": [], "clear": [], "identity": []}
    with tempfile.TemporaryDirectory(prefix="pennyprotect-bench-") as folder:
        truth, told = Path(folder) / "gt.txt", Path(folder) / "told.txt"
        for true, tracks in pairs:
            _write(true, truth)
            _write(tracks, told)
            found = evaluate.evaluate_mot_sequence(truth, told, ["CLEAR", "HOTA", "Identity"])
            assert found.HOTA is not None and found.CLEAR is not None and found.Identity is not None
            parts["hota"].append(found.HOTA.to_dict(include_arrays=True, arrays_as_list=False))
            parts["clear"].append(found.CLEAR.to_dict())
            parts["identity"].append(found.Identity.to_dict())
    whole = hota.aggregate_hota_metrics(parts["hota"])
    counted = clear.aggregate_clear_metrics(parts["clear"])
    named = identity.aggregate_identity_metrics(parts["identity"])
    return {
        "hota": round(float(whole["HOTA"]), 4),
        "det_a": round(float(whole["DetA"]), 4),
        "ass_a": round(float(whole["AssA"]), 4),
        "idf1": round(float(named["IDF1"]), 4),
        "mota": round(float(counted["MOTA"]), 4),
        "identity_switches": int(counted["IDSW"]),
        "fragments": int(counted["Frag"]),
    }


async def run(arguments: BenchArguments) -> dict[str, Any]:
    """`arguments.data`: sequences in MOT format. The result is the benchmark's document."""
    data = arguments.data or DATA
    if not data.is_dir():
        raise BadInputError("There are no sequences beside the checkout; give a folder in MOT format by --data.")
    return await asyncio.to_thread(measure, data)


def measure(data: Path) -> dict[str, Any]:
    """Every setting at every rate. The headline is ours at the sequences' own rate."""
    given, compared = sequences(data), settings_compared()
    own = {name: judge(given, make) for name, make in compared.items()}
    thin = {
        f"{rate:g}_frames_per_s": {name: judge([thinned(each, rate) for each in given], make) for name, make in compared.items()}
        for rate in RATES
        if any(each.fps > rate * 1.5 for each in given)
    }
    wrong = [Sequence(each.name, each.fps, each.truth, erring(each.truth), "true boxes with errors") for each in given]
    best = max(own, key=lambda name: float(own[name]["hota"]))
    return {
        "what": "people followed in MOT sequences by the product's tracker and by the library's others on the same boxes",
        "headline": {
            **{name: own["ours"][name] for name in ("hota", "idf1", "mota", "identity_switches")},
            "best_hota_of_all_settings": own[best]["hota"],
            "best_setting": best,
        },
        "at_own_rate": own,
        "thinned": thin,
        "true_boxes_with_errors": {name: judge(wrong, make) for name, make in compared.items()},
        "keypoints_where_boxes_overlap": _poses(),
        "data_set": ", ".join(f"{each.name} ({each.detections}, {each.fps:g} frames/s)" for each in given),
        "samples": {
            "sequences": len(given),
            "frames": sum(max(each.truth) for each in given),
            "identities": sum(len(np.unique(np.concatenate([rows[:, 0] for rows in each.truth.values()]))) for each in given),
            "boxes": sum(len(rows) for each in given for rows in each.truth.values()),
        },
        "model_versions": {"tracker": f"OC-SORT, IoU {MIN_IOU}, score {MIN_SCORE}, lost after {LOST_S:g} s"},
    }


def _poses() -> dict[str, Any] | None:
    """The pose-aware experiment on composed crowds, where there is motion capture beside the checkout."""
    from benchmarks import tracking_poses

    if not any(MOCAP.glob("cmu*.npz")):
        return None
    return {f"{fps:g}_frames_per_s": tracking_poses.compare(MOCAP, fps) for fps in (5.0, 10.0)}
