"""Ends what a killed supervisor leaves: a small process that waits for the supervisor's end of a pipe to close.

The kernel's death signal reaches a part's own process only. What that one started may outlive it: Triton's Python stubs hang
for ever on a lock in shared memory when the server is killed while it holds the lock. This file imports nothing of ours,
so that it starts in no time and weighs little.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

ORDERLY_S = 3.0
"""What parts that end by themselves (PostgreSQL's shutdown) are given before their group is killed."""
LOOK_S = 0.05


class Guard:
    """The supervisor's handle on its guard.

    Args:
        label: shown in the process list; the state folder.
    """

    def __init__(self, label: str) -> None:
        command = [sys.executable, "-I", "-S", str(Path(__file__).resolve()), label]
        read_end, self._pipe = os.pipe()  # our end is closed in every child, so it closes when we are gone
        try:
            self._process = subprocess.Popen(command, stdin=read_end, start_new_session=True, cwd="/")
        finally:
            os.close(read_end)

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):  # it was killed: the death signals still hold
            os.write(self._pipe, line.encode())

    def watch(self, group: int) -> None:
        """This process group must not outlive us."""
        self._say(f"+{group}\n")

    def forget(self, group: int) -> None:
        """This one has ended; its number may become someone else's."""
        self._say(f"-{group}\n")

    def close(self) -> None:
        """Everything has ended in order."""
        os.close(self._pipe)
        try:
            self._process.wait(timeout=ORDERLY_S + 2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(timeout=2)


def _lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def main() -> None:
    """Follow the groups told on standard input; when it closes, wait a moment and kill what is left of them."""
    groups: set[int] = set()
    for line in sys.stdin.buffer:
        number = int(line[1:])
        if line.startswith(b"+"):
            groups.add(number)
        else:
            groups.discard(number)
    deadline = time.monotonic() + ORDERLY_S
    while time.monotonic() < deadline and any(_lives(group) for group in groups):
        time.sleep(LOOK_S)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
