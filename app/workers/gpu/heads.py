"""Faces in a tracked batch: what the secondary inference answered, and pictures of the heads that are worth sending.

A head is copied out of the batch's own surfaces, which hold the decoder's pictures behind the privacy masks; the masks in force
are drawn again over the copy (`CopiedHead.rgb`), so that a picture that nobody masked hides what it must all the same.
"""

import ctypes
import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from app.capture.polygons import Polygons
from app.inference.pose import Letterbox
from app.workers.best_shot import Shots, head_box
from app.workers.gpu.configuration import FACE_ID, PERSON_WHOSE_STORE_ALLOWS_FACES
from app.workers.gpu.handover import FaceFound
from app.workers.gpu.nvds import FrameMeta, MetaReader, ObjectMeta, Tensors
from app.workers.gpu.surfaces import HEAD_BYTES, Memory, SurfaceError, UInt8, part_of, picture_in
from app.workers.head_picture import LEAST_QUALITY, behind

FACE_FIXED: Final = 18
"""Numbers before the embedding in an answer of `face_pipeline_crops`: box 4, score, 4 points, 5 quality parts."""

MOST_HEADS: Final = 4
"""Heads that are chosen in one frame, since each costs the streaming thread two copies from the GPU; others wait for their next
look."""

Box = tuple[float, float, float, float]
WholeBox = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class CopiedHead:
    """A part of a picture of `width` x `height` from (`left`, `top`) on: NV12, `rows` is (h * 3 / 2, w)."""

    rows: UInt8 = field(repr=False)
    left: int
    top: int
    width: int
    height: int

    def rgb(self, masks: Polygons) -> UInt8:
        """(h, w, 3), black where a mask covers it."""
        found = np.asarray(cv2.cvtColor(self.rows, cv2.COLOR_YUV2RGB_NV12), np.uint8)
        return behind(masks, found, self.left, self.top, self.width, self.height)


Cut = Callable[[int, int, WholeBox], CopiedHead]
"""A batch's buffer (its address), which of its pictures, and where: copies that part out. Raises where it cannot."""


def cut(buffer: int, number: int, box: WholeBox, memory: Memory, entry: int) -> CopiedHead:
    """The part of a batch's picture, grown to even pixels. SurfaceError where it cannot be read. `entry` as of `picture_in`."""
    picture = picture_in(_first_bytes(buffer), number, entry)
    left, top = box[0] // 2 * 2, box[1] // 2 * 2
    right, bottom = min(picture.width // 2, -(-box[2] // 2)) * 2, min(picture.height // 2, -(-box[3] // 2)) * 2
    rows = part_of(picture, memory, (left, top, right, bottom))
    return CopiedHead(rows, left, top, picture.width, picture.height)


@functools.cache
def _extract() -> Any:
    found = ctypes.CDLL("libgstreamer-1.0.so.0").gst_buffer_extract
    found.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t]
    found.restype = ctypes.c_size_t
    return found


def _first_bytes(buffer: int) -> bytes:
    into = ctypes.create_string_buffer(HEAD_BYTES)
    if _extract()(buffer, 0, into, HEAD_BYTES) != HEAD_BYTES:
        raise SurfaceError("the batch's buffer holds no NvBufSurface")
    return into.raw


class FaceReader:
    """Faces of the stores that allow them, behind the tracker. Used on one streaming thread.

    Args:
        copy: None where pictures of this graph are not in reach.
        wrong: counts heads that could not be copied, as `head`.
    """

    def __init__(self, reader: MetaReader, copy: Cut | None, wrong: "Counter[str]") -> None:
        self._reader, self._copy, self._wrong = reader, copy, wrong
        self._shots = Shots()

    def forget(self) -> None:
        """From any thread: nobody's face may be looked at any more."""
        self._shots = Shots()

    def read(
        self, buffer: int, frame: FrameMeta, connection: int, objects: list[ObjectMeta], at_us: int
    ) -> tuple[FaceFound, ...]:
        """What was answered about `objects`; the row of each is its place in the list. The best few of a track are `chosen`."""
        found: list[FaceFound] = []
        for row, each in enumerate(objects):
            if each.class_id != PERSON_WHOSE_STORE_ALLOWS_FACES:
                continue
            tensors = self._reader.object_tensors(each, FACE_ID)
            if tensors is None or (face := face_of(tensors, row, each.box)) is None:
                continue
            track, merit, shots = (frame.source_id, connection, each.track_id or 0), face.merit, self._shots
            few = sum(one.chosen for one in found) < MOST_HEADS
            if few and face.quality.min() >= LEAST_QUALITY and shots.take(track, merit, at_us):
                shots.taken(track, merit)
                face.chosen, face.head = True, self._head(buffer, frame, face)
            found.append(face)
        return tuple(found)

    def _head(self, buffer: int, frame: FrameMeta, face: FaceFound) -> CopiedHead | None:
        """None where it cannot be had: the face is sent without its picture, never with another."""
        if self._copy is None:
            return None
        box = head_box(face.eyes[0], face.eyes[1], frame.width, frame.height)
        if box is None:
            return None
        try:
            return self._copy(buffer, frame.number_in_batch, box)
        except Exception:
            self._wrong["head"] += 1
            return None


def face_of(tensors: Tensors, row: int, box: Box) -> FaceFound | None:
    """The face in an answer of `face_pipeline_crops` about a person's crop (left, top, width, height), if any."""
    answer = np.asarray(tensors.outputs["face"], np.float32).reshape(-1).copy()
    if len(answer) <= FACE_FIXED or not np.isfinite(answer).all() or answer[4] <= 0:
        return None
    crop = Letterbox.inside(max(1, round(box[2])), max(1, round(box[3])), tensors.width, tensors.height)
    scale = np.array([crop.source_width / crop.inner_width, crop.source_height / crop.inner_height], np.float32)
    eyes = (answer[5:9].reshape(2, 2) - (crop.left, crop.top)) * scale + np.array(box[:2], np.float32)
    width = float(answer[2] - answer[0]) * float(scale[0])
    return FaceFound(row, float(answer[4]), width, answer[13:FACE_FIXED], answer[FACE_FIXED:], eyes.astype(np.float32))
