"""What happens on the streaming threads: tensors to objects before the tracker, tracked objects to plain values behind it.

Both are pad probes. They copy, hand over and return: no I/O, no logging, no lock, nothing that waits. Whatever is wrong
with one frame is counted and costs that frame alone.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.inference.contract import PoseContract
from app.inference.families import Selection
from app.inference.pose import Letterbox, decode, decode_all
from app.kit.clock import now_us
from app.perception.detections import Detections
from app.workers.gpu.configuration import LABELS, PERSON, PERSON_WHOSE_STORE_ALLOWS_FACES, POSE_ID
from app.workers.gpu.handover import FrameCopy, Handover
from app.workers.gpu.heads import Cut, FaceReader
from app.workers.gpu.nvds import Array, FrameMeta, MetaReader, ObjectMeta, Tensors
from app.workers.gpu.sources import Source, Sources, now

KEPT: Final = 1024
"""Frames between the two probes at most; a batch of 256 passes the tracker long before."""

Observe = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class PosePlan:
    """How to read the pose network: its contract and the size nvinferserver feeds it with."""

    contract: PoseContract
    selection: Selection = field(default_factory=Selection)


def persons(plan: PosePlan, tensors: Tensors, width: int, height: int) -> Detections:
    """Persons of a frame of `width` x `height`, by the CPU worker's own decoding. As `read`, and its errors."""
    outputs, box = read(plan, tensors, width, height)
    return decode(plan.contract, outputs, box, plan.selection)


def read(plan: PosePlan, tensors: Tensors, width: int, height: int) -> tuple[list[Array], Letterbox]:
    """Outputs of one frame of `width` x `height` as its decoder takes them, views of the buffer, and its letterbox.

    Raises:
        KeyError: an output of the contract is missing.
        ValueError: an output of another shape, or a frame without a size.
    """
    outputs = [tensors.outputs[name] for name in plan.contract.outputs]
    if outputs[0].ndim == 3:  # some backends keep a batch dimension of one
        outputs = [output[0] for output in outputs]
    if outputs[0].ndim != 2:
        raise ValueError(f"output {plan.contract.outputs[0]} has the shape {outputs[0].shape}")
    if min(width, height, tensors.width, tensors.height) < 1:
        raise ValueError("a frame or network without a size")
    return outputs, Letterbox.inside(width, height, tensors.width, tensors.height)


@dataclass(frozen=True, slots=True)
class Asked:
    """A frame whose tensors can be decoded; `outputs` die with the buffer."""

    frame: FrameMeta
    source: Source
    outputs: list[Array]
    box: Letterbox


class Pending:
    """Persons on their way past the tracker, by (source, presentation time): bounded, the oldest go."""

    def __init__(self, bound: int = KEPT) -> None:
        self._found: OrderedDict[tuple[int, int, int], tuple[Detections, float]] = OrderedDict()
        self._bound = bound
        self.lost = 0

    def __len__(self) -> int:
        return len(self._found)

    def put(self, frame: FrameMeta, found: Detections, waited_s: float) -> None:
        """Keep the persons of a frame, and how long it had waited for them."""
        self._found[frame.source_id, frame.pts_ns, frame.frame_number] = found, waited_s
        while len(self._found) > self._bound:
            self._found.popitem(last=False)
            self.lost += 1

    def take(self, frame: FrameMeta) -> tuple[Detections, float] | None:
        """The persons of a frame, once."""
        return self._found.pop((frame.source_id, frame.pts_ns, frame.frame_number), None)


