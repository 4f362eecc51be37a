"""Set-up on machines that lack something: one sentence that says what to do. And the stages of a command."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from tools import environments, installer
from tools.installer import Installer, SetupFailedError
from tools.stages import Runner, Stage, one, stages

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Logs in a folder of the test's."""
    monkeypatch.setattr(installer, "LOGS", tmp_path / "logs")


def test_a_command_that_is_not_there_is_a_failed_step() -> None:
    with pytest.raises(SetupFailedError, match="no-such-program cannot be run"):
        installer.call("step", ["no-such-program"])


def test_a_failed_command_shows_the_end_of_its_log() -> None:
    with pytest.raises(SetupFailedError, match=r"(?s)failed \(3\).*no room"):
        installer.call("step", [sys.executable, "-c", "import sys; print('no room'); sys.exit(3)"])


def test_without_uv_and_a_fitting_python_it_says_which_one_is_needed(tmp_path: Path) -> None:
    made = Installer()
    made._looked = True  # there is no uv
    with pytest.raises(SetupFailedError, match=r"Install Python 3\.12-none"):
        made.install(tmp_path / ".venv-triton", tmp_path / "triton.txt", python="3.12-none", clear=True)


def test_a_newer_python_looks_for_one_that_triton_can_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environments, "sys", SimpleNamespace(version_info=(3, 13, 0), executable="newer"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environments.triton_python() == "3.12"
    other = tmp_path / "python3.11"
    other.write_text("#!/bin/sh\nexit 0\n")
    other.chmod(0o755)
    assert environments.triton_python() == str(other)
    other.write_text("#!/bin/sh\nexit 1\n")  # Debian's without python3-venv
    assert environments.triton_python() == "3.12"


def test_an_unknown_command_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SetupFailedError, match="setup, run, demo, test, verify, bench, lint, fmt"):
        stages("fly", [])


def test_every_kind_of_test_is_in_make_test() -> None:
    commands = [command for stage in stages("test", []) for lane in stage.lanes for command in lane]
    given = {word for command in commands for word in command}
    assert {f"tests/{kind}" for kind in ("unit", "contract", "integration", "e2e")} <= given
    assert {"mypy", "--noEmit", "check"} <= given
    assert len(stages("test", ["tests/unit"])) == 1


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_lanes_run_side_by_side_and_what_they_print_is_not_mixed(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    wait = "import pathlib, sys, time\nprint(sys.argv[1], flush=True)\npathlib.Path(sys.argv[1]).touch()\n"
    wait += "while not pathlib.Path(sys.argv[2]).exists(): time.sleep(0.01)\nprint(sys.argv[1], flush=True)"
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    together = Stage("together", (([*python(wait), first, second],), ([*python(wait), second, first],)))
    assert Runner().run([together]) == 0
    assert capfdbinary.readouterr().out.decode().split() == [first, first, second, second]


def test_the_first_failure_ends_the_run_with_its_code(tmp_path: Path) -> None:
    after = tmp_path / "after"
    failing = Stage("failing", ((python("import sys; sys.exit(3)"), python(f"open({str(after)!r}, 'w')")), (python("pass"),)))
    assert Runner().run([one("fine", python("pass")), failing, one("never", python(f"open({str(after)!r}, 'w')"))]) == 3
    assert not after.exists()


def test_a_run_whose_make_dies_ends_its_tests_as_ctrl_c_would(tmp_path: Path) -> None:
    mark, tidied = tmp_path / "running", tmp_path / "tidied"
    # A shell's background jobs are born with SIGINT ignored, and this test may be of one.
    child = "import signal, time\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
    child += f"try:\n open({str(mark)!r}, 'w')\n time.sleep(60)\nfinally:\n open({str(tidied)!r}, 'w')"
    lanes = f"((([sys.executable, '-c', {child!r}],)), ([sys.executable, '-c', ''],))"
    code = f"import sys; sys.path.insert(0, {str(CHECKOUT)!r})\nfrom tools.stages import *\n"
    code += f"sys.exit(Runner().run([Stage('s', {lanes})]))"
    run = subprocess.Popen(python(code), stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while not mark.exists():
        assert time.monotonic() < end
        time.sleep(0.01)
    os.kill(run.pid, signal.SIGTERM)
    assert run.wait(60) == 130
    assert tidied.exists()
