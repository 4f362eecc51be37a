"""COCO's keypoint figures on small folders whose answer is known."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from app.kit.errors import BadInputError, SetupError
from app.models.evaluation import coco
from app.models.evaluation.measuring import as_lines, triton_of
from app.perception.detections import Detections


def person(x: float, y: float = 200, size: float = 160) -> np.ndarray:
    """(17, 3): spread over a box of this height around x, y."""
    rng = np.random.default_rng(3)
    points = np.concatenate([rng.uniform(-0.2, 0.2, (17, 1)), rng.uniform(-0.5, 0.5, (17, 1)), np.ones((17, 1))], axis=1)
    return (points * [size, size, 1] + [x, y, 0]).astype(np.float32)


def write_folder(folder: Path, places: dict[int, list[float]]) -> Path:
    """Pictures 640 x 384 with people at these x; the annotations beside them."""
    (folder / "images").mkdir(parents=True)
    images: list[dict[str, Any]] = []
    people: list[dict[str, Any]] = []
    for number, xs in places.items():
        name = f"{number:06}.jpg"
        cv2.imwrite(str(folder / "images" / name), np.full((384, 640, 3), 90, np.uint8))
        images.append({"id": number, "file_name": name, "width": 640, "height": 384})
        for x in xs:
            points = person(x).copy()
            points[:, 2] = 2
            people.append({
                "id": len(people) + 1, "image_id": number, "category_id": 1, "iscrowd": 0, "num_keypoints": 17,
                "area": 60.0 * 160, "bbox": [x - 30, 120, 60, 160], "keypoints": [float(value) for value in points.reshape(-1)],
            })  # fmt: skip
    document = {"images": images, "annotations": people, "categories": [{"id": 1, "name": "person"}]}
    (folder / "truth.json").write_text(json.dumps(document))
    return folder


def found(*places: float, off: float = 0.0, score: float = 0.9) -> Detections:
    points = np.stack([person(x + off) for x in places]) if places else np.zeros((0, 17, 3), np.float32)
    boxes = np.array([[x - 30, 120, x + 30, 280] for x in places], np.float32).reshape(-1, 4)
    return Detections(boxes, np.full(len(places), score, np.float32), points)


def test_the_right_answer_has_every_figure_at_1_and_a_wrong_one_less(tmp_path: Path) -> None:
    truth = coco.read_folder(write_folder(tmp_path / "set", {7: [100.0, 400.0], 9: [300.0]}))
    assert (len(truth.pictures), truth.persons) == (2, 3)
    right = [*coco.results_of(7, found(100, 400)), *coco.results_of(9, found(300))]
    assert coco.accuracy(truth, right)["ap"] == pytest.approx(1.0, abs=1e-3)
    half = coco.accuracy(truth, coco.results_of(7, found(100)))
    assert half["ar"] == pytest.approx(1 / 3, abs=0.02)
    moved = coco.accuracy(truth, [*coco.results_of(7, found(100, 400, off=12)), *coco.results_of(9, found(300, off=12))])
    assert moved["ap"] is not None
    assert 0 < moved["ap"] < 0.9
    assert coco.accuracy(truth, [])["ap"] == 0.0


def test_people_found_where_nobody_is_lower_the_precision(tmp_path: Path) -> None:
    truth = coco.read_folder(write_folder(tmp_path / "set", {7: [100.0], 8: [], 9: [300.0]}))
    assert ([each.number for each in truth.pictures], truth.persons) == ([7, 8, 9], 2)

    def right() -> list[dict[str, Any]]:
        return [*coco.results_of(7, found(100)), *coco.results_of(9, found(300))]

    assert coco.accuracy(truth, right())["ap"] == pytest.approx(1.0, abs=1e-3)
    ghost = coco.accuracy(truth, [*right(), *coco.results_of(8, found(200, score=0.99))])
    assert ghost["ap"] is not None
    assert ghost["ap"] < 0.9


def test_two_versions_are_told_apart_in_words() -> None:
    figures: dict[str, float | None] = dict.fromkeys(
        ("ap", "ap50", "ap75", "ap_medium", "ap_large", "ar", "ar50", "ar75", "ar_medium", "ar_large"), 0.5
    )
    better = {**figures, "ap": 0.6, "ap_large": None}
    versions: list[dict[str, Any]] = [
        {"version": "1", "accuracy": figures, "p50_ms": 20.0},
        {"version": "1001", "accuracy": better, "p50_ms": 30.0},
    ]
    gained = coco.better_by(versions)
    assert (gained["ap"], gained["ap_large"]) == (0.1, None)
    document = {"model": "m", "pictures": 2, "persons": 3, "data_set": "s", "versions": versions, "last_less_first": gained}
    assert as_lines(document)[-1] == "  AP +0.100 of the last against the first"


def test_a_folder_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="should hold one file"):
        coco.read_folder(tmp_path)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(BadInputError, match=r"COCO keypoints|None of the pictures"):
        coco.read_folder(tmp_path)
    folder = write_folder(tmp_path / "set", {7: [100.0]})
    next(folder.rglob("*.jpg")).unlink()
    with pytest.raises(BadInputError, match="None of the pictures"):
        coco.read_folder(folder)


def test_the_triton_is_the_named_one_else_the_running_products(tmp_path: Path) -> None:
    assert triton_of(tmp_path, "triton:8001") == "triton:8001"
    with pytest.raises(SetupError, match="No Triton is known"):
        triton_of(tmp_path, "")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "triton.url").write_text("127.0.0.1:7\n")
    assert triton_of(tmp_path, "") == "127.0.0.1:7"
