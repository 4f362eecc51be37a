"""The probes over a double of pyds that stands on NVIDIA's real metadata library.

With DeepStream's own pyds on the path (PENNYPROTECT_PYDS=real) the same tests run against it.
"""

import ctypes
import gc
import importlib
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.inference.contract import PoseContract
from app.inference.families import Selection
from app.inference.pose import Letterbox, decode
from app.workers.gpu.configuration import FACE_ID, LABELS
from app.workers.gpu.handover import FrameCopy, Handover
from app.workers.gpu.nvds import PydsReader, cut_label, make_reader, view
from app.workers.gpu.probes import PosePlan, Probes, persons
from app.workers.gpu.sources import Source, Sources
from tests.nvds import layout
from tests.nvds.batches import EIGHT, NETWORK, Frame, attach_tensor, camera, made, pose_tensor

pytestmark = pytest.mark.skipif(bool(layout.why_not()), reason=layout.why_not() or "there")
CONTRACT = PoseContract.of("yolo_pose")
TENSOR = pose_tensor(EIGHT)
CHECKOUT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def pyds() -> Any:
    """The double, or the real one."""
    real = os.environ.get("PENNYPROTECT_PYDS") == "real"
    return importlib.import_module("pyds" if real else "tests.nvds.pyds")


class Rig:
    """Probes of four cameras, the odd ones of stores that allow faces."""

    def __init__(self, pyds: Any, *, allowed: bool = True, cameras: int = 4, bound: int = 512) -> None:
        self.reader = PydsReader(pyds)
        self.allowed = allowed
        self.sources = Sources(lambda _camera: self.allowed)
        for number in range(cameras):
            self.sources.put(Source(camera(number, face=number % 2 == 1), number, flowing=True))
        self.handover = Handover(lambda: None, bound)
        self.stages: list[tuple[str, float]] = []
        plan = PosePlan(CONTRACT)
        self.probes = Probes(self.reader, plan, self.sources, self.handover, lambda *about: self.stages.append(about))

    def through(self, *frames: Frame, untracked: int = 0) -> list[FrameCopy]:
        """Both probes, and the tracker between them."""
        with made(frames) as batch:
            self.probes.after_pose(batch.buffer)
            batch.track(untracked=untracked)
            self.probes.after_tracker(batch.buffer)
        return self.taken()

    def taken(self) -> list[FrameCopy]:
        found = []
        while (frame := self.handover.take()) is not None:
            found.append(frame)
        return found


@pytest.fixture
def rig(pyds: Any) -> Rig:
    return Rig(pyds)


def test_keypoints_find_their_tracks_again_and_nothing_of_the_buffer_stays(rig: Rig) -> None:
    frames = [Frame(number, pose_tensor(EIGHT, number), pts_ns=40, ntp_ns=1_700_000_000_000_000_000) for number in range(4)]
    found = rig.through(*frames, untracked=1)
    gc.collect()  # the buffer is gone; what was handed over is not
    assert [frame.source_id for frame in found] == [0, 1, 2, 3]
    for frame, given_ in zip(found, frames, strict=True):
        expected = persons(rig.probes.plan, _tensors(given_.tensor), 1280, 720)
        order = np.argsort(expected.boxes[:, 0])[:7]
        by_track = np.argsort(frame.track_ids)
        assert sorted(frame.track_ids.tolist()) == list(range(100, 107))
        assert frame.track_ids.dtype == np.uint64
        np.testing.assert_array_equal(frame.found.boxes[by_track], expected.boxes[order])
        np.testing.assert_array_equal(frame.found.keypoints[by_track], expected.keypoints[order])
        assert (frame.untracked, frame.ntp_ns, frame.width) == (1, 1_700_000_000_000_000_000, 1280)
    assert not rig.probes.wrong


def _tensors(raw: Any) -> Any:
    from app.workers.gpu.nvds import Tensors

    return Tensors({"predictions": raw}, *NETWORK)


def test_both_workers_decode_the_same_recorded_tensors_to_equal_persons(rig: Rig) -> None:
    for seed in range(5):
        raw = pose_tensor(EIGHT[: seed + 3], seed)
        cpu = decode(CONTRACT, [raw], Letterbox.inside(1280, 720, *NETWORK), Selection())
        (frame,) = rig.through(Frame(0, raw, pts_ns=seed))
        order, mine = np.argsort(cpu.boxes[:, 0]), np.argsort(frame.found.boxes[:, 0])
        for part in ("boxes", "scores", "keypoints"):
            np.testing.assert_array_equal(getattr(cpu, part)[order], getattr(frame.found, part)[mine])


