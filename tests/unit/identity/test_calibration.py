"""`models calibrate`: a folder of faces to the numbers that are sent."""

import json
from pathlib import Path
from typing import ClassVar

import cv2
import numpy as np
import pytest

from app.identity.calibration.endpoints import CalibrationIn
from app.identity.calibration.measuring import measure
from app.identity.decision.tail import threshold_for
from app.identity.decision.thresholds import WANTED_FPIR, calibration_of
from app.inference.face_client import FaceAnswer
from app.kit.errors import BadInputError
from app.models.evaluation import faces

PEOPLE = 12
VECTORS = np.random.default_rng(7).standard_normal((100, 128)).astype(np.float32)


class Pipeline:
    """Each picture's red is who is on it; 99 is nobody."""

    asked: ClassVar[set[str]] = set()

    def __init__(self, _url: str, deadline_s: float) -> None:
        pass

    async def find(self, picture: np.ndarray, most: int = 1, version: str = "1") -> FaceAnswer:
        self.asked.add(version)
        who, found = int(picture[0, 0, 0]), int(picture[0, 0, 0] != 99)
        vectors = np.repeat(VECTORS[who : who + 1] / np.linalg.norm(VECTORS[who]), found, axis=0)
        return FaceAnswer(np.zeros((found, 5)), np.zeros((found, 4, 2)), np.ones((found, 5)), vectors)

    async def close(self) -> None:
        pass


async def test_a_folder_of_faces_becomes_curves_and_nothing_of_anybody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "TritonFaces", Pipeline)
    for who in range(PEOPLE):
        (tmp_path / f"person {who}").mkdir()
        for number, red in enumerate((who, who, 99)):
            cv2.imwrite(str(tmp_path / f"person {who}" / f"{number}.png"), np.full((8, 8, 3), (0, 0, red), np.uint8))
    told: list[tuple[int, int]] = []
    made = await measure("url", "1001", tmp_path, lambda *done: told.append(done))
    assert (made["people"], made["pictures"], Pipeline.asked) == (PEOPLE, 2 * PEOPLE, {"1001"})
    assert made["scores"] == PEOPLE * 2 * (PEOPLE - 1) * 2
    assert CalibrationIn.model_validate(made).tail.start == made["tail"]["start"], "the service takes what is measured"
    found = calibration_of(made)
    assert found is not None
    assert -1 < threshold_for(found, 1, WANTED_FPIR).high <= 1
    assert len(json.dumps(made)) < 20_000, "no embedding and no score"
    for who in range(9, PEOPLE):
        (tmp_path / f"person {who}").rename(tmp_path.parent / f"person {who}")
    with pytest.raises(BadInputError, match="10 people at least"):
        await measure("url", "1001", tmp_path, lambda *_: None)
