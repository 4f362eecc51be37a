"""What skipping still scenes adds, by occupancy: the same worker with and without, in turn, and whom it misses.

Both sides take the same decoded streams at 5 frames a second of the camera's time, as fast as they can, through the worker's
own lane (stillness, model, tracker, messages). Decoding is on both sides. The side without skipping looks at every frame,
so it also says who was there: each of its tracks is looked for in what the other side saw.
"""

import asyncio
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import numpy.typing as npt
import psutil

from app.capture.frame import CapturedFrame
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.inference.picture import DecodedPicture
from app.inference.triton import CallOptions, TritonPose
from app.kit.ids import new_id
from app.workers.cpu.lane import Lane
from app.workers.cpu.stillness import EMPTY_GAP_US
from app.workers.emitter import Emitter
from app.workers.telemetry import WorkerMetrics
from benchmarks.scenes import FPS, SCENES, read_clip, shows_people, write_scene
from benchmarks.servers import Servers

CAMERAS = 2
ANALYSED_FPS = 5
EVERY = FPS // ANALYSED_FPS
ROUNDS = 2
START_US = 1_800_000_000_000_000
STEP_US = 1_000_000 // ANALYSED_FPS
SAME_PERSON_IOU = 0.4

Boxes = npt.NDArray[np.float32]


class Sink:
    """Takes what a lane says; keeps the tracked frames."""

    def __init__(self) -> None:
        self.frames: list[TrackedFrame] = []

    def frame(self, frame: TrackedFrame) -> None:
        """A tracked frame."""
        self.frames.append(frame)

    def tracklet(self, _tracklet: object) -> None:
        """An ended track."""

    def health(self, _health: object) -> None:
        """A camera's state."""


@dataclass(frozen=True, slots=True)
class Side:
    """One run of all cameras over a scene.

    Attributes:
        wall_s, cpu_s: time it took, of a clock and of every process that took part.
        frames: due frames; `inferences`: those that went to the model.
        seen: the first camera's tracked frames.
    """

    wall_s: float
    cpu_s: float
    frames: int
    inferences: int
    seen: list[TrackedFrame]


async def measure(servers: Servers, clip: Path) -> dict[str, Any]:
    """One row a scene; blocks while it composes them."""
    frames, background = await asyncio.to_thread(read_clip, clip)
    client = TritonPose(servers.triton_url, options=CallOptions(deadline_s=30.0))
    rows = []
    try:
        with tempfile.TemporaryDirectory(prefix="pennyprotect-still-") as folder:
            for number, scene in enumerate(SCENES):
                stream = Path(folder) / f"{number}.mp4"
                await asyncio.to_thread(write_scene, scene, frames, background, stream)
                sides: dict[bool, list[Side]] = {True: [], False: []}
                for turn in range(ROUNDS):
                    for skip in (False, True) if turn % 2 else (True, False):
                        sides[skip].append(await _run(client, stream, skip=skip))
                shown = [shows_people(scene, n) for n in range(0, FPS * 20, EVERY)]
                rows.append({"scene": scene.name, "occupancy": scene.occupancy, **_row(sides[True], sides[False], shown)})
    finally:
        await client.close()
    return {
        "what": "the same worker with and without skipping still scenes, decoding included, in turn",
        "data_set": f"{clip.name} and its own background, noise of 4 grey levels, H.264 720p",
        "stated_gap_s": EMPTY_GAP_US / 1e6,
        "rows": rows,
    }


async def _run(client: TritonPose, stream: Path, *, skip: bool) -> Side:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    cpu, started = _cpu_s(processes), time.perf_counter()
    counts = await asyncio.gather(*(_camera(client, stream, skip=skip) for _ in range(CAMERAS)))
    wall_s = time.perf_counter() - started
    return Side(wall_s, _cpu_s(processes) - cpu, sum(n for n, _ in counts), sum(len(seen) for _, seen in counts), counts[0][1])


