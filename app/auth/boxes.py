"""What keeps a secret at rest. Who holds the keys, and how they rotate, is the implementation's affair."""

import uuid
from typing import Protocol


class SecretBox(Protocol):
    """Seals text so that only this installation opens it, and only for the row it was sealed for."""

    def seal(self, owner: uuid.UUID, secret: str, /) -> bytes:
        """The sealed bytes, bound to `owner`."""

    def open(self, owner: uuid.UUID, sealed: bytes, /) -> str:
        """The text; UnavailableError when the key is another one or the bytes were moved or changed."""