def test_the_letterboxes_of_both_workers_agree_where_the_input_is_the_same() -> None:
    for width, height in ((1280, 720), (1920, 1080), (640, 360)):
        fixed, fitted = Letterbox.inside(width, height, 640, 384), Letterbox.fit(width, height)
        assert (fixed.inner_width, fixed.inner_height, fixed.left, fixed.top) == (640, 360, 0, 12)
        assert (fitted.inner_width, fitted.inner_height, fitted.left, fitted.top) == (640, 360, 0, 12)
    odd = Letterbox.inside(1281, 719, 640, 384)
    assert odd.inner_width % 2 == odd.inner_height % 2 == 0
    tall = Letterbox.inside(720, 1280, 640, 384)
    assert (tall.inner_height, tall.inner_width, tall.left) == (384, 216, 212)


def test_objects_carry_class_by_policy_in_a_batch_that_mixes_stores(rig: Rig) -> None:
    with made([Frame(number, TENSOR) for number in range(4)]) as batch:
        rig.probes.after_pose(batch.buffer)
        kinds = [{(each.class_id, each.label_.decode()) for each in batch.objects(number)} for number in range(4)]
    assert kinds == [{(0, LABELS[0])}, {(1, LABELS[1])}, {(0, LABELS[0])}, {(1, LABELS[1])}]
    rig.allowed = False  # the grant grew old
    with made([Frame(number, TENSOR, number=2) for number in range(4)]) as batch:
        rig.probes.after_pose(batch.buffer)
        assert {each.class_id for number in range(4) for each in batch.objects(number)} == {0}


def test_faces_are_read_of_allowed_stores_only_and_scaled_to_the_frame(rig: Rig) -> None:
    answer = np.zeros(18 + 128, np.float32)
    answer[:5] = (100, 200, 140, 250, 0.9)
    answer[13:18], answer[18:] = 0.8, 1 / np.sqrt(128)
    with made([Frame(0, TENSOR), Frame(1, TENSOR)]) as batch:
        rig.probes.after_pose(batch.buffer)
        batch.track()
        for number in (0, 1):
            attach_tensor(batch, layout.address_of(batch.objects(number)[0]), "obj", FACE_ID, "face", answer, (320, 640))
            nothing = np.zeros_like(answer)
            attach_tensor(batch, layout.address_of(batch.objects(number)[1]), "obj", FACE_ID, "face", nothing, (320, 640))
        rig.probes.after_tracker(batch.buffer)
    one, two = rig.taken()
    assert one.faces == (), "even though the metadata holds an answer"
    (face,) = two.faces
    assert face.embedding.shape == (128,)
    assert float(np.linalg.norm(face.embedding)) == pytest.approx(1, abs=1e-5)
    assert 20 < face.width_px < 120
    assert face.row < len(two.found)


def test_what_is_missing_or_broken_costs_that_frame_alone(rig: Rig) -> None:
    rig.probes.after_pose(_empty_buffer())
    assert rig.taken() == []
    with made([]) as batch:
        rig.probes.after_pose(batch.buffer)
        rig.probes.after_tracker(batch.buffer)
    nan, infinite, flat = TENSOR.copy(), TENSOR.copy(), TENSOR.copy()
    nan[:4, TENSOR[4] > 0.25] = np.nan
    infinite[5:, TENSOR[4] > 0.25] = np.inf
    flat[2:4] = 0
    frames = [
        Frame(0, None), Frame(1, np.zeros((5, 7), np.float32)), Frame(2, nan), Frame(3, TENSOR), Frame(0, infinite, number=1),
        Frame(1, flat, number=1), Frame(2, TENSOR, number=1, layer="other"), Frame(3, TENSOR, number=1, null=True),
        Frame(0, TENSOR, number=2, size=(0, 0)), Frame(9, TENSOR), Frame(1, np.zeros((56, 0), np.float32), number=3),
    ]  # fmt: skip
    found = {(frame.source_id, len(frame.found)) for frame in rig.through(*frames)}
    assert (3, 8) in found
    assert {count for source, count in found if source != 3} == {0}
    assert rig.probes.wrong["no tensor"] == 1
    assert rig.probes.wrong["shape"] == 4
    assert rig.probes.wrong["source"] == 2, "an unknown pad, before and behind the tracker"


def _empty_buffer() -> int:
    return int(layout.library().gst.gst_buffer_new())


def test_persons_who_share_a_corner_are_told_apart_by_their_size(rig: Rig) -> None:
    twins = [(100.0, 200.0, 60.0, 120.0), (120.0, 230.0, 100.0, 180.0), (400.0, 200.0, 50.0, 150.0)]  # 70, 140 is both's corner
    with made([Frame(0, pose_tensor(twins, extra=0))]) as batch:
        rig.probes.after_pose(batch.buffer)
        for each in batch.objects(0):
            each.object_id = round(each.detector_bbox_info.org_bbox_coords.width)
        rig.probes.after_tracker(batch.buffer)
    (frame,) = rig.taken()
    widths = np.rint(frame.found.boxes[:, 2] - frame.found.boxes[:, 0]).astype(int).tolist()
    assert sorted(widths) == [100, 120, 200]
    assert frame.track_ids.tolist() == widths


