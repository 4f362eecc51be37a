"""The worker's own graph of DeepStream's elements over files: muxer, tracker, masks and copies, then the model behind Triton."""

import asyncio
import contextlib
import os
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.contracts.control import DesiredCamera
from app.inference.contract import PoseContract
from app.inference.shapes import check_outputs
from app.inference.triton import is_local
from app.perception.detections import Detections
from app.workers.gpu import configuration
from app.workers.gpu.check.bindings import gstreamer
from app.workers.gpu.check.clip import write_clip
from app.workers.gpu.check.result import Skipped, demand
from app.workers.gpu.configuration import PERSON, POSE_FILE, POSE_ID, GpuSettings
from app.workers.gpu.elements import DeepStream
from app.workers.gpu.graph import Change, Masks, Wanted
from app.workers.gpu.handover import Handover
from app.workers.gpu.nvds import MetaReader, make_reader
from app.workers.gpu.pipeline import Graph
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.sources import Sources

WIDTH, HEIGHT = 1280, 720
LEFT_HALF: Final = (((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)),)
INSIDE: Final = (100, 100, 300, 300)
STREAMS: Final = 16
PATIENCE_S: Final = 40.0
PERSONS: Final = Detections(
    np.array([[700.5, 200.25, 780.0, 460.0], [900.0, 180.0, 990.75, 470.5]], np.float32),
    np.array([0.9, 0.8], np.float32),
    np.ones((2, 17, 3), np.float32),
)


class Bare(DeepStream):
    """DeepStream's elements without a model."""

    def pose(self, file: Path) -> Any:
        """Lets everything through."""
        del file
        return self._make("identity", None)


class Seen:
    """Persons put in before the tracker, and what is found behind it. `wrong` holds the first sentence of what must not be."""

    def __init__(self, reader: MetaReader, elements: DeepStream) -> None:
        self._reader, self._elements = reader, elements
        self.frames: Counter[int] = Counter()
        self.ids: set[int] = set()
        self.corners = {(left, top) for left, top, _, _ in PERSONS.boxes.tolist()}
        self.copies, self.wrong = 0, ""
        self._lock = threading.Lock()

    def put(self, buffer: int) -> None:
        """On the source pad in the model's place."""
        for frame in self._reader.frames(buffer):
            self._reader.add(frame, PERSONS, PERSON, POSE_ID, "person")

    def look(self, buffer: int) -> None:
        """On the last source pad."""
        try:
            for frame in self._reader.frames(buffer):
                self._look(buffer, frame)
        except Exception as error:
            self.wrong = self.wrong or f"{type(error).__name__}: {error}"

    def _look(self, buffer: int, frame: Any) -> None:
        self.frames[frame.source_id] += 1
        if (frame.width, frame.height) != (WIDTH, HEIGHT):
            self.wrong = self.wrong or f"a frame is of {frame.width} x {frame.height} pixels"
        for each in self._reader.objects(frame):
            if each.track_id is not None and each.component_id == POSE_ID:
                self.ids.add(each.track_id)
                if each.corner not in self.corners:
                    self.wrong = self.wrong or f"the tracker changed the detector's corner to {each.corner}"
        if self.frames[frame.source_id] % 10 == 1:
            rgb = self._elements.cut(buffer, frame.number_in_batch, INSIDE).rgb(())
            self.copies += 1
            dark = int(rgb.max()) <= 4
            if dark is not (frame.source_id == 0):
                self.wrong = self.wrong or f"source {frame.source_id}: the masked place is {'black' if dark else 'to be seen'}"


class Run:
    """A graph over copies of one clip."""

    def __init__(self, graph: Graph, clip: Path) -> None:
        self._graph, self._clip = graph, clip

    def want(self, *numbers: int, masks: Mapping[int, Masks] | None = None, fps: float = 30.0) -> None:
        """Run these cameras."""
        masked = masks or {}
        self._graph.want({camera(number): Wanted(self._clip.as_uri(), fps, masked.get(number, ())) for number in numbers})

    def decoded(self) -> int:
        """Frames of all cameras."""
        return sum(fact.frames_in for fact in self._graph.facts().values())


def camera(number: int) -> uuid.UUID:
    """A camera's id."""
    return uuid.UUID(int=number + 1)


def until(holds: Callable[[], bool], otherwise: Callable[[], str]) -> None:
    """Failed unless it comes true in time."""
    end = time.monotonic() + PATIENCE_S
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    demand(holds(), otherwise())


@contextmanager
def running(
    elements: DeepStream, folder: Path, probes: Mapping[str, Callable[[int], None]], most: int, told: Callable[[Change], None]
) -> Iterator[tuple[Graph, Run, list[str]]]:
    """A started graph; what the shared part says when it fails is a line of the list."""
    clip, fatal = folder / "clip.mp4", list[str]()
    write_clip(clip, WIDTH, HEIGHT)
    graph = Graph(elements, most, lambda address: address, told, on_fatal=fatal.append, probes=probes)
    graph.start()
    try:
        yield graph, Run(graph, clip), fatal
    finally:
        with contextlib.suppress(Exception):
            graph.stop()


