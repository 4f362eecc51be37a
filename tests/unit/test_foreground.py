"""What Ctrl-C does to `make run` and `make demo`: on a terminal, and without one."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
RECIPE = """
import sys
sys.path.insert(0, sys.argv[1])
from tools.foreground import holds_terminal, replace_by, run_in_foreground
command = [sys.executable, sys.argv[2]]
sys.exit(run_in_foreground(command) if holds_terminal() else replace_by(command))
"""
PRODUCT = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path(__file__).with_name("stopped").write_text("cleanly")
    sys.exit(0)
signal.signal(signal.SIGINT, stop)
print("running", flush=True)
time.sleep(120)
"""
TERMINAL = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
"""A terminal round a command: what comes in on stdin is typed."""


@pytest.fixture
def make(tmp_path: Path) -> list[str]:
    """`make` with one target that hands over to a product as `run` and `demo` do."""
    found = shutil.which("make")
    if found is None:
        pytest.fail("make is needed to test what Ctrl-C does to it")
    (tmp_path / "recipe.py").write_text(RECIPE)
    (tmp_path / "product.py").write_text(PRODUCT)
    recipe = [sys.executable, tmp_path / "recipe.py", CHECKOUT, tmp_path / "product.py"]
    (tmp_path / "Makefile").write_text(f"demo:\n\t@exec {' '.join(map(str, recipe))}\n")
    return [found, "-s", "-C", str(tmp_path), "demo"]


def started(command: list[str]) -> "subprocess.Popen[bytes]":
    """The command in a session of its own, once its product runs."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert process.stdout is not None
    while (line := process.stdout.readline()) and b"running" not in line:
        pass
    assert line, "the product did not start"
    return process


@pytest.mark.timeout(100)
def test_ctrl_c_on_a_terminal_ends_make_with_0(make: list[str], tmp_path: Path) -> None:
    process = started([sys.executable, "-c", TERMINAL, *make])
    _, _ = process.communicate(b"\x03", timeout=90)
    assert process.returncode == 0
    assert (tmp_path / "stopped").read_text() == "cleanly"


@pytest.mark.timeout(100)
def test_an_interrupt_of_the_whole_group_without_a_terminal_ends_the_product_cleanly(make: list[str], tmp_path: Path) -> None:
    process = started(make)
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=90)
    assert (tmp_path / "stopped").read_text() == "cleanly"
    assert process.returncode in (0, -signal.SIGINT), "make dies of its own interrupt, once the product has ended"
