"""The committed gait model in the real Triton."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from app.inference.gait.client import MOST_SEQUENCES, GaitResult, PoseSequence, TritonGait, stacked
from app.inference.gait.placing import GAIT_MODEL, GAIT_VERSION, place
from app.inference.gait.quality import Unfit
from app.inference.loading import ModelLoading
from app.kit.errors import BadInputError, UnavailableError
from tests.integration.inference.conftest import Server
from tests.integration.service.walks import DrawnGait
from tests.unit.inference.walker import body, from_the_front, from_the_side, moments


def sequences() -> list[PoseSequence]:
    times = moments(60, 15)
    return [
        PoseSequence(view(body(times, stride_hz=rate)), times)
        for view, rate in ((from_the_side, 0.8), (from_the_front, 0.8), (from_the_side, 1.1))
    ]


@pytest.fixture(scope="module")
def placed(triton: Server) -> Server:
    place(triton.models)
    return triton


async def test_it_loads_computes_and_goes_when_it_is_asked_to(placed: Server) -> None:
    loading, client = ModelLoading(placed.url), TritonGait(placed.url, deadline_s=20.0)
    try:
        with pytest.raises(UnavailableError):
            await client.look(sequences())
        await loading.load([GAIT_MODEL])
        short = PoseSequence(sequences()[0].keypoints[:29], sequences()[0].times_s[:29])
        told = await client.look([sequences()[0], short, *sequences()[1:]])
        assert told[1] is Unfit.TOO_FEW_FRAMES
        results = [each for each in told if isinstance(each, GaitResult)]
        assert len(results) == 3
        vectors = np.stack([each.embedding for each in results])
        assert vectors.shape == (3, 128)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
        assert (results[0].model, results[0].version, results[0].features.walking) == (GAIT_MODEL, GAIT_VERSION, True)
        # What stands for the model in the service's tests answers alike.
        for real, double in zip(told, await DrawnGait().look([sequences()[0], short, *sequences()[1:]]), strict=True):
            assert type(real) is type(double)
            if isinstance(real, GaitResult) and isinstance(double, GaitResult):
                assert replace(double, embedding=real.embedding) == real
                assert (double.embedding.shape, double.embedding.dtype) == (real.embedding.shape, real.embedding.dtype)
        # The same network, by ONNX Runtime.
        session = onnxruntime.InferenceSession(placed.models / GAIT_MODEL / GAIT_VERSION / "model.onnx")
        np.testing.assert_allclose(vectors, session.run(None, {"sequence": stacked(sequences())})[0], atol=2e-3)
        with pytest.raises(BadInputError, match="At most"):
            await client.look(sequences() * MOST_SEQUENCES)
        await loading.unload([GAIT_MODEL])
        with pytest.raises(UnavailableError):
            await client.look(sequences())
    finally:
        await client.close()
        await loading.close()


def test_it_is_not_loaded_when_the_server_starts_although_it_is_placed(placed: Server) -> None:
    part = placed._triton.part()
    assert (placed.models / GAIT_MODEL / "config.pbtxt").is_file()
    assert not [word for word in part.command if GAIT_MODEL in word]
    assert any("yolo_pose" in word for word in part.command)


def test_placing_twice_changes_nothing_and_a_damaged_copy_is_replaced(tmp_path: Path) -> None:
    repository = tmp_path / "models"
    repository.mkdir()
    model = place(repository) / GAIT_VERSION / "model.onnx"
    before = model.stat().st_mtime_ns
    place(repository)
    assert model.stat().st_mtime_ns == before
    whole = model.read_bytes()
    model.write_bytes(b"half")
    place(repository)
    assert model.read_bytes() == whole
    assert 'name: "other"' in (place(repository, name="other") / "config.pbtxt").read_text()
