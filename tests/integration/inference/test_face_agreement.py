"""What the converted face models answer, against dlib and LiteRT themselves (golden numbers; see face_golden.py)."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from app.inference import artefacts, repository
from app.inference.faces.chips import dlib_chip
from app.inference.faces.landmarks import Predictor
from app.inference.lock import biometric, read_lock
from tests.integration.inference.conftest import CHECKOUT
from tests.integration.inference.face_golden import CASES, GOLDEN, picture


@pytest.fixture(scope="module")
def converted() -> dict[str, Path]:
    """The three converted files by their model's name."""
    mirror = os.environ.get("PENNYPROTECT_MODEL_MIRROR")
    cache = Path(os.environ.get("PENNYPROTECT_CACHE", CHECKOUT / ".cache"))
    found = {}
    for model in biometric(read_lock()):
        source = artefacts.fetch(model.artefact, cache, Path(mirror) if mirror else None)
        found[model.name] = repository.convert(model, source, cache)
    return found


def test_landmarks_and_chips_are_dlibs_own_and_embeddings_agree(converted: dict[str, Path]) -> None:
    golden = json.loads(GOLDEN.read_text())["faces"]
    predictor = Predictor(converted["face_pipeline"])
    network = onnxruntime.InferenceSession(converted["face_embedding"])
    for (seed, side, box), wanted in zip(CASES, golden, strict=True):
        image = picture(seed, side)
        points = predictor.points(image, np.array(box))
        assert points.tolist() == wanted["points"]
        chip = dlib_chip(image, points.astype(np.float64))
        assert hashlib.sha256(chip.tobytes()).hexdigest() == wanted["chip"]
        (found,) = network.run(None, {"chips": chip[None]})
        expected = np.array(wanted["embedding"])
        cosine = found[0] @ expected / np.linalg.norm(found[0]) / np.linalg.norm(expected)
        assert cosine > 0.99999
        assert np.abs(found[0] - expected).max() < 5e-6


def test_blazeface_answers_as_litert_does(converted: dict[str, Path]) -> None:
    network = onnxruntime.InferenceSession(converted["face_detection"])
    for seed, wanted in zip((5, 6), json.loads(GOLDEN.read_text())["blazeface"], strict=True):
        boxes, scores = network.run(None, {"images": picture(seed, 192)[None]})
        assert np.abs(boxes[0, ::97, ::3] - np.array(wanted["boxes"])).max() < 1e-3
        assert np.abs(scores[0, ::29, 0] - np.array(wanted["scores"])).max() < 1e-3
