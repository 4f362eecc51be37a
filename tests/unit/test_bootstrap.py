"""Set-up on machines that lack something: one sentence that says what to do. And the stages of a command."""

import json
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
from tools.once_more import OnceMore
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
    with pytest.raises(SetupFailedError, match="setup, run, demo, test, verify, bench, chaos, soak, fuzz, audit-deps, lint, fmt"):
        stages("fly", [])


def test_every_kind_of_test_is_in_make_test() -> None:
    commands = [command for stage in stages("test", []) for lane in stage.lanes for command in lane]
    given = {word for command in commands for word in command}
    assert {f"tests/{kind}" for kind in ("unit", "contract", "integration", "e2e")} <= given
    assert {"mypy", "--noEmit", "check"} <= given
    assert len(stages("test", ["tests/unit"])) == 1


def test_what_make_test_leaves_out_is_in_make_verify() -> None:
    def selected(command: str) -> dict[tuple[str, ...], str]:
        pytests = [
            lane[0] for stage in stages(command, []) for lane in stage.lanes if "pytest" in lane[0] and "-m" in lane[0][3:]
        ]
        return {tuple(w for w in each if w.startswith("tests/")): each[each.index("-m", 3) + 1] for each in pytests}

    assert set(selected("test").values()) == {"not matrix"}
    assert selected("verify") == dict.fromkeys(selected("test"), "matrix")


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


def suite(folder: Path, **tests: str) -> Stage:
    """A stage of one test file, whose tests are tried once more."""
    body = "".join(f"def test_{name}():\n    {code}\n" for name, code in tests.items())
    (folder / "test_of_stage.py").write_text(f"import pathlib\n{body}")
    pytest_here = (sys.executable, "-m", "pytest", "-q", "--rootdir", str(folder), "-c", "/dev/null")
    again = OnceMore(pytest_here, folder / "memory")
    return Stage("suite", (([*pytest_here, *again.noting, str(folder)],),), again)


def test_a_test_that_passes_only_by_itself_is_named_and_the_run_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.stages.ROOT", tmp_path)
    tried = tmp_path / "tried"
    once = f"p = pathlib.Path({str(tried)!r}); known = p.exists(); p.touch(); assert known"
    assert Runner().run([suite(tmp_path, fine="pass", once=once)]) == 0
    assert "UNSTEADY, passed only by itself: test_of_stage.py::test_once" in capfd.readouterr().err


def test_a_test_that_fails_twice_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.stages.ROOT", tmp_path)
    after = tmp_path / "after"
    stage = suite(tmp_path, fine="pass", wrong="assert False")
    assert Runner().run([stage, one("never", python(f"open({str(after)!r}, 'w')"))]) == 1
    assert not after.exists()


@pytest.mark.parametrize(("first", "failed"), [(1, 0), (1, 4), (2, 1), (5, 0)])
def test_many_failures_and_broken_runs_are_final(tmp_path: Path, first: int, failed: int) -> None:
    notes = tmp_path / "v" / "cache"
    notes.mkdir(parents=True)
    (notes / "lastfailed").write_text(json.dumps({f"test_{number}": True for number in range(failed)}))

    def never(_command: list[str]) -> int:
        raise AssertionError("nothing is tried again")

    assert OnceMore(("pytest",), tmp_path).code(first, never) == first


def test_a_test_whose_process_died_is_not_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.stages.ROOT", tmp_path)
    hook = f"import sys\nsys.path.insert(0, {str(CHECKOUT)!r})\nfrom tests.conftest import pytest_handlecrashitem\n"
    (tmp_path / "conftest.py").write_text(hook)
    stage = suite(tmp_path, dies="import os; os._exit(3)")
    spread = Stage("spread", (([*stage.lanes[0][0], "-n", "1"],),), stage.once_more)
    assert Runner().run([spread]) == 1
    assert (tmp_path / "memory" / "v" / "pennyprotect" / "crashed").exists()


def test_what_earlier_runs_noted_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "memory" / "v").mkdir(parents=True)
    OnceMore(("pytest",), tmp_path / "memory").forget()
    assert not (tmp_path / "memory").exists()
