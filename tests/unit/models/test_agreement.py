"""Golden outputs against answers."""

from dataclasses import replace

import numpy as np
import pytest

from app.models.agreement import differs
from app.perception.detections import Detections


def people(*places: float, score: float = 0.9) -> Detections:
    """Persons of 60 x 160 px at these x."""
    boxes = np.array([[x, 100, x + 60, 260] for x in places], np.float32).reshape(-1, 4)
    points = np.zeros((len(places), 17, 3), np.float32)
    points[:, :, 0], points[:, :, 1], points[:, :, 2] = np.array(places, np.float32)[:, None], 150, 0.9
    return Detections(boxes, np.full(len(places), score, np.float32), points)


def test_rounding_and_order_are_no_difference() -> None:
    found = people(200.5, 100.4, score=0.88)
    assert differs(people(100, 200), found, 2.0, 0.05) == ""
    assert differs(people(100), replace(people(100), keypoints=people(100).keypoints + np.float32(0.5)), 2.0, 0.05) == ""
    assert differs(Detections.empty(), Detections.empty(), 2.0, 0.05) == ""


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Detections.empty(), "does not find"),
        (people(150), "does not find"),
        (people(100, 300), "do not have"),
        (people(100, score=0.8), "score is"),
        (replace(people(100), keypoints=people(103).keypoints), "3.0 px off"),
        (replace(people(100), keypoints=people(100).keypoints * np.float32(np.nan)), "px off"),
    ],
)
def test_a_difference_is_said(found: Detections, said: str) -> None:
    assert said in differs(people(100), found, 2.0, 0.05)


def test_faint_candidates_may_come_and_go() -> None:
    assert differs(people(100, score=0.3), Detections.empty(), 2.0, 0.05) == ""
    assert differs(Detections.empty(), people(100, score=0.3), 2.0, 0.05) == ""
