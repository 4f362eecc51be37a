"""Signatures of webhooks, as https://www.standardwebhooks.com specifies them, so that receivers have a library for it. Pure."""

import base64
import hashlib
import hmac
import secrets

PREFIX = "whsec_"
SECRET_BYTES = 32
TOLERANCE_S = 300
"""How old a message may be that a receiver accepts, as the specification advises."""


def make_secret() -> str:
    """A new secret, in the form that receivers configure."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over `id.timestamp.body`; the timestamp in seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def verified(secret: str, message_id: str, timestamp: int, body: bytes, given: str, now_s: float) -> bool:
    """What a receiver does: whether one of the given signatures is right and the message is not old."""
    wanted = signature(secret, message_id, timestamp, body)
    fresh = abs(now_s - timestamp) <= TOLERANCE_S
    return fresh and any(hmac.compare_digest(each, wanted) for each in given.split())
