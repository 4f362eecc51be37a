"""Objects as files of a folder: temporary file, fsync, rename, fsync of the folder. For one machine."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.objects.store import LockedError, NoSuchObjectError, ObjectStoreError, Stored, check_key

T = TypeVar("T")
_TEMPORARY = ".part-"
_LOCK = ".lock"


class FileStore:
    """Every object a file under `root`. A lock is a note beside it that this class alone obeys."""

    locks = False

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, body: bytes, *, locked_until: datetime | None = None) -> None:
        """`ObjectStore.put`."""
        await self._run(self._put, self._path(key), body, locked_until)

    async def get(self, key: str) -> bytes:
        """`ObjectStore.get`."""
        return await self._run(self._path(key).read_bytes)

    async def stat(self, key: str) -> Stored:
        """`ObjectStore.stat`."""
        path = self._path(key)
        return await self._run(lambda: Stored(key, path.stat().st_size, _locked_until(path)))

    async def keys(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """`ObjectStore.keys`."""
        for key in await self._run(lambda: sorted(each for each in self._walk(prefix) if each > after)):
            yield key

    async def remove(self, key: str) -> None:
        """`ObjectStore.remove`."""
        await self._run(self._remove, self._path(key))

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    async def _run(self, work: Callable[..., T], *arguments: Any) -> T:
        try:
            return await asyncio.to_thread(work, *arguments)
        except FileNotFoundError as error:
            raise NoSuchObjectError("Nothing is stored under this key.") from error
        except PennyError:
            raise
        except OSError as error:
            raise ObjectStoreError(f"The folder of objects cannot be used: {error.strerror or error}.") from error

    def _put(self, path: Path, body: bytes, locked_until: datetime | None) -> None:
        if path.exists():
            _demand_unlocked(path)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if locked_until is not None:
            write_whole(path.with_name(path.name + _LOCK), json.dumps(locked_until.isoformat()).encode())
        write_whole(path, body)

    def _remove(self, path: Path) -> None:
        _demand_unlocked(path)
        path.unlink(missing_ok=True)
        path.with_name(path.name + _LOCK).unlink(missing_ok=True)

    def _walk(self, prefix: str) -> Iterator[str]:
        start = self._root / prefix.rpartition("/")[0]
        for folder, _, names in os.walk(start):
            for name in names:
                if not name.startswith(_TEMPORARY) and not name.endswith(_LOCK):
                    key = (Path(folder) / name).relative_to(self._root).as_posix()
                    if key.startswith(prefix):
                        yield key


def _locked_until(path: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(path.with_name(path.name + _LOCK).read_bytes()))
    except FileNotFoundError:
        return None


def _demand_unlocked(path: Path) -> None:
    until = _locked_until(path)
    if until is not None and until > now():
        raise LockedError(f"This object is locked until {until:%Y-%m-%d}.")


def write_whole(path: Path, body: bytes) -> None:
    """Replace `path` in one step; the folder is synced too, or a crash could forget the name."""
    number, temporary = tempfile.mkstemp(prefix=_TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(number, "wb") as out:
            out.write(body)
            out.flush()
            os.fsync(out.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