def test_a_crowd_and_ids_of_64_bits(rig: Rig) -> None:
    crowd = [(10 + 4 * (i % 150), 60 + 150 * (i // 150), 3.9, 140.0) for i in range(300)]
    with made([Frame(0, pose_tensor(crowd, extra=0))]) as batch:
        rig.probes.after_pose(batch.buffer)
        assert len(batch.objects(0)) == 300
        batch.track(first=2**64 - 302)
        batch.objects(0)[0].object_id = layout.UNTRACKED
        rig.probes.after_tracker(batch.buffer)
    (frame,) = rig.taken()
    assert len(frame.track_ids) == 299
    assert len(set(frame.track_ids.tolist())) == 299
    assert max(frame.track_ids.tolist()) > 2**63
    assert frame.untracked == 1


@given(st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_labels_fit_128_bytes_with_their_terminator(text: str) -> None:
    cut = cut_label(text)
    assert len(cut.encode()) <= 127
    assert text.startswith(cut)


def test_a_long_label_overflows_nothing_and_a_short_one_hides_the_one_before(rig: Rig) -> None:
    found = persons(rig.probes.plan, _tensors(TENSOR), 1280, 720)
    with made([Frame(0, TENSOR)]) as batch:
        (frame,) = rig.reader.frames(batch.buffer)
        rig.reader.add(frame, found, 0, 1, "ä" * 200)
        first = batch.objects(0)[0]
        assert first.label_.decode() == "ä" * 63
        assert not first.classifier_meta_list_
        assert not first.obj_user_meta_list_
    with made([Frame(0, TENSOR)]) as batch:
        (frame,) = rig.reader.frames(batch.buffer)
        rig.reader.add(frame, found, 0, 1, "ä" * 200)
        first = batch.objects(0)[0]
        native = rig.reader._object(layout.address_of(first))
        native.obj_label = "person\0"
        assert native.obj_label == "person"


def test_a_probe_waits_for_an_element_that_holds_the_metadata_lock_and_takes_it_never_itself(rig: Rig, pyds: Any) -> None:
    """The library's pools take the lock inside; pyds waits for it with the interpreter's, so no Python of ours may hold it."""
    library = layout.library()
    with made([Frame(0, TENSOR)]) as batch:
        held, release = threading.Event(), threading.Event()

        def hold() -> None:  # as a C element does: ctypes lets go of the interpreter's lock
            library.meta.nvds_acquire_meta_lock(batch.meta)
            held.set()
            release.wait(10)
            library.meta.nvds_release_meta_lock(batch.meta)

        holder = threading.Thread(target=hold)
        holder.start()
        assert held.wait(5)
        probe = threading.Thread(target=rig.probes.after_pose, args=(batch.buffer,), daemon=True)
        probe.start()
        probe.join(0.2)
        release.set()
        holder.join(5)
        probe.join(5)
        assert not probe.is_alive()
        assert len(batch.objects(0)) == 8
    assert "meta_lock" not in Path(sys.modules["app.workers.gpu.nvds"].__file__ or "").read_text("utf-8")


def test_views_over_nothing_are_refused() -> None:
    for address, kind in ((0, 0), (1, 99)):
        with pytest.raises(ValueError, match="no readable tensor"):
            view(address, kind, (4,))
    numbers = (ctypes.c_float * 6)(*range(6))
    assert view(ctypes.addressof(numbers), 0, (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_one_frame_a_second_of_a_shadowed_camera_carries_its_picture_and_a_failed_copy_costs_nothing_else(rig: Rig) -> None:
    source = rig.sources.at(0)
    assert source is not None
    plain = rig.through(Frame(0, TENSOR, pts_ns=1))
    source.camera = msgspec.structs.replace(source.camera, shadow_version="1001")
    copies = iter(["first", "second"])
    for pts, now in ((2, 100.0), (3, 100.5), (4, 101.0), (5, 102.0)):
        source.arrived(pts, now)
        assert source.sample(pts, now, lambda: next(copies)) is (pts != 5), "the last has no picture to give"
    frames = rig.through(*(Frame(0, TENSOR, number=pts, pts_ns=pts) for pts in (2, 3, 4, 5)), Frame(0, None, number=9, pts_ns=9))
    assert [frame.picture for frame in (*plain, *frames)] == [None, "first", None, "second", None]
    assert all(len(frame.everybody or ()) == 8 and frame.answered_s > 0 for frame in frames)
    assert rig.sources.unanswered == {source.camera.camera_id: 1}


def test_zone_counts_of_both_numberings(rig: Rig, pyds: Any) -> None:
    if not hasattr(pyds, "ANALYTICS"):
        pytest.skip("the real nvdsanalytics makes its own")
    from types import SimpleNamespace

    library = layout.library()
    for kind in (32, int(pyds.nvds_get_user_meta_type("x"))):
        with made([Frame(0, None)]) as batch:
            user = library.meta.nvds_acquire_user_meta_from_pool(batch.meta)
            own = layout.UserMeta.from_address(user)
            own.base_meta.meta_type, own.user_meta_data = kind, 77
            crowded = {"till": True, "x": False}
            pyds.ANALYTICS[77] = SimpleNamespace(objInROIcnt={"aisle": 3}, objLCCumCnt={"door": 9}, ocStatus=crowded)
            library.meta.nvds_add_user_meta_to_frame(batch.frames[0], user)
            counts = rig.reader.zones(rig.reader.frames(batch.buffer)[0])
        assert counts is not None
        assert (counts.inside, counts.crossed, counts.crowded) == ({"aisle": 3}, {"door": 9}, {"till"})


def test_a_full_queue_drops_its_oldest_counts_and_never_waits(pyds: Any) -> None:
    rig = Rig(pyds, bound=8)
    began = time.monotonic()
    with made([Frame(0, None)]) as batch:
        del batch
    for number in range(50):
        with made([Frame(0, TENSOR, number=number, pts_ns=number)]) as batch:
            rig.probes.after_pose(batch.buffer)
            rig.probes.after_tracker(batch.buffer)
    assert time.monotonic() - began < 20
    assert (len(rig.handover), rig.handover.dropped, rig.handover.put_count) == (8, 42, 50)


@pytest.mark.matrix
@pytest.mark.timeout(300)
def test_a_hundred_thousand_frames_leave_memory_flat(rig: Rig) -> None:
    """3,125 batches of 32 frames, every eighth frame with two persons; the first tenth fills pools and caches."""
    empty = np.zeros((56, 252), np.float32)
    people = empty.copy()
    people[:5, 3], people[:5, 9] = (100, 190, 50, 170, 0.9), (400, 190, 50, 170, 0.8)

    def batches(count: int) -> None:
        for number in range(count):
            frames = [
                Frame(pad % 4, people if pad % 8 == 0 else empty, number=number * 32 + pad, pts_ns=pad) for pad in range(32)
            ]
            with made(frames, most=32) as batch:
                rig.probes.after_pose(batch.buffer)
                rig.probes.after_tracker(batch.buffer)
            rig.taken()

    batches(313)
    gc.collect()
    before = _resident_kb()
    batches(2_812)
    gc.collect()
    grown = _resident_kb() - before
    assert grown < 6_000, f"{grown} kB over 90,000 frames"
    assert rig.handover.put_count == 100_000
    assert not rig.probes.wrong


def _resident_kb() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


def test_the_wrong_pyds_and_none_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import ModuleType

    from app.kit.errors import SetupError

    monkeypatch.setitem(sys.modules, "pyds", None)
    with pytest.raises(SetupError, match="comes with NVIDIA's DeepStream"):
        make_reader()
    monkeypatch.setitem(sys.modules, "pyds", ModuleType("pyds"))
    with pytest.raises(SetupError, match="planetary"):
        make_reader()


NUMPY_1 = """
import numpy, sys
assert numpy.__version__.startswith("1.26"), numpy.__version__
import app.workers.gpu.worker, app.workers.gpu.elements
assert not {"av", "trackers"} & set(sys.modules), "the recorder loads the first, nothing the second"
from tests.nvds import pyds
from tests.nvds.batches import *
from app.inference.contract import PoseContract
from app.workers.gpu.handover import Handover
from app.workers.gpu.nvds import PydsReader
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.sources import Source, Sources
sources, handover = Sources(), Handover(lambda: None)
sources.put(Source(camera(0), 0, flowing=True))
probes = Probes(PydsReader(pyds), PosePlan(PoseContract.of("yolo_pose")), sources, handover)
with made([Frame(0, pose_tensor(EIGHT))]) as batch:
    probes.after_pose(batch.buffer)
    batch.track()
    probes.after_tracker(batch.buffer)
frame = handover.take()
import app.workers.clips
sys.stdout.buffer.write(frame.found.boxes.tobytes() + frame.found.keypoints.tobytes())
"""


def test_the_images_own_lock_with_numpy_1_decodes_to_the_same_bytes(rig: Rig) -> None:
    python = layout.FOLDER / "bin" / "python"
    done = subprocess.run([python, "-c", NUMPY_1], cwd=CHECKOUT, capture_output=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    (frame,) = rig.through(Frame(0, TENSOR))
    assert done.stdout == frame.found.boxes.tobytes() + frame.found.keypoints.tobytes()


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    gc.collect()
