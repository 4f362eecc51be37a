"""A sealed value: which tenant and which version of its data key, then AES-256-GCM. Pure."""

import os
import struct
import uuid
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.kit.keys.provider import KeyLostError

MAGIC = b"PPk1"
_HEAD = struct.Struct(">4s16sI")
NONCE_BYTES = 12
LOST = "A stored secret cannot be read with the keys at hand; enter it again."


@dataclass(frozen=True, slots=True)
class KeyName:
    """A tenant's data key: of which chain, and its version from 1."""

    chain_id: uuid.UUID
    version: int


def key_of(sealed: bytes) -> KeyName | None:
    """The data key that sealed this; None for values from before data keys."""
    if len(sealed) < _HEAD.size + NONCE_BYTES or not sealed.startswith(MAGIC):
        return None
    _, chain, version = _HEAD.unpack_from(sealed)
    return KeyName(uuid.UUID(bytes=chain), version)


def seal(name: KeyName, data_key: bytes, plain: bytes, context: bytes) -> bytes:
    """Head, nonce, ciphertext; the head and the context are bound to it."""
    head = _HEAD.pack(MAGIC, name.chain_id.bytes, name.version)
    nonce = os.urandom(NONCE_BYTES)
    return head + nonce + AESGCM(data_key).encrypt(nonce, plain, head + context)


def unseal(data_key: bytes, sealed: bytes, context: bytes) -> bytes:
    """The plain bytes; KeyLostError when key, context or bytes are others."""
    head, nonce = sealed[: _HEAD.size], sealed[_HEAD.size : _HEAD.size + NONCE_BYTES]
    try:
        return AESGCM(data_key).decrypt(nonce, sealed[_HEAD.size + NONCE_BYTES :], head + context)
    except (InvalidTag, ValueError) as error:
        raise KeyLostError(LOST) from error


def unseal_first(key: bytes, sealed: bytes, context: bytes) -> bytes:
    """The plain bytes of a value from before data keys: nonce, then ciphertext, under PENNYPROTECT_SECRET_KEY itself."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context)
    except (InvalidTag, ValueError) as error:
        raise KeyLostError(LOST) from error
