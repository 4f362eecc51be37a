"""What an object store can do. `files` and `s3` are the two there are; one suite of tests holds for both."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from app.kit.errors import BadInputError, NotFoundError, PennyError

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._=-]*(/[A-Za-z0-9][A-Za-z0-9._=-]*)*")
LONGEST_KEY = 500


class ObjectStoreError(PennyError):
    """The store does not answer, or refuses; the sentence says which."""

    status = 503
    title = "Storage does not answer"


class LockedError(PennyError):
    """The object may not be removed or replaced before its date."""

    status = 409
    title = "Locked"


class NoSuchObjectError(NotFoundError):
    """Nothing is stored under this key."""


@dataclass(frozen=True, slots=True)
class Stored:
    """An object without its bytes.

    Attributes:
        size: bytes.
        locked_until: nobody, its owner included, may remove it before; None where it is not locked.
    """

    key: str
    size: int
    locked_until: datetime | None = None


class ObjectStore(Protocol):
    """Whole objects of up to a few megabytes. Every call ends within the store's time-out with ObjectStoreError at worst."""

    locks: bool
    """Whether `locked_until` is enforced by the store itself, against its own administrator."""

    async def put(self, key: str, body: bytes, *, locked_until: datetime | None = None) -> None:
        """Store an object: readers see all of it or nothing, and once this returns it survives a crash.

        Raises:
            LockedError: a locked object stands there.
        """
        ...

    async def get(self, key: str) -> bytes:
        """The bytes; NoSuchObjectError."""
        ...

    async def stat(self, key: str) -> Stored:
        """Size and lock; NoSuchObjectError."""
        ...

    def keys(self, prefix: str, after: str = "") -> AsyncIterator[str]:
        """Keys that begin with `prefix` and sort after `after`, in order of their bytes."""
        ...

    async def remove(self, key: str) -> None:
        """Remove an object; fine when there is none. LockedError while it is locked."""
        ...


@dataclass(frozen=True, slots=True)
class PutGrant:
    """A right to PUT exactly one body once: where, and with which headers (which it is signed over)."""

    url: str
    headers: dict[str, str]


class EvidenceStore(ObjectStore, Protocol):
    """An `ObjectStore` that takes uploads of others, reads parts, and protects what must not vanish too early.

    Protection is GOVERNANCE retention and legal hold, so that lawful erasure stays possible: `erase` overrides retention, never
    a hold.
    """

    def grant(self, key: str, size: int, sha256: bytes, media_type: str, seconds: int) -> PutGrant | None:
        """A presigned PUT bound to length and checksum; None where the service takes the upload itself (`receive`)."""
        ...

    async def receive(self, key: str, chunks: AsyncIterator[bytes], size: int, sha256: bytes) -> None:
        """Store an upload whole: what is longer, shorter or another hash leaves nothing behind.

        Raises:
            BadInputError: it is not what was announced.
            ConflictError: something is stored there already.
        """
        ...

    async def digest(self, key: str) -> tuple[int, bytes]:
        """(size, sha256) of what is really stored; NoSuchObjectError."""
        ...

    async def read(self, key: str, start: int, end: int) -> bytes:
        """Bytes `start` to `end`, exclusive, as far as there are any; NoSuchObjectError."""
        ...

    async def protect(self, key: str, until: datetime | None, *, hold: bool) -> None:
        """Set retention (never shortened) and the legal hold; NoSuchObjectError."""
        ...

    async def erase(self, key: str) -> None:
        """Remove every version, before its date too; fine when there is none. LockedError under a legal hold."""
        ...


def check_key(key: str) -> str:
    """`key`, if every store can hold it: words of letters, digits and `._=-`, between slashes. BadInputError otherwise."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise BadInputError("An object's key is made of letters, digits and ._=- between slashes.")
    return key
