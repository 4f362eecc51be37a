"""What the doctor says of a machine that is well, and of each thing that may be wrong."""

import json
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from app.embedded import doctor, state
from app.inference.repository import ModelStatus
from app.kit.errors import SetupError
from app.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
IN_PLACE = ModelStatus("yolo_pose", 1, "yolo11n-pose", "8.3.0", "AGPL-3.0", licence_accepted=True, fetched=True, staged=True)


def test_an_old_python_is_named_with_what_to_install() -> None:
    assert doctor.python((3, 11, 2)).startswith("Python 3.11.2 ")
    with pytest.raises(SetupError, match=r"3\.10\.9 is too old; install 3\.11"):
        doctor.python((3, 10, 9))


def test_little_shared_memory_is_named() -> None:
    assert "512 MB" in doctor.shared_memory(512_000_000)
    with pytest.raises(SetupError, match="shm-size"):
        doctor.shared_memory(doctor.LEAST_SHARED_BYTES - 1)


def test_state_folder_missing_fresh_known_and_of_another_version(tmp_path: Path) -> None:
    root = tmp_path / "home"
    assert "does not exist yet" in doctor.state_folder(root)
    assert not root.exists()
    root.mkdir()
    assert "not set up yet" in doctor.state_folder(root)
    (root / "version").write_text(f"{state.STATE_VERSION}\n")
    assert "is of version" in doctor.state_folder(root)
    (root / "version").write_text("0\n")
    with pytest.raises(SetupError, match="state of version 0"):
        doctor.state_folder(root)


def test_a_full_disk_is_named_where_the_folder_will_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(tmp_path) in doctor.disk(tmp_path / "not" / "there")
    monkeypatch.setattr(state, "FIRST_RUN_BYTES", 1 << 60)
    with pytest.raises(SetupError, match="GB free"):
        doctor.disk(tmp_path / "not" / "there")


def test_a_port_in_use_is_named_unless_it_is_ours() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        chosen = Settings(_env_file=None, PENNYPROTECT_PORT=taken.getsockname()[1])
        with pytest.raises(SetupError, match="is in use"):
            doctor.port(chosen, running=False)
        assert "running product" in doctor.port(chosen, running=True)


@pytest.mark.parametrize(
    ("lacks", "says"), [("licence_accepted", "AGPL-3.0 is not accepted"), ("fetched", "not fetched"), ("staged", "repository")]
)
def test_each_thing_a_model_lacks_is_named(lacks: str, says: str) -> None:
    (found,) = doctor.models([replace(IN_PLACE, **{lacks: False})])
    assert not found.ok
    assert says in found.detail
    assert "models pull" in found.detail
    assert doctor.models([IN_PLACE])[0].ok


def test_a_held_state_folder_runs_and_another_does_not(tmp_path: Path) -> None:
    assert not doctor.is_running(tmp_path / "none")
    with state.open_home(tmp_path / "home", url="u"):
        assert doctor.is_running(tmp_path / "home")
    assert not doctor.is_running(tmp_path / "home")


def test_parts_that_are_not_ready_are_named_with_their_log() -> None:
    known = {"postgres": {"phase": "ready"}, "migrate": {"phase": "done"}, "triton": {"phase": "backing off"}}
    (found,) = doctor.parts(known)
    assert (found.name, found.ok) == ("part triton", False)
    assert "logs/triton.log" in found.detail
    assert doctor.parts({**known, "triton": {"phase": "ready"}})[0].ok
    assert not doctor.parts({})[0].ok


async def test_servers_that_do_not_answer_are_named_without_their_passwords(tmp_path: Path) -> None:
    closed = str(state.free_port())
    found = await doctor.servers(
        Settings(
            _env_file=None,
            DATABASE_URL=f"postgresql://a:hunter2@127.0.0.1:{closed}/d",
            REDIS_URL=f"redis://a:hunter2@127.0.0.1:{closed}/0",
            MEMORY_REDIS_URL=f"unix://a:hunter2@{tmp_path}/none.sock",
            TRITON_URL=f"127.0.0.1:{closed}",
        )
    )
    assert [each.name for each in found] == ["DATABASE_URL", "REDIS_URL", "MEMORY_REDIS_URL", "TRITON_URL"]
    assert not any(each.ok for each in found)
    assert not any("hunter2" in each.detail for each in found)
    assert await doctor.servers(Settings(_env_file=None)) == []


def test_the_command_gives_one_document_and_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "version").write_text("0\n")
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "doctor", "--json"],
        cwd=CHECKOUT,
        env=dict(os.environ, PENNYPROTECT_HOME=str(tmp_path), PENNYPROTECT_CACHE=str(tmp_path / "cache")),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"] is False
    assert {each["name"]: each["ok"] for each in document["checks"]}["state folder"] is False
    assert sorted(path.name for path in tmp_path.iterdir()) == ["version"]
