"""Handing over to the command that was asked for, so that Ctrl-C and a make that dies do what a person expects."""

import contextlib
import ctypes
import os
import signal
import sys


def die_with_parent() -> None:
    """If whoever started us (make) dies, SIGTERM comes: nothing is left running unseen. Linux only."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)


def replace_by(command: list[str]) -> None:
    """Become `command`."""
    die_with_parent()
    sys.stdout.flush()
    os.execv(command[0], command)  # noqa: S606 - no shell wanted


def holds_terminal() -> bool:
    """Whether Ctrl-C on a terminal would reach us and the make that started us."""
    try:
        return os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp()
    except OSError:
        return False


def run_in_foreground(command: list[str]) -> int:
    """Run `command` as the terminal's foreground job; its exit code.

    Ctrl-C then reaches it alone. In one group with make, make would be interrupted too and report a failure after a clean stop.
    """
    ours = os.getpgrp()
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)  # or handing the terminal over would stop us
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.tcsetpgrp(0, os.getpid())
        signal.signal(signal.SIGTTOU, signal.SIG_DFL)
        replace_by(command)
    with contextlib.suppress(OSError):  # the child does the same; whoever comes first
        os.setpgid(child, child)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _frame: os.killpg(child, received))
    while True:
        _, status = os.waitpid(child, os.WUNTRACED)
        os.tcsetpgrp(0, ours)
        if not os.WIFSTOPPED(status):
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
        os.killpg(ours, signal.SIGSTOP)  # Ctrl-Z: the whole job, make included; `fg` goes on below
        os.tcsetpgrp(0, child)
        os.killpg(child, signal.SIGCONT)
