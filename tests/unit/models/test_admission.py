"""What Triton may load of a folder: the files that a trusted key signed, under the number they were pushed as."""

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.kit.errors import SetupError, UnavailableError
from app.models.admission.checking import GONE, admit, fault
from app.models.folder import ModelFolder
from app.models.models import Pointer, without_refused
from app.models.signing import MANIFEST, SIGNATURE, key_id, sign

KEY = Ed25519PrivateKey.generate()
ITERDIR = Path.iterdir
TRUSTED = {key_id(KEY.public_key()): KEY.public_key()}


def make_version(place: Path, model: str = "yolo_pose", key: Ed25519PrivateKey = KEY, content: bytes = b"network") -> Path:
    place.mkdir(parents=True)
    (place / "model.onnx").write_bytes(content)
    (place / "contract.toml").write_text("")
    (place / "package.toml").write_text(f'model = "{model}"')
    (place / "golden.npz").write_bytes(b"pictures")
    sign(place, key)
    return place


def test_the_operators_own_face_models_are_no_pushed_ones_and_nothing_else_is_excused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("face_embedding", "yolo_pose"):
        (tmp_path / "models" / model / "7").mkdir(parents=True)
        (tmp_path / "models" / model / "1").mkdir()
        (tmp_path / "models" / model / "config.pbtxt").write_text("")
    folder, keys = ModelFolder(tmp_path / "models"), tmp_path / "keys"
    keys.mkdir()
    monkeypatch.setattr("app.models.admission.checking.FACE_VERSION", "7")
    assert admit(folder, keys).keys() == {("yolo_pose", 7)}
    monkeypatch.setattr("app.models.admission.checking.FACE_VERSION", "1")
    assert admit(folder, keys).keys() == {("face_embedding", 7)}
    assert folder.numbers("face_embedding") == [1]


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
    (tmp_path / "1004").symlink_to(place)
    assert "a link" in fault(tmp_path / "1004", "yolo_pose", TRUSTED, digest)


def put_key(keys: Path, key: Ed25519PrivateKey = KEY) -> None:
    keys.mkdir(exist_ok=True)
    form = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (keys / "team.pem").write_bytes(key.public_key().public_bytes(*form))


def make_folder(tmp_path: Path, *numbers: int) -> ModelFolder:
    """A served folder with pushed versions and the released one."""
    folder = ModelFolder(tmp_path / "triton" / "models")
    pose = folder.root / "yolo_pose"
    (pose / "1").mkdir(parents=True)
    (pose / "config.pbtxt").touch()
    for number in numbers:
        make_version(pose / str(number))
    return folder


def test_a_starting_triton_finds_the_released_version_and_the_signed_ones_alone(tmp_path: Path) -> None:
    folder, keys = make_folder(tmp_path, 1001, 1002, 1003), tmp_path / "keys"
    put_key(keys)
    flip(folder.root / "yolo_pose" / "1002")
    (folder.root / "yolo_pose" / "²").mkdir()
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
    other = hashlib.sha256(b"another package").digest()
    assert "not the one" in admit(folder, keys, {("yolo_pose", 1003): other})["yolo_pose", 1003]


@pytest.mark.parametrize("other", [None, Ed25519PrivateKey.generate()], ids=["no key", "another key"])
def test_who_is_trusted_no_longer_signed_nothing_until_he_is_again(other: Ed25519PrivateKey | None, tmp_path: Path) -> None:
    folder, keys = make_folder(tmp_path, 1001, 1002), tmp_path / "keys"
    put_key(keys)
    assert (admit(folder, keys), folder.versions("yolo_pose")) == ({}, [1, 1001, 1002])
    (keys / "team.pem").unlink()
    if other is not None:
        put_key(keys, other)
    assert [version for _, version in admit(folder, keys)] == [1001, 1002]
    assert (folder.versions("yolo_pose"), folder.refused("yolo_pose")) == ([1], {})
    assert (admit(folder, keys), len(folder.held())) == ({}, 2)
    folder.leave("yolo_pose", 1002)
    flip(folder.held_place("yolo_pose", 1001))
    put_key(keys)
    assert list(admit(folder, keys)) == [("yolo_pose", 1001)], "what was changed meanwhile does not come back"
    assert (folder.versions("yolo_pose"), list(folder.refused("yolo_pose")), folder.held()) == ([1], [1001], [])
    make_version(folder.held_place("yolo_pose", 1003))
    assert (admit(folder, keys), folder.versions("yolo_pose")) == ({}, [1, 1003])


def test_a_key_folder_that_cannot_be_read_refuses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, keys = make_folder(tmp_path, 1001), tmp_path / "keys"
    with pytest.raises(SetupError, match="cannot be read"):
        admit(folder, keys)
    put_key(keys)

    def denied(path: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patch:  # root reads everything, so a mode would prove nothing
        patch.setattr(Path, "iterdir", lambda path: denied(path) if path == keys else ITERDIR(path))
        with pytest.raises(SetupError, match="Permission denied"):
            admit(folder, keys)
    assert (folder.versions("yolo_pose"), folder.refused("yolo_pose"), folder.held()) == ([1, 1001], {}, [])
    assert admit(folder, keys) == {}


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EMFILE])
@pytest.mark.parametrize("where", ["read_bytes", "lstat", "iterdir"])
def test_a_disk_that_does_not_answer_refuses_nothing_and_stops_the_load(
    where: str, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, keys = make_folder(tmp_path, 1001), tmp_path / "keys"
    put_key(keys)
    real, place = getattr(Path, where), folder.place("yolo_pose", 1001)

    def failing(path: Path) -> object:
        if path == place or path.parent == place:
            raise OSError(number, os.strerror(number), str(path))
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, where, failing)
        with pytest.raises(UnavailableError, match=os.strerror(number)):
            admit(folder, keys)
    assert (folder.versions("yolo_pose"), folder.refused("yolo_pose"), admit(folder, keys)) == ([1, 1001], {}, {})


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