def whole() -> str:
    """Cameras come and go, the tracker gives ids and leaves the detector's corners alone, masks hold in the batch's pictures."""
    gstreamer()
    with tempfile.TemporaryDirectory() as name:
        folder, changes = Path(name), list[Change]()
        configuration.write(configuration.render(GpuSettings(batch=4)), folder)
        elements = Bare(folder)
        seen = Seen(make_reader(), elements)
        with running(elements, folder, {"pose": seen.put, "out": seen.look}, 4, changes.append) as (graph, run, fatal):

            def why() -> str:
                said = [change.reason for change in changes if change.reason and "ended" not in change.reason]
                return f"frames {dict(seen.frames)}, ids {len(seen.ids)}; {'; '.join([*fatal, *said][:3]) or 'nothing was said'}."

            run.want(0, 1, masks={0: LEFT_HALF})
            until(lambda: min(seen.frames[0], seen.frames[1]) > 40 and len(seen.ids) > 1, why)
            run.want(0, 1, 2, masks={0: LEFT_HALF})
            until(lambda: seen.frames[2] > 10, why)
            run.want(0, 2, masks={0: LEFT_HALF})
            before = Counter(seen.frames)
            until(lambda: min(seen.frames[0] - before[0], seen.frames[2] - before[2]) > 20, why)
            demand(not seen.wrong, f"{seen.wrong}.")
            demand(not fatal, why())
            unmasked = graph.facts()[camera(0)].unmasked
            demand(not unmasked, f"{unmasked} pictures could not be masked.")
            demand(graph.stop(), "The graph did not end in time.")
    return f"frames {dict(seen.frames)}, {len(seen.ids)} track ids, {seen.copies} copies out of batches with black masks."


def rate() -> str:
    """How fast 16 streams are decoded and reach the tracker's end."""
    gstreamer()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration.write(configuration.render(GpuSettings(batch=STREAMS)), folder)
        elements, passed = Bare(folder), Counter[str]()
        with running(elements, folder, {"out": lambda _buffer: passed.update(["batches"])}, STREAMS, lambda _change: None) as (
            _graph, run, fatal,
        ):  # fmt: skip
            run.want(*range(STREAMS), fps=10.0)
            until(lambda: passed["batches"] > 20, lambda: "; ".join(fatal) or "no batch came.")
            first, began = run.decoded(), time.monotonic()
            time.sleep(15.0)
            fps = (run.decoded() - first) / (time.monotonic() - began)
            decoder = _decoder_use()
    demand(fps > 30.0 * STREAMS, f"{fps:.0f} frames a second were decoded; {STREAMS} cameras need {30 * STREAMS}.")
    return f"{fps:.0f} frames a second of {WIDTH} x {HEIGHT} H.264 with openings in between, NVDEC {decoder} %."


def _decoder_use() -> int:
    import pynvml

    pynvml.nvmlInit()
    return int(pynvml.nvmlDeviceGetDecoderUtilization(pynvml.nvmlDeviceGetHandleByIndex(0))[0])


def model() -> str:
    """The pose model by nvinferserver: answers for every frame, of the contract's shape, and exchanged while frames pass."""
    url = os.environ.get("TRITON_URL", "")
    if not url:
        raise Skipped("TRITON_URL names no server; start one with the product's models (docs/gpu.md).")
    asyncio.run(check_outputs(url, "yolo_pose", "1"))
    gstreamer()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        configuration.write(configuration.render(GpuSettings(batch=4, triton=url, same_host=is_local(url))), folder)
        elements, sources, handover, told = DeepStream(folder), Sources(), Handover(lambda: None), list[bool]()
        probes = Probes(make_reader(), PosePlan(PoseContract.of("yolo_pose")), sources, handover)
        wishes = {camera(number): _wish(number) for number in range(4)}

        def heard(change: Change) -> None:
            sources.heard(change, wishes.get(change.camera))

        with running(elements, folder, {"pose": probes.after_pose, "out": probes.after_tracker}, 4, heard) as (graph, run, fatal):

            def why() -> str:
                return f"{handover.put_count} frames, faults {dict(probes.wrong)}; {'; '.join(fatal)}."

            run.want(*range(4), fps=10.0)
            until(lambda: handover.put_count > 60, why)
            graph.replace("pose", lambda: elements.pose(folder / POSE_FILE), told.append)
            until(lambda: told == [True], lambda: f"The exchange said {told}; {why()}")
            before = handover.put_count
            until(lambda: handover.put_count > before + 40, why)
            demand(not probes.wrong["no tensor"] + probes.wrong["shape"] + probes.wrong["read"], why())
    return f"{handover.put_count} frames answered and handed over, the model's element exchanged between two buffers."


def _wish(number: int) -> DesiredCamera:
    return DesiredCamera(camera(number), camera(99), "", 10.0, "yolo_pose", "1", 1, False, gait=False)


CHECKS: Final[dict[str, Callable[[], str]]] = {"graph": whole, "decoding-rate": rate, "triton": model}
