"""Every family of face detectors and embeddings takes the place of the released one: real networks through the pipeline."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from app.inference import own_faces, repository
from app.inference.faces.pipeline import DetectorContract, EmbeddingContract, FacePipeline
from app.inference.lock import read_lock
from app.inference.own_faces import OwnFaces
from app.kit.errors import SetupError
from app.models.admission.checking import admit
from app.models.folder import ModelFolder
from app.settings import Settings
from tests.unit.inference import own_models
from tests.unit.inference.own_models import BOX, picture


def settings(home: Path, version: int) -> Settings:
    return Settings(_env_file=None, PENNYPROTECT_HOME=home, PENNYPROTECT_FACE_VERSION=version)  # type: ignore[call-arg]


def pipeline(own: OwnFaces, cache: Path) -> FacePipeline:
    """The pipeline as Triton runs it, on the networks and contracts that would be served."""
    with own_faces.serving_folder([each for each in read_lock() if each.biometric], own) as served:
        tables = {name: own_faces.tomllib.loads((served / name / "contract.toml").read_text()) for name in own_faces.INPUTS}
    networks = {name: onnxruntime.InferenceSession(own.servable(name, cache)) for name in own_faces.INPUTS}

    def call(name: str, array: np.ndarray) -> dict[str, Any]:
        names = list(tables[name]["output"])
        return dict(zip(names, networks[name].run(names, {tables[name]["input"]["name"]: array}), strict=True))

    detection, embedding = tables["face_detection"], tables["face_embedding"]
    return FacePipeline(
        DetectorContract(detection["family"], detection["side_px"], detection["least_score"], detection["input"]["pad_value"]),
        EmbeddingContract(embedding["family"], embedding["side_px"], embedding["dimensions"]), None,
        lambda images: {name: value[0] for name, value in call("face_detection", images).items()},
        lambda chips: call("face_embedding", chips)["embedding"],
    )  # fmt: skip


@pytest.mark.parametrize("detector", [own_models.yunet, own_models.scrfd])
def test_published_detectors_and_arcface_of_512_numbers(detector: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "face-models"
    detector(folder / "face_detection")
    own_models.arcface(folder / "face_embedding")
    own = OwnFaces.of(settings(tmp_path, 2))
    assert own is not None
    found = pipeline(own, tmp_path / "cache")
    boxes, points, quality, vectors = found.faces(picture(190), 4)
    np.testing.assert_allclose(boxes[0, :4], np.array(BOX) * 2, atol=1e-3)  # the picture is twice as large as the input
    np.testing.assert_allclose(points[0, :2], [[48, 48], [80, 48]], atol=1e-3)
    assert (vectors.shape, quality.shape) == ((1, 512), (1, 5))
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    assert not len(found.faces(picture(0), 4)[0]), "what it is not sure of is no face: red is where the network looks for it"
    # The numbers are those of the network on a chip that was normalised as its contract says.
    weights = np.random.default_rng(4).standard_normal((3, 512)).astype(np.float32)
    chip = own_faces.EMBEDDINGS["arcface"](picture(190), points[0], None, 112)[0]
    wanted = ((chip.astype(np.float64) - 127.5) / 127.5).mean(axis=(0, 1)) @ weights
    assert vectors[0] @ (wanted / np.linalg.norm(wanted)) > 0.99999


def test_one_of_the_two_is_replaced_and_all_carry_the_new_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_models.dlib(tmp_path / "face-models" / "face_embedding")
    own, fetched = OwnFaces.of(settings(tmp_path, 7)), []
    monkeypatch.setattr(repository.artefacts, "fetch", lambda artefact, *_: fetched.append(artefact.name) or tmp_path / "x")
    monkeypatch.setattr(repository, "convert", lambda *_: tmp_path / "x")
    (tmp_path / "x").write_bytes(b"released")
    for _ in range(2):
        models = repository.stage(tmp_path, tmp_path / "cache", accept=True, faces=True, own=own)
    assert "dlib-face-resnet" not in fetched
    for name in ("face_detection", "face_embedding", "face_pipeline", "face_pipeline_crops"):
        assert [each.name for each in (models / name).iterdir() if each.is_dir() and each.name.isdigit()] == ["7"]
        for config in ("config.pbtxt", "configs/cpu.pbtxt"):
            assert "specific { versions: [ 7 ] }" in (models / name / config).read_text(), "no other version answers"
    assert "TYPE_UINT8 dims: [ 150, 150, 3 ]" in (models / "face_embedding" / "config.pbtxt").read_text()
    answer = onnxruntime.InferenceSession(models / "face_embedding" / "7" / "model.onnx").run(
        ["embedding"], {"chips": np.full((3, 150, 150, 3), 9, np.uint8)}
    )[0]
    assert answer.shape == (3, 128)
    known = {each.name: each for each in repository.status(tmp_path, tmp_path / "cache", own)}
    assert (known["face_embedding"].version, known["face_embedding"].staged, known["face_embedding"].licence) == (
        7,
        True,
        "your own",
    )
    assert (known["face_detection"].version, known["face_detection"].licence) == (7, "Apache-2.0")
    repository.stage(tmp_path, tmp_path / "cache", accept=True, faces=True)
    served = [each.name for each in (models / "face_embedding").iterdir() if each.name.isdigit()]
    assert served == ["1"], "and back again"
    assert "specific" not in (models / "face_embedding" / "config.pbtxt").read_text()
    # So would the released one be, and another network, under the same number.
    (tmp_path / "y").write_bytes(b"another release")
    monkeypatch.setattr(repository, "convert", lambda *_: tmp_path / "y")
    with pytest.raises(SetupError, match="face_detection 7 was another"):
        repository.stage(tmp_path, tmp_path / "cache", accept=True, faces=True, own=own)
    monkeypatch.setattr(repository, "convert", lambda *_: tmp_path / "x")
    own_models.arcface(tmp_path / "face-models" / "face_embedding", 128)
    with pytest.raises(SetupError, match="was another model"):
        repository.stage(tmp_path, tmp_path / "cache", accept=True, faces=True, own=own)


def test_a_number_that_was_refused_while_another_one_was_in_use_is_still_of_that_model(tmp_path: Path) -> None:
    own, served = OwnFaces(tmp_path / "face-models", 2), tmp_path / "triton" / "models"
    (served / "face_embedding" / "2").mkdir(parents=True)
    (served / "face_embedding" / "config.pbtxt").touch()
    (served / "face_embedding" / "2" / "model.onnx").write_bytes(b"one")
    (tmp_path / "keys").mkdir()
    assert admit(ModelFolder(served), tmp_path / "keys"), "the number in use is 1"
    assert not (served / "face_embedding" / "2").exists()
    (tmp_path / "one").write_bytes(b"one")
    (tmp_path / "another").write_bytes(b"another")
    own.demand_same("face_embedding", tmp_path / "one", served)
    with pytest.raises(SetupError, match="was another model"):
        own.demand_same("face_embedding", tmp_path / "another", served)


@pytest.mark.parametrize("version", [1, 2])
def test_a_number_without_a_model_and_a_model_without_a_number_are_refused(version: int, tmp_path: Path) -> None:
    assert OwnFaces.of(settings(tmp_path, 1)) is None
    if version == 1:
        own_models.arcface(tmp_path / "face-models" / "face_embedding")
    with pytest.raises(SetupError, match="PENNYPROTECT_FACE_VERSION"):
        OwnFaces.of(settings(tmp_path, version))


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('"arcface"', '"facenet"', "there are dlib, arcface"), ("side_px = 112", "side_px = 0", "side_px"),
        ("dimensions = 512", "dimensions = 256", "128 or 512"), ('"N,512"', '"512"', "shape"), ('"FP32"', '"FP16"', "datatype"),
        ('"683"', '"700"', "outputs 683"), ('"input.1"', '"data"', "inputs input.1"), ("family", "= family", "cannot be read"),
    ],
)  # fmt: skip
def test_a_contract_that_is_wrong_says_so(before: str, after: str, said: str, tmp_path: Path) -> None:
    folder = tmp_path / "face-models" / "face_embedding"
    own_models.arcface(folder)
    contract = folder / "contract.toml"
    contract.write_text(contract.read_text().replace(before, after, 1))
    with pytest.raises(SetupError, match=said):
        OwnFaces(tmp_path / "face-models", 2).servable("face_embedding", tmp_path)
    (folder / "model.onnx").write_bytes(b"nothing")
    with pytest.raises(SetupError):
        OwnFaces(tmp_path / "face-models", 2).servable("face_embedding", tmp_path)
