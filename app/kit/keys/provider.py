"""What wraps data keys: a key ring in a file, or AWS KMS. One conformance suite holds for both."""

import base64
import binascii
import hashlib
from typing import Protocol

from app.kit.errors import SetupError, UnavailableError

KEY_BYTES = 32


class KeyLostError(UnavailableError):
    """A stored value's key is not there any more, or the value was moved or changed."""


class KeyProvider(Protocol):
    """Wraps data keys of 32 bytes, bound to a context. Methods may block."""

    def current(self) -> str:
        """Id of the key that wraps from now on."""
        ...

    def known(self) -> frozenset[str]:
        """Ids of every key that still unwraps."""
        ...

    def wrap(self, data_key: bytes, context: bytes) -> tuple[str, bytes]:
        """(id of the key that did it, wrapped bytes). UnavailableError when the provider does not answer."""
        ...

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key.

        Raises:
            KeyLostError: the key is gone, or the bytes belong to another context or were changed.
            UnavailableError: the provider does not answer.
        """
        ...


def key_id_of(key: bytes) -> str:
    """The id of a key: the same on every machine that holds it, and no help in finding it."""
    return "file-" + hashlib.sha256(b"pennyprotect key id\0" + key).hexdigest()[:16]


def read_key(text: str) -> bytes:
    """The 32 bytes of a base64 text; SetupError says how to make one."""
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise SetupError("PENNYPROTECT_SECRET_KEY is not base64; make one with `openssl rand -base64 32`.") from error
    if len(key) != KEY_BYTES:
        raise SetupError("PENNYPROTECT_SECRET_KEY must be base64 of 32 bytes; make one with `openssl rand -base64 32`.")
    return key
