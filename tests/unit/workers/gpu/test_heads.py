"""Heads that go with faces: out of batches that NVIDIA's own libraries made, to the message that is sent."""

import asyncio
import ctypes
import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import cv2
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from app.contracts.biometrics import ProbeEmbedding
from app.contracts.control import DesiredCamera, DesiredState
from app.contracts.tracked import TrackedFrame
from app.inference.contract import PoseContract
from app.inference.face_client import FACE_VERSION, FaceAnswer
from app.kit.errors import UnavailableError
from app.workers.control import Grant
from app.workers.gpu.configuration import FACE_ID
from app.workers.gpu.faces import Faces
from app.workers.gpu.handover import FaceFound, FrameCopy, Handover
from app.workers.gpu.heads import MOST_HEADS, CopiedHead, cut
from app.workers.gpu.nvds import PydsReader
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.sources import Source, Sources
from app.workers.gpu.surfaces import HEAD_BYTES, SurfaceError, SurfaceParams, entry_bytes
from app.workers.telemetry import FaceMetrics
from tests.nvds import layout
from tests.nvds.batches import EIGHT, Frame, attach_tensor, camera, made, pose_tensor
from tests.unit.workers.gpu import test_masks
from tests.unit.workers.gpu.test_masks import PlainMemory, library

__all__ = ["library"]
needs_library = pytest.mark.skipif(bool(layout.why_not()), reason=layout.why_not() or "there")
WIDTH, HEIGHT = 1280, 720
TENSOR = pose_tensor(EIGHT)
COLOURS = [(200, 40, 30), (30, 60, 220), (40, 180, 60), (120, 120, 120)]
"""RGB of the pictures of a batch."""


def entry_of(library: Any) -> int:
    """As the worker asks for it."""
    return entry_bytes((library._name,))


@contextmanager
def pictures(library: Any, kind: int = 6) -> Iterator[bytes]:
    """The bytes of a batch of four surfaces, each of one of the colours."""
    with test_masks.made(library, WIDTH, HEIGHT, kind, 4) as held:
        for number, colour in enumerate(COLOURS):
            y, u, v = cv2.cvtColor(np.full((2, 2, 3), colour, np.uint8), cv2.COLOR_RGB2YUV_I420).reshape(-1)[[0, 4, 5]]
            own = SurfaceParams.from_address(ctypes.addressof(held.list.contents) + number * entry_of(library))
            for plane, samples in ((0, bytes((y, y))), (1, bytes((u, v)))):
                line = samples if kind == 6 else bytes((7, samples[0], 9, samples[1]))
                count = own.planes.pitch[plane] * own.planes.height[plane] // len(line)
                ctypes.memmove(own.pointer + own.planes.offset[plane], line * count, len(line) * count)
        held.filled = 4
        yield ctypes.string_at(ctypes.addressof(held), HEAD_BYTES)


def hold(buffer: int, body: bytes) -> Any:
    """Give a buffer this content; what it returns must outlive the buffer."""
    gst, kept = layout.library().gst, ctypes.create_string_buffer(body)
    gst.gst_memory_new_wrapped.restype = ctypes.c_void_p
    gst.gst_memory_new_wrapped.argtypes = [
        ctypes.c_int,
        ctypes.c_void_p,
        *[ctypes.c_size_t] * 3,
        ctypes.c_void_p,
        ctypes.c_void_p,
    ]
    gst.gst_buffer_append_memory.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
    memory = gst.gst_memory_new_wrapped(2, kept, len(body), 0, len(body), None, None)
    gst.gst_buffer_append_memory(buffer, memory)
    return kept


def answer() -> np.ndarray[Any, Any]:
    """A face with its eyes in the upper middle of a crop of 320 x 640."""
    found = np.zeros(18 + 128, np.float32)
    found[:9] = (100, 150, 220, 290, 0.9, 130, 200, 190, 200)
    found[13:18], found[18:] = 0.8, 1 / np.sqrt(128)
    return found


