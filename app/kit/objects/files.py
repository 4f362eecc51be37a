"""Objects as files of a folder: temporary file, fsync, rename, fsync of the folder. For one machine."""

import asyncio
import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, PennyError
from app.kit.objects.store import LockedError, NoSuchObjectError, ObjectStoreError, PutGrant, Stored, check_key

T = TypeVar("T")
_TEMPORARY = ".part-"
_LOCK = ".lock"
_HOLD = ".hold"


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

    def grant(self, key: str, size: int, sha256: bytes, media_type: str, seconds: int) -> PutGrant | None:
        """`EvidenceStore.grant`: the service takes uploads for this folder."""
        check_key(key)
        return None

    async def receive(self, key: str, chunks: AsyncIterator[bytes], size: int, sha256: bytes) -> None:
        """`EvidenceStore.receive`."""
        path = self._path(key)
        if await self._run(path.exists):
            raise ConflictError("Something is stored there already.")
        await self._run(lambda: path.parent.mkdir(mode=0o700, parents=True, exist_ok=True))
        temporary = path.with_name(f"{_TEMPORARY}{secrets.token_hex(8)}")
        try:
            await self._write_checked(temporary, chunks, size, sha256)
            await self._run(_publish, temporary, path)
        finally:
            await self._run(lambda: temporary.unlink(missing_ok=True))

    async def _write_checked(self, temporary: Path, chunks: AsyncIterator[bytes], size: int, sha256: bytes) -> None:
        hashed, length = hashlib.sha256(), 0
        out = await self._run(lambda: temporary.open("xb"))
        try:
            async for chunk in chunks:
                length += len(chunk)
                if length > size:
                    break
                hashed.update(chunk)
                await self._run(out.write, chunk)
            await self._run(out.flush)
            await self._run(os.fsync, out.fileno())
        finally:
            await self._run(out.close)
        if length != size or hashed.digest() != sha256:
            raise BadInputError("What was sent is not what was announced: its length or its hash differs.")

    async def digest(self, key: str) -> tuple[int, bytes]:
        """`EvidenceStore.digest`."""
        return await self._run(_digest, self._path(key))

    async def read(self, key: str, start: int, end: int) -> bytes:
        """`EvidenceStore.read`."""
        return await self._run(_read_part, self._path(key), start, end)

    async def protect(self, key: str, until: datetime | None, *, hold: bool) -> None:
        """`EvidenceStore.protect`: notes beside the object that this class alone obeys."""
        await self._run(_protect, self._path(key), until, hold)

    async def erase(self, key: str) -> None:
        """`EvidenceStore.erase`."""
        await self._run(_erase, self._path(key))

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
                if not name.startswith(_TEMPORARY) and not name.endswith((_LOCK, _HOLD)):
                    key = (Path(folder) / name).relative_to(self._root).as_posix()
                    if key.startswith(prefix):
                        yield key


def _locked_until(path: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(path.with_name(path.name + _LOCK).read_bytes()))
    except FileNotFoundError:
        return None


def _demand_unlocked(path: Path) -> None:
    if path.with_name(path.name + _HOLD).exists():
        raise LockedError("This object is under a legal hold.")
    until = _locked_until(path)
    if until is not None and until > now():
        raise LockedError(f"This object is locked until {until:%Y-%m-%d}.")


def _publish(temporary: Path, path: Path) -> None:
    """Give the whole file its name, unless the name is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError as error:
        raise ConflictError("Something is stored there already.") from error
    _sync_folder(path.parent)


def _digest(path: Path) -> tuple[int, bytes]:
    with path.open("rb") as found:
        hashed = hashlib.file_digest(found, "sha256")
        return found.tell(), hashed.digest()


def _read_part(path: Path, start: int, end: int) -> bytes:
    with path.open("rb") as found:
        found.seek(start)
        return found.read(max(0, end - start))


def _protect(path: Path, until: datetime | None, hold: bool) -> None:
    path.stat()
    lock, held = path.with_name(path.name + _LOCK), path.with_name(path.name + _HOLD)
    before = _locked_until(path)
    if until is not None and (before is None or until > before):
        write_whole(lock, json.dumps(until.isoformat()).encode())
    if hold:
        write_whole(held, b"{}")
    else:
        held.unlink(missing_ok=True)


def _erase(path: Path) -> None:
    if path.with_name(path.name + _HOLD).exists():
        raise LockedError("This object is under a legal hold.")
    path.unlink(missing_ok=True)
    path.with_name(path.name + _LOCK).unlink(missing_ok=True)


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
    _sync_folder(path.parent)


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
