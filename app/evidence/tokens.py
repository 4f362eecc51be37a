"""Upload tokens: a right to PUT one body, bound by HMAC to the server's key, its size, its hash and an end. Pure."""

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import datetime

from app.kit.clock import from_us, to_us
from app.kit.errors import ForbiddenError

LONGEST = 1500
SPENT = "This upload link is over, or was changed; ask for a new one."


@dataclass(frozen=True, slots=True)
class UploadToken:
    """What may be stored where, until when."""

    key: str
    size: int
    sha256: bytes
    expires_at: datetime


def upload_secret(secret: str) -> bytes:
    """The key that signs upload tokens, from the service's own secret: every replica has the same."""
    return hmac.digest(secret.encode(), b"pennyprotect upload tokens", "sha256")


def sign_upload(secret: bytes, token: UploadToken) -> str:
    """The text that goes into the address."""
    body = _text(json.dumps([token.key, token.size, token.sha256.hex(), to_us(token.expires_at)]).encode())
    return f"{body}.{_text(hmac.digest(secret, body.encode(), 'sha256'))}"


def read_upload(secret: bytes, text: str, now: datetime) -> UploadToken:
    """What the token allows at `now`.

    Raises:
        ForbiddenError: it is none of ours, was changed, or is over.
    """
    body, _, signature = text.partition(".")
    try:
        if len(text) > LONGEST or not hmac.compare_digest(_bytes(signature), hmac.digest(secret, body.encode(), "sha256")):
            raise ForbiddenError(SPENT)
        key, size, sha256, expires_us = json.loads(_bytes(body))
        token = UploadToken(str(key), int(size), bytes.fromhex(sha256), from_us(int(expires_us)))
    except (ValueError, binascii.Error, UnicodeError) as error:
        raise ForbiddenError(SPENT) from error
    if now >= token.expires_at:
        raise ForbiddenError(SPENT)
    return token


def link_secret() -> str:
    """256 random bits for an export's link."""
    import secrets

    return secrets.token_urlsafe(32)


def link_digest(text: str) -> bytes:
    """What the database keeps of a link."""
    return hashlib.sha256(text.encode()).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
