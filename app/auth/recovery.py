"""Recovery codes: ten of 80 bits, shown once, each good for one log-in when the phone is gone."""

import base64
import hashlib
import secrets

CODES = 10
CODE_BYTES = 10
GROUP = 4


def new_codes() -> list[str]:
    """Ten fresh codes as they are shown: `abcd-efgh-ijkl-mnop`."""
    return [_grouped(base64.b32encode(secrets.token_bytes(CODE_BYTES)).decode().lower()) for _ in range(CODES)]


def looks_like_recovery_code(text: str) -> bool:
    """Whether this is written like a recovery code rather than like six digits."""
    return len(_bare(text)) == CODE_BYTES * 8 // 5


def code_hash(code: str) -> bytes:
    """What is stored. The codes are random, so a plain sha256 does not help a thief. Case, spaces and hyphens do not matter."""
    return hashlib.sha256(_bare(code).encode()).digest()


def _bare(text: str) -> str:
    return "".join(text.split()).replace("-", "").lower()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))