async def _camera(client: TritonPose, stream: Path, *, skip: bool) -> tuple[int, list[TrackedFrame]]:
    """Due frames, and what was seen in those that were analysed."""
    sink = Sink()
    wish = DesiredCamera(
        camera_id=new_id(), store_id=uuid.uuid4(), url="rtsp://127.0.0.1:9/none", analysis_fps=float(ANALYSED_FPS),
        pose_model="yolo_pose", pose_version="1", policy_revision=0, face=False, gait=False,
    )  # fmt: skip
    lane = Lane(wish, cast(Emitter, sink), WorkerMetrics(), lambda: None, skip_still=skip)
    decoded, due = _due(stream), 0
    while (picture := await asyncio.to_thread(next, decoded, None)) is not None:
        at_us = START_US + due * STEP_US
        frame = CapturedFrame(picture, at_us, at_us, 1)
        due += 1
        if lane.rests(frame):
            continue
        found = (await client.detect([DecodedPicture(picture)]))[0]
        lane.accept(frame, found, "")
    return due, sink.frames


def _due(stream: Path) -> Iterator[av.VideoFrame]:
    with av.open(str(stream)) as container:
        container.streams.video[0].thread_type = "NONE"
        for number, frame in enumerate(container.decode(video=0)):
            if number % EVERY == 0:
                yield frame


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    return sum(each.cpu_times().user + each.cpu_times().system for each in processes)


def _row(skipping: list[Side], every: list[Side], shown: list[bool]) -> dict[str, Any]:
    def ratio(of: str) -> float:
        pairs = zip(every, skipping, strict=True)
        return round(float(statistics.median(getattr(full, of) / getattr(less, of) for full, less in pairs)), 2)

    empty = [len(frame.track_ids) for frame, there in zip(every[0].seen, shown, strict=False) if not there]
    return {
        "frames_per_inference": round(skipping[0].frames / skipping[0].inferences, 2),
        "cameras_ratio": ratio("wall_s"),
        "cpu_ratio": ratio("cpu_s"),
        "found_where_nobody_is": sum(empty),
        "safety": missed(every[0].seen, skipping[0].seen),
    }


def missed(reference: list[TrackedFrame], seen: list[TrackedFrame]) -> dict[str, Any]:
    """What became of each person that the side without skipping tracked: seen, how late, or never.

    A person is a track; it counts as seen in the first frame, while it lasts, in which the other side has a box on it.
    """
    by_time = {frame.captured_at_us: boxes_of(frame) for frame in seen}
    tracks: dict[int, list[tuple[int, Boxes]]] = {}
    for frame in reference:
        for track, box in zip(frame.track_ids, boxes_of(frame), strict=True):
            tracks.setdefault(track, []).append((frame.captured_at_us, box))
    delays, never = [], []
    for sightings in tracks.values():
        first = next((at for at, box in sightings if at in by_time and has(by_time[at], box)), None)
        if first is None:
            never.append((sightings[-1][0] - sightings[0][0]) / 1e6)
        else:
            delays.append((first - sightings[0][0]) / 1e6)
    gap_s = EMPTY_GAP_US / 1e6
    return {
        "people": len(tracks),
        "missed": len(never),
        "missed_longer_than_gap": sum(lasted > gap_s for lasted in never),
        "delayed": sum(delay > 0 for delay in delays),
        "delayed_beyond_gap": sum(delay > gap_s for delay in delays),
        "longest_delay_s": round(max(delays, default=0.0), 2),
    }


def boxes_of(frame: TrackedFrame) -> Boxes:
    """(n, 4), pixels of the frame."""
    return np.frombuffer(frame.boxes, np.float32).reshape(-1, 4)


def has(boxes: Boxes, box: Boxes) -> bool:
    """Whether one of `boxes` lies on `box`."""
    inner = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None).prod(axis=1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod() - inner
    return bool((inner >= SAME_PERSON_IOU * union).any())
