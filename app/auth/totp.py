"""Time-based one-time passwords, RFC 6238: SHA-1, 30 s, 6 digits, which is what authenticator apps agree on."""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime
from urllib.parse import quote, urlencode

import segno

from app.kit.clock import to_us

STEP_S = 30
DIGITS = 6
SECRET_BYTES = 20
DRIFT_STEPS = 1
"""A phone's clock may be this many steps early or late (RFC 6238, 5.2)."""
ISSUER = "PennyProtect"


def new_secret() -> bytes:
    """A fresh secret of 160 bits, as long as the hash (RFC 4226, 4)."""
    return secrets.token_bytes(SECRET_BYTES)


def step_of(moment: datetime) -> int:
    """The number of the 30 s step a moment lies in."""
    return to_us(moment) // (STEP_S * 1_000_000)


def code_at(secret: bytes, step: int) -> str:
    """The six digits of one step (RFC 4226, 5.3)."""
    digest = hmac.new(secret, step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def matching_step(secret: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """The step whose code this is, within the drift and newer than `last_step`; None for a wrong or a used code."""
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        return None
    current = step_of(now)
    found = None
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        # Every step is compared, so that the time tells nothing.
        if hmac.compare_digest(code_at(secret, step), code) and step > last_step:
            found = step
    return found


def base32(secret: bytes) -> str:
    """The secret as a person types it into an app."""
    return base64.b32encode(secret).decode().rstrip("=")


def from_base32(text: str) -> bytes:
    """The secret of its text; ValueError for anything else."""
    try:
        return base64.b32decode(text + "=" * (-len(text) % 8))
    except binascii.Error as error:
        raise ValueError("not base32") from error


def key_uri(secret: bytes, username: str) -> str:
    """The `otpauth:` address that authenticator apps read (github.com/google/google-authenticator/wiki/Key-Uri-Format)."""
    label = quote(f"{ISSUER}:{username}", safe="")
    return f"otpauth://totp/{label}?{urlencode({'secret': base32(secret), 'issuer': ISSUER})}"


def qr_picture(uri: str) -> str:
    """The address as a QR code: an SVG in a `data:` URI, with the quiet zone that cameras need."""
    return str(segno.make(uri, error="m", micro=False).svg_data_uri(scale=6, border=4, dark="#000", light="#fff", omitsize=False))
