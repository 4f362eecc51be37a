"""The state folder: its layout, its version, who holds it, and whether this machine has room for it."""

import errno
import fcntl
import hashlib
import json
import os
import random
import shutil
import socket
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from app.kit.errors import SetupError

STATE_VERSION = "1"
SOCKET_PATH_LIMIT = 100  # bytes; the kernel allows 107
LONGEST_SOCKET_NAME = "postgres/.s.PGSQL.5432"
FIRST_RUN_BYTES = 1_500_000_000
LATER_RUN_BYTES = 200_000_000
PORTS = range(20_000, 32_000)
"""Below the range systems give to outgoing connections, so that a chosen port stays free, also while its part restarts."""


@dataclass(frozen=True, slots=True)
class Home:
    """Paths inside PENNYPROTECT_HOME.

    Attributes:
        root: the folder, absolute.
        sockets: where Unix sockets live: `run/`, or a private temporary folder where that path is too long for a socket.
    """

    root: Path
    sockets: Path

    def folder(self, name: str) -> Path:
        """A folder of this home, made (0700) if it is missing."""
        path = self.root / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @property
    def logs(self) -> Path:
        """One log file a part."""
        return self.folder("logs")

    @property
    def credentials(self) -> Path:
        """Where the first administrator's credentials are written."""
        return self.root / "credentials.json"


def socket_folder(root: Path) -> Path:
    """Where this home's sockets go. Made private to this user either way."""
    inside = root / "run"
    if len(os.fsencode(inside / LONGEST_SOCKET_NAME)) <= SOCKET_PATH_LIMIT:
        inside.mkdir(mode=0o700, exist_ok=True)
        return inside
    tag = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    outside = Path(tempfile.gettempdir()) / f"pennyprotect-{os.geteuid()}-{tag}"
    outside.mkdir(mode=0o700, exist_ok=True)
    found = outside.lstat()
    if outside.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise SetupError(
            f"{outside} is not a private folder of this user; remove it, or set PENNYPROTECT_HOME to a shorter path."
        )
    return outside


def check_version(root: Path) -> bool:
    """Whether this home was set up before.

    Raises:
        SetupError: by another version, or what is there is no home of ours.
    """
    mark = root / "version"
    found = mark.read_text().strip() if mark.exists() else ""
    if found == STATE_VERSION:
        return True
    if found:
        raise SetupError(
            f"{root} holds state of version {found}, this PennyProtect needs version {STATE_VERSION}. Nothing was changed: "
            "run the release that made it, or set PENNYPROTECT_HOME to another folder."
        )
    if (root / "postgres").exists():
        raise SetupError(
            f"{root} has a database but no version file; restore the file, or set PENNYPROTECT_HOME to another folder."
        )
    return False


def check_space(root: Path, *, first: bool) -> None:
    """SetupError when the disk under `root` has less room than a start needs."""
    needed = FIRST_RUN_BYTES if first else LATER_RUN_BYTES
    free = shutil.disk_usage(root).free
    if free < needed:
        raise SetupError(
            f"The disk of {root} has {free / 1e9:.2f} GB free, PennyProtect needs {needed / 1e9:.2f} GB there. "
            "Free some, or set PENNYPROTECT_HOME to a folder on another disk."
        )


def check_port(host: str, port: int) -> None:
    """SetupError when the service could not listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
            listener.listen(1)
        except OSError as error:
            why = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
            raise SetupError(
                f"Port {port} on {host} {why}; stop what uses it, or set PENNYPROTECT_PORT to another port."
            ) from error


def free_port(taken: Collection[int] = ()) -> int:
    """A loopback TCP port of PORTS that nobody listens on right now and that is not among `taken`.

    Raises:
        SetupError: there is none.
    """
    for port in random.sample(PORTS, 200):
        if port in taken:
            continue
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SetupError(f"No free port between {PORTS.start} and {PORTS.stop} on this machine; stop what uses them.")


@contextmanager
def open_home(folder: Path, *, url: str) -> Iterator[Home]:
    """Hold the state folder for this process; made on first use.

    Raises:
        SetupError: it is held, of another version, not writable, or its disk is full. Nothing was changed then.
    """
    root = Path(os.path.abspath(folder.expanduser()))  # noqa: PTH100 - resolve() would follow links the operator chose
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (root / "lock").open("a+")
    except (FileExistsError, NotADirectoryError) as error:
        raise SetupError(f"{root} is no folder; set PENNYPROTECT_HOME to one, or to a path that is free.") from error
    except PermissionError as error:
        raise SetupError(
            f"{error.filename} cannot be written by this user; set PENNYPROTECT_HOME to a folder of yours."
        ) from error
    except OSError as error:
        raise SetupError(f"{root} cannot be used ({error.strerror}); set PENNYPROTECT_HOME to a folder of yours.") from error
    with lock:
        _hold(lock, root, url)
        yield _enter(root)


def _enter(root: Path) -> Home:
    first = not check_version(root)
    check_space(root, first=first)
    home = Home(root, socket_folder(root))
    if first:
        (root / "version").write_text(f"{STATE_VERSION}\n")
    return home


def _hold(file: IO[str], root: Path, url: str) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        try:
            holder = json.loads(file.read() or "{}")
        except ValueError:
            holder = {}
        raise SetupError(
            f"PennyProtect already runs on {root} (process {holder.get('pid', '?')}, {holder.get('url', 'address unknown')}). "
            "Stop it with Ctrl-C, or set PENNYPROTECT_HOME and PENNYPROTECT_PORT for a second one."
        ) from None
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid(), "url": url}))
    file.flush()