class Probes:
    """The two probes of one pipeline.

    Args:
        observe: takes a stage's name and the seconds since the frame left its decoder.
        copy: copies a head out of a batch; None where that is not possible.

    Attributes:
        wrong: what went wrong how often: `shape`, `batch`, `source`, `read`, `persons`, `head`.
    """

    def __init__(
        self,
        reader: MetaReader,
        plan: PosePlan,
        sources: Sources,
        handover: Handover,
        observe: Observe = lambda _stage, _seconds: None,
        copy: Cut | None = None,
    ) -> None:
        self.plan = plan
        self._reader, self._sources, self._handover, self._observe = reader, sources, handover, observe
        self._pending = Pending()
        self.wrong: Counter[str] = Counter()
        self.faces = FaceReader(reader, copy, self.wrong)

    def after_pose(self, buffer: int) -> None:
        """On the source pad of the primary inference: every person becomes an object."""
        asked: list[Asked] = []
        for frame in self._frames(buffer):
            try:
                one = self._ask(frame)
            except (KeyError, ValueError):
                self.wrong["shape"] += 1
            except Exception:  # a binding's own error must not end the stream
                self.wrong["read"] += 1
            else:
                if one is not None:
                    asked.append(one)
        for one, found in zip(asked, self._decode(asked), strict=True):
            if found is None:
                continue
            try:
                self._add_persons(one, found)
            except Exception:
                self.wrong["read"] += 1

    def after_tracker(self, buffer: int) -> None:
        """On the source pad of the last element: tracked persons are copied out and handed over."""
        received = now_us()
        for frame in self._frames(buffer):
            try:
                source = self._sources.at(frame.source_id)
                if source is None:
                    self._pending.take(frame)
                    self.wrong["source"] += 1
                    continue
                self._hand_over(buffer, frame, source, received)
            except Exception:
                self.wrong["read"] += 1

    def _frames(self, buffer: int) -> list[FrameMeta]:
        try:
            found = self._reader.frames(buffer)
        except Exception:
            self.wrong["batch"] += 1
            return []
        return found

    def _ask(self, frame: FrameMeta) -> "Asked | None":
        tensors = self._reader.tensors(frame, POSE_ID)
        if tensors is None:  # nothing was inferred: the model is away, or the frame was passed over
            self.wrong["no tensor"] += 1
            if (waiting := self._sources.at(frame.source_id)) is not None:
                self._sources.unanswered[waiting.camera.camera_id] += 1
            return None
        source = self._sources.at(frame.source_id)
        if source is None:
            self.wrong["source"] += 1
            return None
        return Asked(frame, source, *read(self.plan, tensors, frame.width, frame.height))

    def _decode(self, asked: "Sequence[Asked]") -> list[Detections | None]:
        """All frames of a batch together; one by one where one of them cannot be decoded."""
        if not asked:
            return []
        plan = self.plan
        try:
            return [*decode_all(plan.contract, [one.outputs for one in asked], [one.box for one in asked], plan.selection)]
        except Exception:
            if len(asked) > 1:
                return [found for one in asked for found in self._decode([one])]
            self.wrong["shape"] += 1
            return [None]

    def _add_persons(self, one: "Asked", found: Detections) -> None:
        frame, source = one.frame, one.source
        self._pending.put(frame, found, self._note("pose", frame, source))
        kind = PERSON_WHOSE_STORE_ALLOWS_FACES if self._sources.may_look_at_faces(source) else PERSON
        self._reader.add(frame, found, kind, POSE_ID, LABELS[kind])

    def _hand_over(self, buffer: int, frame: FrameMeta, source: Source, received: int) -> None:
        pending = self._pending.take(frame)
        if pending is None:
            self.wrong["persons"] += 1
            return
        found, answered_s = pending
        objects = [each for each in self._reader.objects(frame) if each.component_id == POSE_ID]
        rows, kept = tracked_of(join(found, objects))
        looks = self._sources.may_look_at_faces(source)
        self._handover.put(
            FrameCopy(
                source_id=frame.source_id,
                connection=source.connection,
                ntp_ns=frame.ntp_ns,
                pts_ns=frame.pts_ns,
                received_us=received,
                width=frame.width,
                height=frame.height,
                found=found if len(rows) == len(found) else found.take(np.array(rows, np.intp)),
                track_ids=np.array([each.track_id for each in kept], np.uint64),
                untracked=len(found) - len(rows),
                everybody=found,
                answered_s=answered_s,
                picture=source.copy_of(frame.pts_ns),
                waited_s=self._note("tracker", frame, source),
                faces=self.faces.read(buffer, frame, source.connection, kept, received) if looks else (),
            )
        )

    def _note(self, stage: str, frame: FrameMeta, source: Source) -> float:
        """Seconds since the frame left its decoder, told; 0 where that is not known."""
        waited = source.waited(frame.pts_ns, now())
        if waited is not None:
            self._observe(stage, waited)
        return waited or 0.0


def join(found: Detections, objects: list[ObjectMeta]) -> list[ObjectMeta | None]:
    """For each person of `found` the object that a track was given, by the box that the detector said; None where none was.

    The tracker moves `rect_params` and leaves the detector's box alone, so keypoints find their track again. Objects
    that no person belongs to (the tracker's own guesses) have no keypoints and are left out.
    """
    boxes = found.boxes.tolist()  # float32 as the metadata holds it, so that corners are equal to the bit
    rows = {(left, top): row for row, (left, top, _, _) in enumerate(boxes)}
    kept: list[ObjectMeta | None] = [None] * len(boxes)
    if len(rows) < len(boxes):
        return _join_twins(boxes, objects)
    for each in objects:
        if each.track_id is not None and (row := rows.pop(each.corner, None)) is not None:
            kept[row] = each
    return kept


def tracked_of(objects: list[ObjectMeta | None]) -> tuple[list[int], list[ObjectMeta]]:
    """Rows that have an object, and those."""
    if None not in objects:
        return list(range(len(objects))), [each for each in objects if each is not None]
    pairs = [(row, each) for row, each in enumerate(objects) if each is not None]
    return [row for row, _ in pairs], [each for _, each in pairs]


def _join_twins(boxes: list[list[float]], objects: list[ObjectMeta]) -> list[ObjectMeta | None]:
    """`join` where persons share a corner: the one of the most alike size."""
    by_corner: dict[tuple[float, float], list[int]] = {}
    for row, (left, top, _, _) in enumerate(boxes):
        by_corner.setdefault((left, top), []).append(row)
    kept: list[ObjectMeta | None] = [None] * len(boxes)
    for each in objects:
        candidates = by_corner.get(each.corner)
        if each.track_id is None or not candidates:
            continue
        (left, top), (width, height) = each.corner, each.detected_size
        row = min(candidates, key=lambda row: abs(boxes[row][2] - left - width) + abs(boxes[row][3] - top - height))
        candidates.remove(row)
        kept[row] = each
    return kept
