"""Letterbox, suppression and decoders: there and back, and against the obvious slow way."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.inference.contract import PoseContract
from app.inference.families import FAMILIES, Selection, suppress, suppress_all
from app.inference.picture import PixelPicture
from app.inference.pose import Letterbox, decode, decode_all
from app.kit.errors import BadInputError, SetupError
from app.perception.detections import Detections

sides = st.integers(1, 5000)


@given(sides, sides, st.sampled_from([320, 640, 960]))
def test_letterbox_is_the_least_rectangle_of_whole_strides(width: int, height: int, long_side: int) -> None:
    box = Letterbox.fit(width, height, long_side)
    assert max(box.inner_width, box.inner_height) == long_side
    for inner, outer in ((box.inner_width, box.width), (box.inner_height, box.height)):
        assert outer % 32 == 0
        assert inner <= outer < inner + 32


@given(st.integers(32, 4000), st.integers(32, 4000), st.integers(0, 2**32 - 1))
def test_points_come_back_to_where_they_were(width: int, height: int, seed: int) -> None:
    box = Letterbox.fit(width, height)
    corners = np.random.default_rng(seed).uniform(0, [width, height], (5, 2, 2))
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1).astype(np.float32)
    points = np.random.default_rng(seed).uniform(0, [width, height], (5, 17, 2)).astype(np.float32)
    scores = np.linspace(0.9, 0.5, 5, dtype=np.float32)
    inside = Detections(
        box.to_input(boxes.reshape(-1, 2, 2)).reshape(-1, 4),
        scores,
        np.concatenate([box.to_input(points), np.full((5, 17, 1), 0.5, np.float32)], 2),
    )
    back = box.to_source(inside)
    np.testing.assert_allclose(back.boxes, boxes, atol=max(width, height) * 2e-5)
    np.testing.assert_allclose(back.keypoints[:, :, :2], points, atol=max(width, height) * 2e-5)


def test_boxes_are_cut_at_the_edge_of_the_frame_and_keypoints_are_not() -> None:
    box = Letterbox.fit(640, 360)
    outside = np.full((1, 17, 3), -20, np.float32)
    found = box.to_source(Detections(np.array([[-9, -9, 700, 700]], np.float32), np.ones(1, np.float32), outside))
    assert found.boxes.tolist() == [[0, 0, 640, 360]]
    assert found.keypoints[0, 0, 0] == -20


def test_a_frame_without_pixels_is_refused() -> None:
    with pytest.raises(BadInputError):
        Letterbox.fit(0, 480)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
def test_paint_centres_the_frame_and_pads_around_it(order: str) -> None:
    red = np.zeros((90, 160, 3), np.uint8)
    red[:, :, 0 if order == "rgb" else 2] = 200
    box = Letterbox.fit(160, 90)
    target = np.zeros((box.height, box.width, 3), np.uint8)
    box.paint(PixelPicture(red, order), target, 114)  # type: ignore[arg-type]
    assert (box.width, box.height, box.top) == (640, 384, 12)
    assert (target[:12] == 114).all()
    assert (target[-12:] == 114).all()
    assert (target[12:-12] == [200, 0, 0]).all()


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two boxes."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


@given(st.integers(0, 2**32 - 1), st.integers(0, 60), st.sampled_from([0.3, 0.5, 0.7]))
def test_suppression_is_the_greedy_one(seed: int, count: int, limit: float) -> None:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 60, (count, 2))
    boxes = np.concatenate([corner, corner + random.uniform(5, 40, (count, 2))], 1).astype(np.float64)
    kept: list[int] = []
    for i in range(count):
        if all(overlap(boxes[i], boxes[j]) <= limit for j in kept):
            kept.append(i)
    assert suppress(boxes, limit, 1000).tolist() == kept  # type: ignore[arg-type]
    assert suppress(boxes, limit, 3).tolist() == kept[:3]  # type: ignore[arg-type]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 200), min_size=1, max_size=6), st.sampled_from([0.3, 0.7]))
@example(0, [0, 0], 0.3)
@settings(max_examples=40, deadline=None)
def test_frames_suppressed_together_keep_what_each_keeps_alone(seed: int, counts: list[int], limit: float) -> None:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 90, (2, sum(counts)))
    corners = np.concatenate([corner, corner + random.uniform(-1, 40, corner.shape)]).astype(np.float32)
    corners[:, random.random(sum(counts)) < 0.05] = np.nan
    for most in (300, 4):
        together, end = suppress_all(corners, counts, limit, most), 0
        for count, kept in zip(counts, together, strict=True):
            begin, end = end, end + count
            assert kept.tolist() == suppress(corners[:, begin:end].T, limit, most).tolist()


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(0, 80), min_size=2, max_size=5), st.booleans())
@settings(max_examples=25, deadline=None)
def test_frames_decoded_together_hold_the_very_same_persons(seed: int, crowds: list[int], alike: bool) -> None:
    random, contract, frames = np.random.default_rng(seed), PoseContract.of("yolo_pose"), []
    for crowd in crowds:
        raw = random.uniform(0, 400, (56, 300)).astype(np.float32)
        raw[4] = 0.1
        raw[4, :crowd] = random.uniform(0.2, 1, crowd)
        raw[random.integers(0, 56), random.random(300) < 0.05] = random.choice([np.nan, np.inf, -np.inf])
        frames.append([raw])
    boxes = [Letterbox.inside(1280 if alike else 640 + 2 * number, 720, 640, 384) for number in range(len(frames))]
    for found, outputs, box in zip(decode_all(contract, frames, boxes, Selection()), frames, boxes, strict=True):
        alone = decode(contract, outputs, box, Selection())
        for part in ("boxes", "scores", "keypoints"):
            np.testing.assert_array_equal(getattr(found, part), getattr(alone, part))


def test_yolo_decoder_reads_the_layout_and_sorts_by_score() -> None:
    raw = np.zeros((56, 40), np.float32)
    raw[:5, 7] = [100, 200, 20, 40, 0.6]
    raw[:5, 8] = [101, 200, 20, 40, 0.5]  # the same person
    raw[:5, 30] = [300, 100, 10, 10, 0.9]
    raw[:5, 31] = [500, 100, 10, 10, 0.2]  # too faint
    raw[5:, 7] = np.arange(51)
    found = FAMILIES["yolo_pose"].decode([raw], Selection())
    np.testing.assert_allclose(found.scores, [0.9, 0.6])
    np.testing.assert_allclose(found.boxes, [[295, 95, 305, 105], [90, 180, 110, 220]])
    np.testing.assert_allclose(found.keypoints[1], np.arange(51).reshape(17, 3))


def test_rtmo_decoder_takes_boxes_and_keypoints_as_they_are() -> None:
    boxes = np.array([[0, 0, 9, 9, 0.1], [5, 5, 20, 40, 0.8]], np.float32)
    keypoints = np.arange(2 * 51, dtype=np.float32).reshape(2, 17, 3)
    found = FAMILIES["rtmo"].decode([boxes, keypoints], Selection())
    assert found.boxes.tolist() == [[5, 5, 20, 40]]
    assert (found.keypoints[0] == keypoints[1]).all()


def test_an_empty_frame_has_no_persons() -> None:
    contract = PoseContract.of("yolo_pose")
    assert len(decode(contract, [np.zeros((56, 5040), np.float32)], Letterbox.fit(1280, 720), Selection())) == 0


def test_not_a_number_is_no_person() -> None:
    raw = np.full((56, 84), np.nan, np.float32)
    assert len(FAMILIES["yolo_pose"].decode([raw], Selection())) == 0


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('family = "yolo_pose"', 'family = "magic"', "magic"),
        ('datatype = "UINT8"', 'datatype = "FP32"', "UINT8"),
        ("long_side_px = 640", "", "long_side_px"),
    ],
)
def test_a_contract_that_cannot_be_kept_is_refused(tmp_path, old: str, new: str, sentence: str) -> None:  # type: ignore[no-untyped-def]
    from app.inference.contract import SERVED

    (tmp_path / "m").mkdir()
    text = (SERVED / "yolo_pose" / "contract.toml").read_text()
    assert old in text
    (tmp_path / "m" / "contract.toml").write_text(text.replace(old, new))
    with pytest.raises(SetupError, match=sentence):
        PoseContract.of("m", tmp_path)
