"""A disk that takes nothing more, for one process and those below it: no file of theirs may grow (RLIMIT_FSIZE).

A program that ignores SIGXFSZ, as Python and PostgreSQL do, gets an error of its write; another one is killed by it.
"""

import contextlib
import resource

import psutil

FULL, AS_BEFORE = 1, resource.RLIM_INFINITY


def fill(pid: int) -> None:
    """From now on."""
    _limit(pid, FULL)


def free(pid: int) -> None:
    """No more."""
    _limit(pid, AS_BEFORE)


def _limit(pid: int, size: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        for process in (first, *first.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                _, most = process.rlimit(psutil.RLIMIT_FSIZE)
                process.rlimit(psutil.RLIMIT_FSIZE, (size if most == AS_BEFORE else min(size, most), most))
