"""Anchors: heads of the ledgers, written where the database's administrator does not reach, and read back to verify.

In a bucket each anchor is an object, locked in COMPLIANCE mode where the bucket has Object Lock. On one machine they are lines
of a file that is only appended to; each line names the hash of the one before.
"""

import asyncio
import hashlib
import json
import os
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from app.audit.ledger_repository import Head
from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.ids import new_id
from app.kit.objects.files import write_whole
from app.kit.objects.store import ObjectStore

PREFIX = "audit/anchors/"
KEEP = timedelta(days=400)
NEWEST = 500
AT_ONCE = 16

Anchored = dict[uuid.UUID, dict[int, bytes]]
"""Hash by sequence, for each ledger."""


class BrokenAnchorsError(PennyError):
    """The anchors themselves were changed."""

    title = "Anchors do not hold"


@dataclass(frozen=True, slots=True)
class Anchor:
    """Heads at one moment."""

    at: datetime
    heads: tuple[Head, ...]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        heads = {str(head.ledger): {"sequence": head.sequence, "hash": head.hash.hex()} for head in self.heads}
        return {"version": 1, "at": self.at.isoformat(), "heads": heads}


class Anchors(Protocol):
    """Where anchors are kept."""

    where: str

    async def write(self, heads: Sequence[Head]) -> None:
        """Keep these heads; on return they survive a crash."""
        ...

    async def read(self, *, every: bool = False) -> Anchored:
        """What was kept. `every`: all of it, else the newest and one of each day, where there are many.

        Raises:
            BrokenAnchorsError: what is kept was changed.
        """
        ...


def _take(found: Anchored, document: Mapping[str, Any]) -> None:
    for ledger, head in document["heads"].items():
        known = found.setdefault(uuid.UUID(ledger), {})
        sequence, hashed = int(head["sequence"]), bytes.fromhex(head["hash"])
        if known.setdefault(sequence, hashed) != hashed:
            raise BrokenAnchorsError(f"Two anchors name different hashes for row {sequence} of ledger {ledger}.")


class FileAnchors:
    """One line of JSON an anchor, appended and synced.

    Args:
        earlier: where a former version kept the file; it is read as long as there is none at `path`, and moved by the next write.
    """

    def __init__(self, path: Path, earlier: Path | None = None) -> None:
        self._path = path
        self._earlier = earlier
        self.where = str(path)

    async def write(self, heads: Sequence[Head]) -> None:
        """`Anchors.write`."""
        await asyncio.to_thread(self._append, Anchor(now(), tuple(heads)).document())

    async def read(self, *, every: bool = False) -> Anchored:
        """`Anchors.read`; always all of them."""
        return await asyncio.to_thread(self._read)

    def _append(self, document: dict[str, Any]) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._move()
        number = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            raw = _last_line(number)
            # A line that a crash cut off is ended here; nobody was told that it was kept.
            mend = b"" if raw.endswith(b"\n") or not raw else b"\n"
            line = {**document, "previous": hashlib.sha256(raw.strip()).hexdigest() if raw else ""}
            os.write(number, mend + json.dumps(line, sort_keys=True).encode() + b"\n")
            os.fsync(number)
        finally:
            os.close(number)

    def _move(self) -> None:
        """Take over the file of before, which may lie on another disk: a crash in between leaves the old one, or both."""
        if self._earlier is None or self._path.exists() or not self._earlier.exists():
            return
        write_whole(self._path, self._earlier.read_bytes())
        self._earlier.unlink()

    def _read(self) -> Anchored:
        found: Anchored = {}
        here = self._path
        if self._earlier is not None and self._earlier.exists() and not here.exists():
            here = self._earlier
        try:
            file = here.open("rb")
        except FileNotFoundError:
            return found
        previous, unread = b"", 0
        with file:
            for number, raw in enumerate(file, 1):
                document = _parse(raw)
                if document is None:
                    unread = number if raw.endswith(b"\n") else 0
                else:
                    expected = hashlib.sha256(previous.strip()).hexdigest() if previous else ""
                    if document.get("previous") != expected:
                        raise BrokenAnchorsError(f"Line {number} of {self._path} does not follow the line before it.")
                    unread = 0  # a line cut off by a crash, if its follower vouches for it
                    _take(found, document)
                previous = raw
        if unread:
            raise BrokenAnchorsError(f"Line {unread} of {self._path} is no anchor.")
        return found


def _parse(raw: bytes) -> Any:
    """The anchor of a line or object, None when it is none."""
    try:
        document = json.loads(raw)
        heads = document["heads"].values()
        return document if all(int(head["sequence"]) > 0 and len(bytes.fromhex(head["hash"])) == 32 for head in heads) else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _last_line(number: int) -> bytes:
    """The file's last line, whole or not."""
    size = os.lseek(number, 0, os.SEEK_END)
    length = min(size, 4096)
    while True:
        raw = os.pread(number, length, size - length)
        start = raw.rstrip(b"\n").rfind(b"\n")
        if start >= 0 or length == size:
            return raw[start + 1 :]
        length = min(size, length * 4)


class ObjectAnchors:
    """One object an anchor, named by its time."""

    def __init__(self, store: ObjectStore, where: str) -> None:
        self._store = store
        self.where = where

    async def write(self, heads: Sequence[Head]) -> None:
        """`Anchors.write`."""
        anchor = Anchor(now(), tuple(heads))
        key = f"{PREFIX}{anchor.at:%Y-%m-%d/%H%M%S}-{new_id()}.json"
        body = json.dumps(anchor.document(), sort_keys=True).encode()
        await self._store.put(key, body, locked_until=anchor.at + KEEP if self._store.locks else None)

    async def read(self, *, every: bool = False) -> Anchored:
        """`Anchors.read`."""
        found: Anchored = {}
        async for key, document in self._documents([key async for key in self._store.keys(PREFIX)], every):
            if document is None:
                raise BrokenAnchorsError(f"{self.where}/{key} is no anchor.")
            _take(found, document)
        return found

    async def _documents(self, keys: list[str], every: bool) -> AsyncIterator[tuple[str, Any]]:
        wanted = keys if every else sorted({*keys[-NEWEST:], *_one_a_day(keys)})
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            for key, body in zip(some, await asyncio.gather(*map(self._store.get, some)), strict=True):
                yield key, _parse(body)


def _one_a_day(keys: Sequence[str]) -> list[str]:
    """The last key of each day."""
    return list({key[len(PREFIX) : len(PREFIX) + 10]: key for key in keys}.values())
