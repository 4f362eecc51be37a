"""Answers to a camera's 401: Basic, and Digest with MD5 (RFC 2617 and 7616), which is what FFmpeg and GStreamer answer too."""

import base64
import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

_PARAMETER = re.compile(r"""([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))""")


@dataclass(frozen=True, slots=True)
class Login:
    """A user of a camera."""

    user: str
    password: str = field(repr=False)

    def answer(self, challenges: Sequence[str], method: str, uri: str, cnonce: str | None = None) -> str:
        """The Authorization header's value for values of WWW-Authenticate, Digest before Basic; "" where it knows neither.

        Args:
            uri: as in the request's first line.
            cnonce: chosen when not given; for tests.
        """
        if not self.user.isprintable():  # it could end the header
            return ""
        for challenge in challenges:
            kind, _, rest = challenge.strip().partition(" ")
            said = {key.lower(): quoted or bare for key, quoted, bare in _PARAMETER.findall(rest)}
            if kind.lower() == "digest" and said.get("algorithm", "MD5").upper() == "MD5" and "nonce" in said:
                qops = [each.strip().lower() for each in said.get("qop", "").split(",")]
                if qops == [""] or "auth" in qops:
                    chosen = "" if qops == [""] else cnonce or secrets.token_hex(8)
                    return self._digest(said, method, uri, chosen)
        if any(challenge.strip().lower().partition(" ")[0] == "basic" for challenge in challenges):
            return "Basic " + base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return ""

    def _digest(self, said: dict[str, str], method: str, uri: str, cnonce: str) -> str:
        """By "auth" when a `cnonce` is given, else in the older way without."""
        realm, nonce = said.get("realm", ""), said["nonce"]
        secret, asked = _md5(f"{self.user}:{realm}:{self.password}"), _md5(f"{method}:{uri}")
        proof = _md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{asked}" if cnonce else f"{secret}:{nonce}:{asked}")
        parts = [f'username="{self.user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"', f'response="{proof}"']
        parts += ["algorithm=MD5"] if "algorithm" in said else []
        parts += [f'opaque="{said["opaque"]}"'] if "opaque" in said else []
        parts += ["qop=auth", "nc=00000001", f'cnonce="{cnonce}"'] if cnonce else []
        return "Digest " + ", ".join(parts)


def is_stale(challenges: Sequence[str]) -> bool:
    """Whether a 401 says that only the nonce was too old, so that nothing is wrong with the password."""
    return any(re.search(r"\bstale\s*=\s*\"?true\b", challenge, re.IGNORECASE) for challenge in challenges)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
