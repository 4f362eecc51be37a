"""Decoders of face detectors, chips, quality: pure numpy."""

import numpy as np
import pytest

from app.inference.faces.chips import ARCFACE_POINTS, dlib_chip, plain_chip, similarity
from app.inference.faces.families import DETECTORS, EMBEDDINGS
from app.inference.faces.pipeline import DetectorContract, EmbeddingContract, FacePipeline, letterbox
from app.inference.faces.quality import PARTS, quality

UPRIGHT = np.array([[40, 40], [80, 40], [60, 60], [60, 80]], float)


def test_blazeface_offsets_are_from_anchors_and_overlaps_go() -> None:
    boxes, scores = np.zeros((2304, 16), np.float32), np.full((2304, 1), -9, np.float32)
    for anchor, logit in ((48 * 10 + 10, 3.0), (48 * 10 + 11, 2.0), (48 * 40 + 40, 1.0)):
        boxes[anchor, 2:4], scores[anchor] = 20, logit
        boxes[anchor, 4:] = 2
    found = DETECTORS["blazeface"]({"boxes": boxes, "scores": scores}, 192, 0.5)
    assert len(found) == 2
    np.testing.assert_allclose(found.boxes[0], [32, 32, 52, 52])  # anchor 10, 10 lies at 42, 42
    np.testing.assert_allclose(found.points[0], np.full((4, 2), 44))
    assert found.scores[0] == pytest.approx(1 / (1 + np.exp(-3)), rel=1e-5)


@pytest.mark.parametrize(("family", "each"), [("yunet", 1), ("scrfd", 2)])
def test_grid_detectors(family: str, each: int) -> None:
    outputs = {}
    for stride in (8, 16, 32):
        count = (64 // stride) ** 2 * each
        names = {"cls": 1, "obj": 1, "score": 1, "bbox": 4, "kps": 10}
        outputs |= {f"{name}_{stride}": np.zeros((count, size), np.float32) for name, size in names.items()}
    cell = (1 * 4 + 2) * each  # stride 16, row 1, column 2: origin 32, 16
    for name in ("cls", "obj", "score"):
        outputs[f"{name}_16"][cell] = 0.9
    outputs["bbox_16"][cell] = [0.5, 0.5, 0, 0] if family == "yunet" else [0, 0, 1, 1]
    outputs["kps_16"][cell] = [0, 0, 1, 0, 0.5, 0.5, 0, 1, 1, 1]
    found = DETECTORS[family](outputs, 64, 0.5)
    np.testing.assert_allclose(found.boxes, [[32, 16, 48, 32]])
    np.testing.assert_allclose(found.points[0], [[32, 16], [48, 16], [40, 24], [40, 32]])


def test_a_similarity_is_found_again() -> None:
    source = np.random.default_rng(1).normal(size=(5, 2))
    turned = similarity(source, source @ np.array([[0.0, 2.0], [-2.0, 0.0]]) + 5)
    np.testing.assert_allclose(turned.of(source), source @ np.array([[0.0, 2.0], [-2.0, 0.0]]) + 5, atol=1e-9)


@pytest.mark.parametrize(
    "points", [np.zeros((5, 2)), np.full((5, 2), 9999.0), np.array([[-50.0, -50], [0, 0], [5, 5], [1, 1], [2, 9]])]
)
def test_chips_of_impossible_points_are_pictures_still(points: np.ndarray) -> None:
    picture = np.full((40, 50, 3), 90, np.uint8)
    assert dlib_chip(picture, points).shape == (150, 150, 3)
    assert plain_chip(picture, points, ARCFACE_POINTS, 112).shape == (112, 112, 3)


def test_quality_falls_with_its_cause() -> None:
    grain = np.random.default_rng(2).integers(60, 200, (150, 150, 3)).astype(np.uint8)
    box = np.array([0, 0, 100, 100], float)
    good = dict(zip(PARTS, quality(grain, box, 0.95, UPRIGHT), strict=True))
    assert min(good.values()) > 0.9
    turned = UPRIGHT + np.array([[0, 0], [0, 0], [18, 0], [0, 0]])
    worse = {
        "size": quality(grain, box / 5, 0.95, UPRIGHT),
        "sharpness": quality(np.full_like(grain, 120) + grain // 200, box, 0.95, UPRIGHT),
        "pose": quality(grain, box, 0.95, turned),
        "light": quality(grain // 12, box, 0.95, UPRIGHT),
        "occlusion": quality(grain, box, 0.5, UPRIGHT),
    }
    for part, parts in worse.items():
        assert parts[PARTS.index(part)] < 0.6 * good[part], part


def test_the_pipeline_scales_back_and_bounds() -> None:
    boxes, scores = np.zeros((2304, 16), np.float32), np.full((2304, 1), -9, np.float32)
    boxes[48 * 24 + 24, :12] = [0, 0, 40, 40, -8, -8, 8, -8, 0, 0, 0, 8]
    scores[48 * 24 + 24] = 4
    arc = EmbeddingContract("arcface", 112, 3)
    pipeline = FacePipeline(
        DetectorContract("blazeface", 192, 0.5, 0), arc, None,
        lambda images: {"boxes": boxes, "scores": scores},
        lambda chips: np.array([[3.0, 0, 4]] * len(chips), np.float32),
    )  # fmt: skip
    picture = np.full((384, 300, 3), 80, np.uint8)
    found, points, parts, vectors = pipeline.faces(picture, 4)
    np.testing.assert_allclose(found[0, :4], [156, 156, 236, 236])  # twice the canvas
    assert (points.shape, parts.shape) == ((1, 4, 2), (1, 5))
    np.testing.assert_allclose(vectors, [[0.6, 0, 0.8]])
    assert pipeline.faces(picture, 0)[3].shape == (0, 3)
    with pytest.raises(ValueError, match="16"):
        pipeline.faces(picture[:9], 1)
    assert set(EMBEDDINGS) == {"dlib", "arcface"}


def test_a_letterbox_keeps_proportions() -> None:
    canvas, scale = letterbox(np.full((1000, 500, 3), 200, np.uint8), 192, 0)
    assert scale == pytest.approx(0.192)
    assert (canvas[:192, :96] == 200).all()
    assert (canvas[:, 97:] == 0).all()
