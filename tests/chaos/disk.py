"""A disk that takes nothing more, for one process and those below it: no file of theirs may grow (RLIMIT_FSIZE).

A program that ignores SIGXFSZ, as Python and PostgreSQL do, gets an error of its write; another one is killed by it.
"""

import contextlib
import os
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
            with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
                _as_its_user(process, size)


def _as_its_user(process: psutil.Process, size: int) -> None:
    """Root changes limits of another user's process only with CAP_SYS_RESOURCE, which containers rarely have; that user may."""
    uid, gid = process.uids().real, process.gids().real
    if uid == os.getuid():
        _set(process.pid, size)
    elif (child := os.fork()) == 0:
        with contextlib.suppress(OSError, ValueError):
            os.setgroups([])
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
            _set(process.pid, size)
            os._exit(0)
        os._exit(1)
    elif os.waitpid(child, 0)[1] and psutil.pid_exists(process.pid):
        raise PermissionError(f"the limits of process {process.pid} of user {uid} cannot be changed")


def _set(pid: int, size: int) -> None:
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size if most == AS_BEFORE else min(size, most), most))
