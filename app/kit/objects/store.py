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


def check_key(key: str) -> str:
    """`key`, if every store can hold it: words of letters, digits and `._=-`, between slashes. BadInputError otherwise."""
    if len(key) > LONGEST_KEY or not _KEY.fullmatch(key):
        raise BadInputError("An object's key is made of letters, digits and ._=- between slashes.")
    return key
