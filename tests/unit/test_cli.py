"""Errors of the command line: one sentence and an exit code, never a traceback for what is expected."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import _expected
from app.kit.errors import BadInputError, SetupError

CHECKOUT = Path(__file__).resolve().parents[2]


def test_a_sentence_inside_task_groups_is_found() -> None:
    inner = SetupError("Port 1 is taken.")
    assert _expected(ExceptionGroup("outer", [ValueError("x"), ExceptionGroup("inner", [inner])])) is inner


def test_a_full_disk_has_a_sentence_and_an_unknown_error_has_none() -> None:
    full = _expected(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/there"))
    assert full is not None
    assert "/there" in full.detail
    assert _expected(OSError(errno.EIO, "x")) is None
    assert _expected(ValueError("x")) is None


@pytest.mark.parametrize("error", [SetupError("a"), BadInputError("b")])
def test_an_expected_error_is_itself(error: SetupError | BadInputError) -> None:
    assert _expected(error) is error


def test_a_wrong_setting_ends_a_command_with_one_sentence() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "app.cli", "models", "status"],
        cwd=CHECKOUT,
        env=dict(os.environ, PENNYPROTECT_PORT="many"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("pennyprotect: A setting cannot be used: PENNYPROTECT_PORT")
    assert len(done.stderr.splitlines()) == 1


def test_logs_of_a_command_leave_stdout_to_its_answer_and_hide_passwords() -> None:
    code = (
        "from app import cli\nfrom app.kit.logs import logger\n"
        "cli.cli = lambda **_: logger('x').warning('see rtsp://a:hunter2@h/x')\ncli.main()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert done.stdout == ""
    assert "rtsp://***@h/x" in done.stderr
