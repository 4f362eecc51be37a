"""The folder that Triton reads: what a trial looks like there, and what joins."""

import errno
import shutil
import stat
from hashlib import sha256
from pathlib import Path

import pytest

from app.kit.errors import ConflictError, SetupError
from app.models import folder
from app.models.folder import COMPILED, ModelFolder

CONFIG = 'name: "yolo_pose"\ninstance_group [ { count: 2 kind: KIND_CPU } ]\n'


@pytest.fixture
def models(tmp_path: Path) -> ModelFolder:
    served = tmp_path / "served" / "yolo_pose"
    (served / "configs").mkdir(parents=True)
    (served / "config.pbtxt").write_text(CONFIG)
    (served / "configs" / "cpu.pbtxt").write_text(CONFIG)
    (tmp_path / "root" / "yolo_pose" / "1").mkdir(parents=True)
    (tmp_path / "staged").mkdir()
    (tmp_path / "staged" / "model.onnx").write_bytes(b"model")
    return ModelFolder(tmp_path / "root", tmp_path / "served")


def test_a_trial_has_a_name_of_its_own_and_one_instance(models: ModelFolder, tmp_path: Path) -> None:
    name = models.open_trial("yolo_pose", 1001, tmp_path / "staged")
    for config in ("config.pbtxt", "configs/cpu.pbtxt"):
        said = (models.root / name / config).read_text()
        assert 'name: "trial_1001"' in said
        assert "count: 1 " in said
    assert models.versions("yolo_pose") == [1], "no camera could use it yet"


def test_what_joins_never_changes(models: ModelFolder, tmp_path: Path) -> None:
    models.open_trial("yolo_pose", 1001, tmp_path / "staged")
    models.join("yolo_pose", 1001)
    assert models.versions("yolo_pose") == [1, 1001]
    models.close_trial(1001)
    models.open_trial("yolo_pose", 1001, tmp_path / "staged")
    with pytest.raises(ConflictError, match="never changed"):
        models.join("yolo_pose", 1001)
    models.leave("yolo_pose", 1001)
    assert models.versions("yolo_pose") == [1]


def test_what_was_compiled_is_kept_for_models_that_are_there_and_is_for_the_server_alone(
    models: ModelFolder, tmp_path: Path
) -> None:
    models.open_trial("yolo_pose", 1001, tmp_path / "staged")
    models.join("yolo_pose", 1001)
    place, kept = models.root.parent / COMPILED, sha256(b"model").hexdigest()
    for name in (kept, sha256(b"gone").hexdigest()):
        (place / name).mkdir(parents=True)
        (place / name / "a.blob").write_bytes(b"compiled")
    place.chmod(0o700)
    (models.root / "yolo_pose" / ".compiled").mkdir()  # where releases before this one had it
    models.sweep_compiled()
    assert [each.name for each in place.iterdir()] == [kept]
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert not (models.root / "yolo_pose" / ".compiled").exists()
    place.chmod(0o777)
    models.sweep_compiled()
    assert not list(place.iterdir()), "anybody may have put there what runs as it is"
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(place)
    place.symlink_to(elsewhere)
    models.sweep_compiled()
    assert not place.is_symlink(), "what others put there is not used"


def test_a_disk_that_is_full_while_staging_leaves_nothing(
    models: ModelFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_given: object, **_more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder.shutil, "copytree", full)
    before = sorted(each.name for each in models.root.parent.iterdir())
    with pytest.raises(SetupError, match="No space left on device"):
        models.open_trial("yolo_pose", 1001, tmp_path / "staged")
    assert sorted(each.name for each in models.root.parent.iterdir()) == before
    assert [each.name for each in models.root.iterdir()] == ["yolo_pose"]
