"""Face models of the operator's own in the real Triton: other families, another length, another version, and the way back."""

import asyncio
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from app.inference import repository
from app.inference.face_client import TritonFaces
from app.inference.loading import ModelLoading
from app.inference.own_faces import OwnFaces
from app.kit.errors import UnavailableError
from tests.integration.inference.conftest import CHECKOUT, Server
from tests.integration.inference.test_faces import stage_faces
from tests.unit.inference import own_models
from tests.unit.inference.own_models import BOX, picture

SHARED = CHECKOUT.parent / "shared" / "data"


def stage(server: Server, own: OwnFaces) -> None:
    mirror = os.environ.get("PENNYPROTECT_MODEL_MIRROR")
    cache = Path(os.environ.get("PENNYPROTECT_CACHE", CHECKOUT / ".cache"))
    home = server.models.parents[1]
    repository.stage(home, cache, mirror=Path(mirror) if mirror else None, accept=True, faces=True, own=own)


async def test_yunet_or_scrfd_and_arcface_take_the_place_of_the_released_models(triton: Server, tmp_path: Path) -> None:
    loading, released = ModelLoading(triton.url), TritonFaces(triton.url, "1", deadline_s=20.0)
    try:
        for version, detector in ((901, own_models.yunet), (902, own_models.scrfd)):
            folder = tmp_path / str(version)
            detector(folder / "face_detection")
            own_models.arcface(folder / "face_embedding")
            await asyncio.to_thread(stage, triton, OwnFaces(folder, version))
            await loading.load()
            faces = TritonFaces(triton.url, str(version), deadline_s=20.0)
            answer = await faces.find(picture(190), 4)
            assert (answer.embeddings.shape, answer.points.shape) == ((1, 512), (1, 4, 2))
            np.testing.assert_allclose(answer.boxes[0, :4], np.array(BOX) * 2, atol=0.5)
            assert np.linalg.norm(answer.embeddings[0]) == pytest.approx(1, abs=1e-5)
            assert len(await faces.find(picture(0), 4)) == 0
            with pytest.raises(UnavailableError):
                await released.find(picture(190))
            await faces.close()
            await loading.unload()
        await asyncio.to_thread(stage_faces, triton)
        await loading.load()
        assert len(await released.find(picture(190))) == 0, "the released detector finds no face in a red square"
    finally:
        await loading.unload()
        await asyncio.to_thread(stage_faces, triton)
        await loading.close()
        await released.close()


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared data folder")
async def test_a_published_network_of_the_arcface_family_tells_people_apart(triton: Server, tmp_path: Path) -> None:
    folder = tmp_path / "face_embedding"
    folder.mkdir()
    (folder / "model.onnx").write_bytes((SHARED / "models" / "mobilefacenet_foamliu.onnx").read_bytes())
    (folder / "contract.toml").write_text(_contract(folder / "model.onnx"))
    await asyncio.to_thread(stage, triton, OwnFaces(tmp_path, 903))
    loading, faces = ModelLoading(triton.url), TritonFaces(triton.url, "903", deadline_s=20.0)
    try:
        await loading.load()
        found = []
        for name in ("obama/obama.jpg", "obama/obama2.jpg", "biden/biden.jpg"):
            photograph = cv2.imread(str(SHARED / "faces" / "enrol" / name))
            assert photograph is not None
            found.append((await faces.find(np.ascontiguousarray(photograph[:, :, ::-1]))).embeddings[0])
        assert found[0] @ found[1] > 0.5 > 0.35 > found[0] @ found[2]
    finally:
        await loading.unload()
        await asyncio.to_thread(stage_faces, triton)
        await loading.close()
        await faces.close()


def _contract(model: Path) -> str:
    import onnx

    graph = onnx.load(model).graph
    weights = {each.name for each in graph.initializer}
    (entry,) = (each.name for each in graph.input if each.name not in weights)
    return (
        f'family = "arcface"\nside_px = 112\ndimensions = 128\n[input]\nname = "{entry}"\ndatatype = "FP32"\nlayout = "NCHW"\n'
        f'mean = 127.5\nscale = 128\n[output.embedding]\ntensor = "{graph.output[0].name}"\nshape = "N,128"\n'
    )
