"""What Triton may load of a folder: the files that a trusted key signed, under the number they were pushed as."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.kit.errors import SetupError
from app.models.admission.checking import GONE, admit, fault
from app.models.folder import ModelFolder
from app.models.models import Pointer, without_refused
from app.models.signing import MANIFEST, SIGNATURE, key_id, sign, trusted_keys

KEY = Ed25519PrivateKey.generate()
TRUSTED = {key_id(KEY.public_key()): KEY.public_key()}


def make_version(place: Path, model: str = "yolo_pose", key: Ed25519PrivateKey = KEY, content: bytes = b"network") -> Path:
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(content)
    (place / "contract.toml").write_text("")
    (place / "package.toml").write_text(f'model = "{model}"')
    (place / "golden.npz").write_bytes(b"pictures")
    sign(place, key)
    return place


def flip(place: Path) -> None:
    content = bytearray((place / "model.onnx").read_bytes())
    content[-1] ^= 1
    (place / "model.onnx").write_bytes(content)


def linked(place: Path) -> None:
    (place / "model.onnx").rename(place.parent / "elsewhere")
    (place / "model.onnx").symlink_to(place.parent / "elsewhere")


CHANGES: dict[str, Callable[[Path], object]] = {
    "changed since": flip,
    "is missing": lambda place: (place / SIGNATURE).unlink(),
    "'model.py' is no file of a package": lambda place: (place / "model.py").write_text("import os"),
    "'model.onnx' is no file": linked,
    "No key that this installation trusts": lambda place: sign(place, Ed25519PrivateKey.generate()),
    "is no signature": lambda place: (place / SIGNATURE).write_bytes(b"!"),
    "a package of 'gait_embedding'": lambda place: (
        (place / "package.toml").write_text('model = "gait_embedding"'), sign(place, KEY)
    ),
    "cannot be read": lambda place: ((place / "package.toml").write_text("= no"), sign(place, KEY)),
}  # fmt: skip


@pytest.mark.parametrize(("said", "change"), CHANGES.items(), ids=CHANGES)
def test_what_is_not_what_was_signed_is_not_loaded(said: str, change: Callable[[Path], object], tmp_path: Path) -> None:
    place = make_version(tmp_path / "1001")
    assert fault(place, "yolo_pose", TRUSTED) == ""
    change(place)
    assert said in fault(place, "yolo_pose", TRUSTED)


def test_a_signed_package_under_the_number_of_another_is_not_loaded(tmp_path: Path) -> None:
    place, other = make_version(tmp_path / "1001"), make_version(tmp_path / "1002", content=b"older, worse")
    digest = hashlib.sha256((place / MANIFEST).read_bytes()).digest()
    assert fault(place, "yolo_pose", TRUSTED, digest) == ""
    assert "not the one that was pushed" in fault(other, "yolo_pose", TRUSTED, digest)
    assert fault(tmp_path / "1003", "yolo_pose", TRUSTED, digest) == GONE


def test_a_starting_triton_finds_the_released_version_and_the_signed_ones_alone(tmp_path: Path) -> None:
    folder, keys = ModelFolder(tmp_path / "triton" / "models"), tmp_path / "keys"
    keys.mkdir()
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (keys / "team.pem").write_bytes(KEY.public_key().public_bytes(*form))
    pose = folder.root / "yolo_pose"
    for number in (1001, 1002, 1003):
        make_version(pose / str(number))
    (pose / "1").mkdir()
    (pose / "config.pbtxt").touch()
    flip(pose / "1002")
    (keys / "broken.pem").write_text("half a key")
    with pytest.raises(SetupError, match="no public key"):
        admit(folder, keys)
    assert folder.versions("yolo_pose") == [1, 1001, 1002, 1003], (
        "nothing is refused for good because of a key that is being copied"
    )
    assert admit(ModelFolder(tmp_path / "empty"), keys) == {}, "and where nothing was pushed it stops nobody"
    (keys / "broken.pem").unlink()
    assert list(admit(folder, keys)) == [("yolo_pose", 1002)]
    assert folder.versions("yolo_pose") == [1, 1001, 1003]
    assert "changed since" in folder.refused("yolo_pose")[1002]
    assert (admit(folder, keys), list(folder.refused("yolo_pose"))) == ({}, [1002]), "once and for all"
    (keys / "team.pem").unlink()
    assert trusted_keys(keys) == {}
    assert [version for _, version in admit(folder, keys)] == [1001, 1003], "who is trusted no longer signed nothing"


@pytest.mark.parametrize(
    ("pointer", "left"),
    [
        (Pointer("m", 1, 1001, 0.5), Pointer("m", 1)),
        (Pointer("m", 1001, previous=1000), Pointer("m", 1000)),
        (Pointer("m", 1001, 1002, 0.1, 1), Pointer("m", 1, 1002, 0.1)),
        (Pointer("m", 1001), Pointer("m", 1)),
        (Pointer("m", 1002, previous=1001), Pointer("m", 1002)),
        (Pointer("m", 1002, previous=1), Pointer("m", 1002, previous=1)),
    ],
)
def test_cameras_of_a_refused_version_go_back(pointer: Pointer, left: Pointer) -> None:
    assert without_refused(pointer, 1001) == left
