"""Set-up on machines that lack something: one sentence that says what to do."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

BOOTSTRAP = Path(__file__).resolve().parents[2] / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, its logs in a folder of the test's."""
    spec = importlib.util.spec_from_file_location("bootstrap", BOOTSTRAP)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path / "logs")
    return module


def test_a_command_that_is_not_there_is_a_failed_step(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.SetupFailedError, match="no-such-program cannot be run"):
        bootstrap.call("step", ["no-such-program"])


def test_a_failed_command_shows_the_end_of_its_log(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.SetupFailedError, match=r"(?s)failed \(3\).*no room"):
        bootstrap.call("step", [sys.executable, "-c", "import sys; print('no room'); sys.exit(3)"])


def test_without_uv_and_a_fitting_python_it_says_which_one_is_needed(bootstrap: ModuleType, tmp_path: Path) -> None:
    installer = bootstrap.Installer()
    installer._looked = True  # there is no uv
    with pytest.raises(bootstrap.SetupFailedError, match=r"Install Python 3\.12-none"):
        installer.install(tmp_path / ".venv-triton", tmp_path / "triton.txt", python="3.12-none", clear=True)


def test_a_newer_python_looks_for_one_that_triton_can_use(
    bootstrap: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bootstrap, "sys", SimpleNamespace(version_info=(3, 13, 0), executable="newer"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bootstrap.triton_python() == "3.12"
    other = tmp_path / "python3.11"
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)
    assert bootstrap.triton_python() == str(other)
    other.write_text("#!/bin/sh\nexit 1\n")  # Debian's without python3-venv
    assert bootstrap.triton_python() == "3.12"


def test_an_unknown_command_is_refused_with_the_known_ones(bootstrap: ModuleType) -> None:
    with pytest.raises(bootstrap.SetupFailedError, match="setup, run, demo, test, verify, bench, lint, fmt"):
        bootstrap.commands("fly", [])
