"""Camera passwords at rest: AES-256-GCM, bound to their camera, under a key that the database never sees."""

import base64
import binascii
import os
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.kit.errors import SetupError, UnavailableError

NONCE_BYTES = 12
KEY_BYTES = 32


class CredentialBox:
    """Encrypts and decrypts "user:password" of one camera at a time."""

    def __init__(self, key_base64: str) -> None:
        try:
            key = base64.b64decode(key_base64, validate=True)
        except (binascii.Error, ValueError) as error:
            raise SetupError("PENNYPROTECT_SECRET_KEY is not base64; make one with `openssl rand -base64 32`.") from error
        if len(key) != KEY_BYTES:
            raise SetupError("PENNYPROTECT_SECRET_KEY must be base64 of 32 bytes; make one with `openssl rand -base64 32`.")
        self._cipher = AESGCM(key)

    def seal(self, camera_id: uuid.UUID, credentials: str) -> bytes:
        """Nonce, then ciphertext."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, credentials.encode(), camera_id.bytes)

    def open(self, camera_id: uuid.UUID, sealed: bytes) -> str:
        """The "user:password"; UnavailableError when the key is another one or the bytes were moved or changed."""
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], camera_id.bytes).decode()
        except (InvalidTag, ValueError) as error:
            raise UnavailableError(
                "The stored password of a camera cannot be read with this PENNYPROTECT_SECRET_KEY; enter it again."
            ) from error