def through(probes: Probes, handover: Handover, body: bytes, number: int, faces: int = 1) -> list[FrameCopy]:
    """Frames of four cameras; `faces` of each have an answer."""
    with made([Frame(pad, TENSOR, number=number, pts_ns=number) for pad in range(4)]) as batch:
        kept = hold(batch.buffer, body) if body else None
        probes.after_pose(batch.buffer)
        batch.track()
        for pad in range(4):
            for each in batch.objects(pad)[:faces]:
                attach_tensor(batch, layout.address_of(each), "obj", FACE_ID, "face", ANSWER, (320, 640))
        probes.after_tracker(batch.buffer)
    del kept
    taken = []
    while (frame := handover.take()) is not None:
        taken.append(frame)
    return taken


ANSWER = answer()


@needs_library
@pytest.mark.parametrize("kind", [6, 29])
def test_a_head_is_the_very_part_of_its_own_frames_picture_and_a_few_of_a_track_are_chosen(library: Any, kind: int) -> None:
    from tests.nvds import pyds

    memory = PlainMemory()
    sources, handover = Sources(lambda _camera: True), Handover(lambda: None)
    for pad in range(4):
        sources.put(Source(camera(pad, face=pad != 2), pad, flowing=True))
    probes = Probes(
        PydsReader(pyds),
        PosePlan(PoseContract.of("yolo_pose")),
        sources,
        handover,
        copy=partial(cut, memory=memory, entry=entry_of(library)),
    )
    with pictures(library, kind) as body:
        frames = through(probes, handover, body, 1)
        again = through(probes, handover, body, 2)
        several = through(probes, handover, body, 3, faces=8)
    assert [len(frame.faces) for frame in frames] == [1, 1, 0, 1], "the third store allows no faces"
    for frame in frames:
        for face in frame.faces:
            rgb = face.head.rgb(())
            np.testing.assert_allclose(rgb.reshape(-1, 3), np.tile(COLOURS[frame.source_id], (rgb.size // 3, 1)), atol=4)
            left, top = face.head.left, face.head.top
            high, wide = rgb.shape[:2]
            eye = face.eyes.mean(axis=0)
            assert abs(left + wide / 2 - eye[0]) < 3
            assert top < eye[1] < top + high
            half = [((0.0, 0.0), (1.0, 0.0), (1.0, eye[1] / HEIGHT), (0.0, eye[1] / HEIGHT))]
            masked = face.head.rgb(half)
            assert masked[: int(eye[1]) - top].max() == 0
            assert np.array_equal(masked[int(eye[1]) - top + 4 :], rgb[int(eye[1]) - top + 4 :])
    assert [[face.chosen for face in frame.faces] for frame in again] == [[False]] * 2 + [[]] + [[False]], (
        "no better, and too soon"
    )
    assert all(sum(face.chosen for face in frame.faces) <= MOST_HEADS < len(frame.faces) == 8 for frame in several if frame.faces)
    probes.faces.forget()
    assert not probes.wrong


@needs_library
def test_a_head_that_cannot_be_copied_is_counted_and_no_picture_takes_its_place(library: Any) -> None:
    from tests.nvds import pyds

    sources, handover = Sources(lambda _camera: True), Handover(lambda: None)
    for pad in range(4):
        sources.put(Source(camera(pad, face=True), pad, flowing=True))
    probes = Probes(
        PydsReader(pyds),
        PosePlan(PoseContract.of("yolo_pose")),
        sources,
        handover,
        copy=partial(cut, memory=PlainMemory(), entry=entry_of(library)),
    )
    found = [face for frame in through(probes, handover, b"", 1) for face in frame.faces]
    assert [(face.chosen, face.head) for face in found] == [(True, None)] * 4
    assert probes.wrong == {"head": 4}
    with pictures(library) as body, made([Frame(0, None)]) as batch:
        kept = hold(batch.buffer, body)
        for number in (4, -1):
            with pytest.raises(SurfaceError, match="has no number"):
                cut(batch.buffer, number, (0, 0, 64, 64), PlainMemory(), entry_of(library))
        with pytest.raises(SurfaceError, match="is not copied"):
            cut(batch.buffer, 0, (1300, 0, 1400, 64), PlainMemory(), entry_of(library))
        assert cut(batch.buffer, 0, (1201, 701, 1400, 900), PlainMemory(), entry_of(library)).rows.shape == (30, 80)
        del kept


@needs_library
def test_the_length_of_an_entry_is_the_librarys_own(library: Any) -> None:
    with test_masks.made(library, 640, 360, 6, 3) as held:
        start, entry = ctypes.addressof(held.list.contents), entry_of(library)
        found = [SurfaceParams.from_address(start + number * entry) for number in range(3)]
        assert [(own.width, own.height, own.colour, own.planes.num_planes) for own in found] == [(640, 360, 6, 2)] * 3
        assert len({own.pointer for own in found}) == 3
    with pytest.raises(SurfaceError, match="is not here"):
        entry_bytes(("libnothing-of-nvidia.so",))


class Model:
    def __init__(self) -> None:
        self.asked: list[tuple[str, tuple[int, ...]]] = []
        self.during: Callable[[], object] = lambda: None
        self.answer: FaceAnswer | None = FaceAnswer(
            np.array([[10, 10, 60, 70, 0.9]], np.float32), np.zeros((1, 4, 2), np.float32),
            np.full((1, 5), 0.7, np.float32), np.full((1, 128), 0.5, np.float32),
        )  # fmt: skip

    async def find(self, picture: Any, most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        self.asked.append((version, picture.shape))
        self.during()
        if self.answer is None:
            raise UnavailableError("Triton does not serve faces now.")
        return self.answer


class Kept:
    """An emitter that keeps what it may send."""

    def __init__(self) -> None:
        self.probes: list[ProbeEmbedding] = []
        self.sendable: list[Callable[[], bool]] = []

    def probe(self, probe: ProbeEmbedding, sendable: Callable[[], bool]) -> None:
        assert sendable()
        self.probes.append(probe)
        self.sendable.append(sendable)


class Rig:
    def __init__(self) -> None:
        self.wish = camera(1, face=True)
        self.model, self.kept, self.registry = Model(), Kept(), CollectorRegistry()
        self.told: list[Any] = []
        self.faces = Faces(
            self.kept, FaceMetrics(self.registry), self.model,  # type: ignore[arg-type]
            lambda: Grant(DesiredState("r", 10.0, [self.wish]), time.monotonic()), lambda *about: self.told.append(about),
        )  # fmt: skip

    def want(self, **changes: Any) -> DesiredCamera:
        fields = {name: getattr(self.wish, name) for name in self.wish.__struct_fields__}
        self.wish = DesiredCamera(**{**fields, **changes})
        return self.wish

    def dropped(self, why: str) -> float:
        return self.registry.get_sample_value("pennyprotect_worker_faces_dropped_total", {"why": why}) or 0.0

    def offer(self, **changes: Any) -> None:
        rows = np.full((150, 100), 128, np.uint8)
        rows[:100] = np.random.default_rng(1).integers(30, 220, (100, 100), np.uint8)
        face = FaceFound(0, 0.9, 40.0, np.full(5, 0.8, np.float32), np.full(128, 0.1, np.float32), np.zeros((2, 2), np.float32),
                         True, CopiedHead(rows, 100, 50, WIDTH, HEIGHT))  # fmt: skip
        message = TrackedFrame(self.wish.camera_id, 5, 1, 1, 1, WIDTH, HEIGHT, 3, [77], b"", b"", b"")
        self.faces.offer((dataclasses.replace(face, **changes),), message)

    async def sent(self) -> list[ProbeEmbedding]:
        """What was sent once all that waits was looked at."""
        stop, before = asyncio.Event(), len(self.kept.probes)
        running = asyncio.create_task(self.faces.run(stop))
        async with asyncio.timeout(20):
            while self.faces._waiting:
                await asyncio.sleep(0.01)
        stop.set()
        await asyncio.wait_for(running, 20)
        return self.kept.probes[before:]


def grey_of(probe: ProbeEmbedding) -> Any:
    return cv2.imdecode(np.frombuffer(probe.picture, np.uint8), cv2.IMREAD_GRAYSCALE)


async def test_a_face_is_sent_with_the_picture_of_its_head_black_where_masks_are_in_force() -> None:
    rig = Rig()
    rig.offer()
    (probe,) = await rig.sent()
    shown = grey_of(probe)
    assert shown.shape == (100, 100)
    assert shown.std() > 30
    assert (probe.model_version, probe.track_id, probe.face_px, len(rig.model.asked)) == (FACE_VERSION, 77, 40.0, 0)
    assert 0 <= probe.attack <= 1
    rig.want(masks=[[(0.0, 0.1), (1.0, 0.1), (1.0, 1.0), (0.0, 1.0)]])  # below the eyes, from 72 pixels on
    rig.offer()
    (masked,) = await rig.sent()
    assert grey_of(masked)[30:].max() < 20
    assert grey_of(masked)[:16].std() > 30
    rig.want(masks=[])
    rig.offer(head=None)
    assert [probe.picture for probe in await rig.sent()] == [b""]


async def test_a_face_under_a_mask_that_was_drawn_since_is_not_sent_nor_one_whose_masks_change_while_it_is_looked_at() -> None:
    rig, drawn = Rig(), [[(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)]]
    for head in (CopiedHead(np.full((150, 100), 128, np.uint8), 100, 50, WIDTH, HEIGHT), None):
        rig.want(masks=drawn)
        rig.offer(eyes=np.array([[130, 90], [170, 90]], np.float32), head=head)
        assert await rig.sent() == []
        rig.offer(eyes=np.array([[900, 90], [940, 90]], np.float32), head=head)
        assert len(await rig.sent()) == 1, "beside the mask"
    assert rig.dropped("mask") == 2
    rig.want(masks=[], face_version="1002")
    rig.model.during = lambda: rig.want(masks=drawn)
    rig.offer(eyes=np.array([[900, 90], [940, 90]], np.float32))
    assert (await rig.sent(), rig.dropped("mask")) == ([], 3)
    assert rig.kept.sendable[-1]() is True
    rig.want(masks=[])
    assert rig.kept.sendable[-1]() is False, "it waited for Redis meanwhile"


async def test_a_camera_of_another_version_is_answered_by_it_with_the_next_face_and_by_no_other() -> None:
    rig = Rig()
    rig.want(face_version="1002")
    rig.offer()
    (probe,) = await rig.sent()
    assert (probe.model_version, probe.face_px) == ("1002", 50.0)
    assert probe.embedding_array()[0] == 0.5
    assert probe.quality_array()[0] == pytest.approx(0.7)
    assert [len(about[1] or ()) for about in rig.told] == [1]
    rig.model.during = lambda: rig.want(face=False)  # while the model thinks
    rig.offer()
    assert (await rig.sent(), len(rig.told), rig.dropped("policy")) == ([], 1, 1)
    rig.model.during = lambda: None
    rig.want(face=True, face_version=FACE_VERSION)  # rolled back
    rig.offer()
    assert [(each.model_version, each.face_px) for each in await rig.sent()] == [(FACE_VERSION, 40.0)]
    rig.want(face_version="1002")
    rig.offer(head=None)
    rig.model.answer = None
    rig.offer()
    assert await rig.sent() == [], "an embedding of the released version is never sent in its place"
    assert (rig.dropped("picture"), rig.dropped("model"), rig.told[-1][1]) == (1, 1, None)
    assert [version for version, _ in rig.model.asked] == ["1002"] * 3


async def test_what_is_not_allowed_not_good_enough_or_not_chosen_is_not_sent() -> None:
    rig = Rig()
    rig.offer(chosen=False)
    rig.offer(quality=np.full(5, 0.1, np.float32))
    rig.offer()
    rig.want(face=False)  # while it waits
    rig.offer()
    assert await rig.sent() == []
    assert (rig.dropped("quality"), rig.dropped("policy")) == (1, 2)
    rig.want(face=True)
    rig.offer()
    rig.faces._waiting[0] = dataclasses.replace(rig.faces._waiting[0], offered_at=time.monotonic() - 3)
    assert await rig.sent() == []
    assert rig.dropped("late") == 1
    rig.offer()
    rig.faces.forget()
    assert await rig.sent() == []
