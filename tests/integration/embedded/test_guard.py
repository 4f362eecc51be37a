"""What a killed supervisor's children started ends too, even when it hangs and no signal of the kernel reaches it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

CHECKOUT = Path(__file__).resolve().parents[3]
SUPERVISOR = """
import subprocess, sys, time
from app.embedded.guard import Guard

guard = Guard("test")
# A child with a child of its own, both deaf to polite signals: like Triton and a stub that hangs.
deaf = "trap '' TERM INT HUP; sleep 300 & echo $!; wait; sleep 300"
child = subprocess.Popen(["sh", "-c", deaf], start_new_session=True, stdout=subprocess.PIPE)
guard.watch(child.pid)
print(child.pid, child.stdout.readline().decode().strip(), guard._process.pid, flush=True)
if sys.argv[1] == "forget":
    guard.forget(child.pid)
    guard.close()
time.sleep(300)
"""


def _start(mode: str) -> tuple["subprocess.Popen[str]", list[int]]:
    process = subprocess.Popen([sys.executable, "-c", SUPERVISOR, mode], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, [int(pid) for pid in process.stdout.readline().split()]


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _wait(pids: list[int], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if all(_gone(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def test_groups_of_a_killed_supervisor_are_killed() -> None:
    process, pids = _start("die")
    with process:
        assert not any(_gone(pid) for pid in pids)
        process.kill()
        assert _wait(pids, 8)


def test_forgotten_groups_are_left_alone() -> None:
    process, (child, grandchild, guard) = _start("forget")
    with process:
        assert _wait([guard], 8)
        assert not _gone(child)
        os.killpg(child, signal.SIGKILL)
        assert _wait([grandchild], 5)
        process.kill()
