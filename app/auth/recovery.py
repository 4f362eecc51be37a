"""Recovery codes: ten of 120 bits, shown once, each good for one log-in when the phone is gone."""

import base64
import hashlib
import secrets

CODES = 10
CODE_BYTES = 15
"""From 112 bits on a plain hash keeps them (OWASP ASVS 5.0, 6.5.2)."""
OLDER_CODE_BYTES = 10
"""Of codes made before; they count until they are used or made anew."""
GROUP = 4


def new_codes() -> list[str]:
    """Ten fresh codes as they are shown: six groups of four, `abcd-efgh-...`."""
    return [_grouped(base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()) for _ in range(CODES)]


def looks_like_recovery_code(text: str) -> bool:
    """Whether this is written like a recovery code rather than like six digits."""
    return len(_bare(text)) in (CODE_BYTES * 8 // 5, OLDER_CODE_BYTES * 8 // 5)


def code_hash(code: str) -> bytes:
    """What is stored. The codes are random, so a plain sha256 does not help a thief. Case, spaces and hyphens do not matter."""
    return hashlib.sha256(_bare(code).encode()).digest()


def _bare(text: str) -> str:
    return "".join(text.split()).replace("-", "").lower()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))
