"""Finished recordings on the worker's disk until they are stored: they survive a killed worker and an hour without storage.

Each is two files, written whole and synced: `{id}.json` says what it is, and is written last. Only this user reads them.
"""

import os
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from app.contracts.control import UploadWish
from app.kit.logs import logger
from app.kit.objects.files import write_whole

LARGEST: Final = 2 << 30
"""Bytes of waiting recordings; beyond that new ones stay in memory only."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A recording that waits for its upload; without `body` it lies in the spool."""

    evidence_id: uuid.UUID
    wish: UploadWish
    body: bytes = field(default=b"", repr=False)


class Spool:
    """The folder of waiting recordings (every call blocks on the disk)."""

    def __init__(self, folder: Path, largest: int = LARGEST) -> None:
        self._folder, self._largest = folder, largest

    def keep(self, waiting: Waiting) -> bool:
        """Whether it is on disk now; False where the disk is full or the spool holds enough: the caller has it in memory."""
        if self.held_bytes() + len(waiting.body) > self._largest:
            return False
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._body(waiting.evidence_id), waiting.body)
            write_whole(self._note(waiting.evidence_id), msgspec.json.encode(waiting.wish))
        except OSError as error:
            log.warning("a recording is kept in memory only", error=os.strerror(error.errno or 0))
            self.forget(waiting.evidence_id)
            return False
        return True

    def forget(self, evidence_id: uuid.UUID) -> None:
        """Remove one; fine when it is not there."""
        for path in (self._note(evidence_id), self._body(evidence_id)):
            with suppress(OSError):
                path.unlink()

    def left(self) -> list[Waiting]:
        """What an earlier process left; pieces of an unfinished writing are removed."""
        found: list[Waiting] = []
        for note in sorted(self._folder.glob("*.json")) if self._folder.is_dir() else ():
            with suppress(ValueError, OSError, msgspec.DecodeError):
                evidence_id = uuid.UUID(note.stem)
                wish = msgspec.json.decode(note.read_bytes(), type=UploadWish)
                if self._body(evidence_id).stat().st_size == wish.size:
                    found.append(Waiting(evidence_id, wish))
        known = {each.evidence_id for each in found}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if _id_of(path) not in known:
                path.unlink(missing_ok=True)
        return found

    def body_of(self, evidence_id: uuid.UUID) -> bytes:
        """The bytes of one; OSError when the disk does not give them."""
        return self._body(evidence_id).read_bytes()

    def held_bytes(self) -> int:
        """Bytes on disk."""
        with suppress(OSError):
            return sum(path.stat().st_size for path in self._folder.iterdir())
        return 0

    def _body(self, evidence_id: uuid.UUID) -> Path:
        return self._folder / f"{evidence_id}.body"

    def _note(self, evidence_id: uuid.UUID) -> Path:
        return self._folder / f"{evidence_id}.json"


def _id_of(path: Path) -> uuid.UUID | None:
    try:
        return uuid.UUID(path.stem)
    except ValueError:
        return None
