"""The face models in the real Triton: absent until asked for, then a picture in and faces out."""

import asyncio
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.inference import repository
from app.inference.face_client import TritonFaces
from app.inference.loading import FACE_MODELS, ModelLoading
from app.kit.errors import BadInputError, UnavailableError
from app.models.evaluation.faces import evaluate_faces
from tests.integration.inference.conftest import CHECKOUT, Server
from tests.integration.inference.face_conformance import demand_answer

FACES = CHECKOUT.parent / "shared" / "data" / "faces"


async def test_rule_01_face_models_are_loaded_on_demand_and_unloaded(triton: Server) -> None:
    loading = ModelLoading(triton.url)
    faces = TritonFaces(triton.url, deadline_s=20.0)
    try:
        assert not any([await loading.ready((model,)) for model in FACE_MODELS])
        assert not any((triton.models / model).exists() for model in FACE_MODELS), "nothing biometric is placed unasked"
        with pytest.raises(UnavailableError):
            await faces.find(np.zeros((64, 64, 3), np.uint8))
        await asyncio.to_thread(stage_faces, triton)
        await loading.load()
        nothing = await faces.find(np.zeros((64, 96, 3), np.uint8), most=4)
        assert len(nothing) == 0
        demand_answer(nothing, 4)
        with pytest.raises(BadInputError, match="sides of 16"):
            await faces.find(np.zeros((4, 4, 3), np.uint8))
        await loading.unload()
        with pytest.raises(UnavailableError):
            await faces.find(np.zeros((64, 64, 3), np.uint8))
    finally:
        await loading.unload()
        await loading.close()
        await faces.close()


@pytest.mark.shared
@pytest.mark.skipif(not FACES.is_dir(), reason="needs the shared data folder")
async def test_the_same_person_is_near_and_another_is_far(triton: Server) -> None:
    await asyncio.to_thread(stage_faces, triton)
    pushed = shutil.copytree(triton.models / "face_embedding" / "1", triton.models / "face_embedding" / "1002")
    loading = ModelLoading(triton.url)
    faces = TritonFaces(triton.url, deadline_s=20.0)
    try:
        await loading.load()
        found = {}
        for name in ("obama/obama.jpg", "obama/obama2.jpg", "biden/biden.jpg"):
            picture = cv2.imread(str(FACES / "enrol" / name))
            assert picture is not None
            answer = await faces.find(np.ascontiguousarray(picture[:, :, ::-1]))
            assert len(answer) == 1
            demand_answer(answer, 1)
            assert np.linalg.norm(answer.embeddings[0]) == pytest.approx(1, abs=1e-5)
            assert (answer.quality >= 0).all()
            assert (answer.quality <= 1).all()
            found[name] = answer.embeddings[0]
        same = found["obama/obama.jpg"] @ found["obama/obama2.jpg"]
        other = found["obama/obama.jpg"] @ found["biden/biden.jpg"]
        assert same > 0.93 > other
        asked = cv2.imread(str(FACES / "enrol" / "biden/biden.jpg"))[:, :, ::-1]
        by_version = await faces.find(asked, 1, "1002")
        assert np.allclose(by_version.embeddings[0], found["biden/biden.jpg"], atol=1e-5)
        with pytest.raises(UnavailableError):
            await faces.find(asked, 1, "7")
        document = await evaluate_faces(triton.url, ["1", "1"], FACES)
        figures = document["versions"][0]["accuracy"]
        assert (figures["found"], figures["first_is_right"]) == (1.0, 1.0), document
        assert set(document["last_less_first"].values()) == {0.0}, "a version against itself"
    finally:
        shutil.rmtree(pushed)
        await loading.unload()
        await loading.close()
        await faces.close()


def stage_faces(server: Server) -> None:
    """Fetch, convert and place the face models as a switch in a store's policy does."""
    mirror = os.environ.get("PENNYPROTECT_MODEL_MIRROR")
    cache = Path(os.environ.get("PENNYPROTECT_CACHE", CHECKOUT / ".cache"))
    repository.stage(server.models.parents[1], cache, mirror=Path(mirror) if mirror else None, accept=True, faces=True)
