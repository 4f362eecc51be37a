"""How versions of the face pipeline compare on a folder of faces; real models: tests/integration/inference/test_faces.py."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.inference.face_client import FaceAnswer
from app.kit.errors import BadInputError, UnavailableError
from app.models.evaluation import faces, identities
from app.models.evaluation.faces import accuracy, as_lines, evaluate_faces
from app.models.evaluation.outcomes import _told


def answer(vector: Sequence[float] | None) -> FaceAnswer:
    count = 0 if vector is None else 1
    embeddings = np.zeros((0, 2), np.float32) if vector is None else np.array([vector], np.float32)
    return FaceAnswer(
        np.ones((count, 5), np.float32), np.ones((count, 4, 2), np.float32), np.ones((count, 5), np.float32), embeddings
    )


A, B = (1.0, 0.0), (0.0, 1.0)


@pytest.mark.parametrize(
    ("vectors", "found", "right", "eer"),
    [
        ((A, A, B, B), 1.0, 1.0, 0.0),
        ((A, B, A, B), 1.0, 0.0, 0.75),
        ((A, A, B, None), 0.75, 1.0, 0.0),
        ((A, A, None, None), 0.5, None, None),
        ((None, None, None, None), 0.0, None, None),
    ],
)
def test_figures_of_a_folder(
    vectors: Sequence[Sequence[float] | None], found: float, right: float | None, eer: float | None
) -> None:
    figures = accuracy(["a", "a", "b", "b"], [answer(each) for each in vectors])
    assert (figures["found"], figures["first_is_right"], figures["eer"]) == (found, right, eer)


def test_of_a_few_decided_leads_not_even_their_number_is_told() -> None:
    def told(model: str, right: int, wrong: int) -> tuple[object, ...]:
        made = _told({"model": model, "version": "1", "raised": 30, "right": right, "wrong": wrong})  # type: ignore[arg-type]
        return made.raised, made.right, made.wrong, made.false_share

    assert told("face_pipeline", 15, 4) == (None, 0, 0, None)
    assert told("face_pipeline", 15, 5) == (30, 15, 5, 0.25)
    assert told("yolo_pose", 1, 1) == (30, 0, 0, None)


class Pipeline:
    """Version 1 tells people by the brightness of their pictures; version 2 calls everybody the same; there is no other."""

    def __init__(self, _url: str, deadline_s: float) -> None:
        pass

    async def find(self, picture: np.ndarray, most: int = 1, version: str = "1") -> FaceAnswer:
        if version == "9":
            raise UnavailableError("not loaded")
        assert picture[0, 0, 0] > picture[0, 0, 2], "RGB of pictures that are red"
        bright = picture[0, 0, 0] > 180
        return answer(A if bright or version == "2" else B)

    async def close(self) -> None:
        pass


async def test_two_versions_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faces, "TritonFaces", Pipeline)
    for person, red in (("ann", 120), ("bob", 240)):
        (tmp_path / person).mkdir()
        for number in range(2):
            cv2.imwrite(str(tmp_path / person / f"{number}.png"), np.full((8, 8, 3), (10, 10, red), np.uint8))
    said: list[tuple[int, int]] = []
    document = await evaluate_faces("url", ["1", "2"], tmp_path, lambda *done: said.append(done))
    first, second = document["versions"]
    assert (document["pictures"], document["people"], said[-1]) == (4, 2, (3, 4))
    assert (first["accuracy"]["eer"], first["accuracy"]["first_is_right"]) == (0.0, 1.0)
    assert document["last_less_first"]["eer"] == second["accuracy"]["eer"] > 0
    assert "2 people" in as_lines(document)[0]
    monkeypatch.setattr(identities, "MOST_PICTURES", 3)
    with pytest.raises(BadInputError, match="at most 3 are compared"):
        await evaluate_faces("url", ["1"], tmp_path)
    monkeypatch.undo()
    monkeypatch.setattr(faces, "TritonFaces", Pipeline)
    with pytest.raises(BadInputError, match="does not serve version 9"):
        await evaluate_faces("url", ["1", "9"], tmp_path)
    with pytest.raises(BadInputError, match="two people or more"):
        await evaluate_faces("url", ["1"], tmp_path / "ann")
