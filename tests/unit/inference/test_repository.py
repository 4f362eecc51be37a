"""Staging: converted once, placed whole, healed when damaged."""

import dataclasses
from pathlib import Path

import pytest

from app.inference import repository
from app.inference.convert import yolo_pose
from app.inference.lock import Artefact, LockedModel, read_lock
from tests.unit.inference.checkpoints import tiny_pose


@pytest.fixture
def model(tmp_path: Path) -> LockedModel:
    return read_lock()[0]


def test_a_conversion_is_done_once_and_again_when_damaged(
    tmp_path: Path, model: LockedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def convert(source: Path, target: Path) -> None:
        calls.append(source)
        yolo_pose.convert(source, target)

    monkeypatch.setitem(repository.CONVERTERS, "yolo_pose", ("1", convert))
    source = tiny_pose(tmp_path / "tiny.pt")
    first = repository.convert(model, source, tmp_path)
    assert repository.convert(model, source, tmp_path) == first
    assert len(calls) == 1
    whole = first.read_bytes()
    first.write_bytes(whole[:100])
    assert repository.convert(model, source, tmp_path).read_bytes() == whole
    monkeypatch.setitem(repository.CONVERTERS, "yolo_pose", ("2", convert))
    assert repository.convert(model, source, tmp_path) != first


def test_a_version_is_placed_whole_and_healed(tmp_path: Path, model: LockedModel) -> None:
    folder = tmp_path / "triton" / "models"
    folder.mkdir(parents=True)
    good = tmp_path / "good.onnx"
    good.write_bytes(b"good")
    version = repository.place(model, good, folder)
    assert version == folder / "yolo_pose" / "1"
    assert (folder / "yolo_pose" / "configs" / "cpu.pbtxt").is_file()
    stamp = (version / "model.onnx").stat().st_mtime_ns
    repository.place(model, good, folder)
    assert (version / "model.onnx").stat().st_mtime_ns == stamp
    (version / "model.onnx").write_bytes(b"broken")
    repository.place(model, good, folder)
    assert (version / "model.onnx").read_bytes() == b"good"
    second = repository.place(dataclasses.replace(model, version=2), good, folder)
    assert sorted(path.name for path in second.parent.iterdir() if path.name.isdigit()) == ["1", "2"]
    assert [path.name for path in (tmp_path / "triton").iterdir()] == ["models"]


def test_status_of_an_empty_home_changes_nothing(tmp_path: Path) -> None:
    for found in repository.status(tmp_path / "home", tmp_path / "cache"):
        assert (found.licence_accepted, found.fetched, found.staged) == (False, False, False)
        assert bool(found.training_data) == found.biometric
    assert list(tmp_path.iterdir()) == []


def test_both_configurations_serve_the_same_tensors(model: LockedModel) -> None:
    folder = repository.SERVED / model.name
    lines = [
        [line for line in path.read_text().splitlines() if line.startswith(("name", "backend", "max_b", "input", "output"))]
        for path in (folder / "config.pbtxt", folder / "configs" / "cpu.pbtxt")
    ]
    assert lines[0] == lines[1]
    assert len(lines[0]) == 5


def test_rule_01_staging_takes_no_biometric_model_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def fetch(artefact: Artefact, *_: object) -> Path:
        asked.append(artefact.name)
        return tmp_path

    monkeypatch.setattr(repository.artefacts, "fetch", fetch)
    monkeypatch.setattr(repository, "convert", lambda *_: tmp_path)
    monkeypatch.setattr(repository, "place", lambda *_: tmp_path)
    repository.stage(tmp_path / "home", tmp_path, accept=True)
    assert asked == ["yolo11n-pose"]
    repository.stage(tmp_path / "home", tmp_path, accept=True, faces=True)
    assert asked[1:] == ["blazeface-full-range", "dlib-face-resnet", "dlib-5-landmarks", "dlib-5-landmarks"]


def test_a_python_model_travels_with_what_it_needs(tmp_path: Path) -> None:
    model = next(each for each in read_lock() if each.name == "face_pipeline")
    folder, converted = tmp_path / "triton" / "models", tmp_path / "model.npz"
    folder.mkdir(parents=True)
    converted.write_bytes(b"landmarks")
    version = repository.place(model, converted, folder)
    names = {str(path.relative_to(version)) for path in version.rglob("*") if path.is_file()}
    assert {"model.py", "model.npz", "contracts.json", "app/inference/faces/pipeline.py"} <= names
    (version / "model.py").write_text("tampered")
    repository.place(model, converted, folder)
    assert (version / "model.py").read_bytes() == (repository.SERVED / "face_pipeline" / "model.py").read_bytes()
