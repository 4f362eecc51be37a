"""What a child process gives up between fork and exec: root's powers where a server refuses root, and its parent's death.

Linux only, by `prctl` and `capset` of the C library: the standard library has neither.
"""

import ctypes
import os
import pwd
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from app.kit.cores import leave_no_core

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE = 47, 2
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2
CAPABILITY_VERSION_3 = 0x20080522

_libc = ctypes.CDLL(None, use_errno=True)  # loaded before any fork: nothing is looked up in the child


@dataclass(frozen=True, slots=True)
class Identity:
    """An unprivileged user that a child becomes.

    Attributes:
        keep: a capability kept over exec so that folders above its files need not be open to that user, or None.
    """

    uid: int
    gid: int
    keep: int | None = None


class _Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _Sets(ctypes.Structure):
    _fields_ = [("effective", ctypes.c_uint32), ("permitted", ctypes.c_uint32), ("inheritable", ctypes.c_uint32)]


def _capset(capability: int) -> None:
    sets = (_Sets * 2)()
    for name in ("effective", "permitted", "inheritable"):
        setattr(sets[0], name, 1 << capability)
    header = _Header(CAPABILITY_VERSION_3, 0)
    if _libc.capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        raise OSError(ctypes.get_errno(), "capset")


def _prctl(option: int, value: int, extra: int = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(extra), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _become(identity: Identity) -> None:
    if identity.keep is not None:
        _prctl(PR_SET_KEEPCAPS, 1)
    os.setgroups([])
    os.setgid(identity.gid)
    os.setuid(identity.uid)
    if identity.keep is not None:
        _capset(identity.keep)
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, identity.keep)


def in_child(identity: Identity | None, death_signal: signal.Signals) -> Callable[[], None]:
    """A function for the child to run before exec: become `identity`, leave no core, die when this process dies.

    The death signal is bound to the thread that starts the child and is cleared by a change of user, hence the order
    and hence children are started from the main thread only.
    """
    parent = os.getpid()

    def prepare() -> None:
        os.umask(0o077)
        leave_no_core()
        if identity is not None:
            _become(identity)
        _prctl(PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return prepare


def _permitted(capability: int) -> bool:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            return bool(int(line.split()[1], 16) >> capability & 1)
    return False


def _enters(path: Path, uid: int, gid: int) -> bool:
    """Whether that user may pass through every folder above `path`; one that is not there yet is made for that user."""
    for folder in path.resolve().parents:
        try:
            found = folder.stat()
        except FileNotFoundError:
            continue
        shift = 6 if found.st_uid == uid else 3 if found.st_gid == gid else 0
        if not found.st_mode >> shift & 1:
            return False
    return True


def unprivileged(*paths: Path, names: tuple[str, ...] = ("pennyprotect", "postgres", "nobody", "daemon")) -> Identity | None:
    """Who a server that refuses root should be: None when we are not root ourselves.

    Where a folder above `paths` is closed to that user (a home under /root, a private temporary folder), it keeps the
    one capability that lets it pass: CAP_DAC_READ_SEARCH, or CAP_DAC_OVERRIDE in containers that lack the former.
    """
    if os.geteuid() != 0:
        return None
    for name in names:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid == 0:
            continue
        if all(_enters(path, entry.pw_uid, entry.pw_gid) for path in paths):
            return Identity(entry.pw_uid, entry.pw_gid)
        keep = next((each for each in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE) if _permitted(each)), None)
        return Identity(entry.pw_uid, entry.pw_gid, keep)
    return None
