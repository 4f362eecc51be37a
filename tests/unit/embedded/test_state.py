"""The state folder: layout, version, room, secrets."""

import base64
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from app.embedded import secrets, state
from app.kit.errors import SetupError


def test_first_use_makes_a_private_folder_and_marks_its_version(tmp_path: Path) -> None:
    with state.open_home(tmp_path / "home", url="u") as home:
        assert home.root.stat().st_mode & 0o777 == 0o700
        assert (home.root / "version").read_text().strip() == state.STATE_VERSION
    with state.open_home(tmp_path / "home", url="u"):
        pass


def test_held_home_is_refused_with_pid_and_url(tmp_path: Path) -> None:
    with (
        state.open_home(tmp_path, url="http://127.0.0.1:8000"),
        pytest.raises(SetupError, match=r"process \d+, http://127.0.0.1:8000"),
        state.open_home(tmp_path, url="other"),
    ):
        pass


def test_other_version_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("0\n")
    with pytest.raises(SetupError, match="state of version 0"), state.open_home(tmp_path, url="u"):
        pass
    assert (tmp_path / "version").read_text() == "0\n"


def test_database_without_a_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    with pytest.raises(SetupError, match="no version file"), state.open_home(tmp_path, url="u"):
        pass


def test_full_disk_says_how_much_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 100_000_000

    def nearly_full(_path: Path) -> Any:
        return Usage

    monkeypatch.setattr(state.shutil, "disk_usage", nearly_full)
    with pytest.raises(SetupError, match=r"0\.10 GB free, PennyProtect needs 1\.50 GB"), state.open_home(tmp_path, url="u"):
        pass
    assert not (tmp_path / "version").exists()


def test_file_in_the_way_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(SetupError, match="is no folder"), state.open_home(tmp_path / "home", url="u"):
        pass


def test_taken_port_is_named() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen(1)
        port = holder.getsockname()[1]
        with pytest.raises(SetupError, match=rf"Port {port} .*PENNYPROTECT_PORT"):
            state.check_port("127.0.0.1", port)
    state.check_port("127.0.0.1", port)


def test_long_path_gets_a_short_private_socket_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    folder = state.socket_folder(deep)
    try:
        assert len(str(folder / state.LONGEST_SOCKET_NAME)) <= state.SOCKET_PATH_LIMIT
        assert folder.stat().st_mode & 0o077 == 0
        assert state.socket_folder(deep) == folder
        folder.chmod(0o755)
        with pytest.raises(SetupError, match="not a private folder"):
            state.socket_folder(deep)
    finally:
        folder.rmdir()


def test_secrets_are_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    made = secrets.load(path, database_exists=False)
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(base64.b64decode(made["storage_key"])) == secrets.KEY_BYTES
    assert len(set(made.values())) == len(secrets.names())
    assert secrets.load(path, database_exists=True) == made


def test_secrets_of_an_older_release_are_completed(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(json.dumps({"jwt": "kept"}))
    assert secrets.load(path, database_exists=True)["jwt"] == "kept"
    assert set(json.loads(path.read_text())) == set(secrets.names())


@pytest.mark.parametrize("content", ["{", "[1]", "3"])
def test_damaged_secrets_are_refused_untouched(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(SetupError, match="damaged"):
        secrets.load(path, database_exists=True)
    assert path.read_text() == content


def test_lost_secrets_of_a_database_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="is gone"):
        secrets.load(tmp_path / "secrets.json", database_exists=True)
