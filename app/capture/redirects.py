"""RTSP redirects: FFmpeg and GStreamer follow them without asking, so a camera is asked first, at its pinned address.

It is asked what they begin with, OPTIONS and DESCRIBE, and logged in to where it wants that. A redirect in answer to what comes
later (SETUP, PLAY), or of a camera that lies here, is not noticed; network rules bound that (docs/security.md).
"""

import contextlib
import re
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import unquote, urlsplit, urlunsplit

from app.capture.failures import CaptureError, FailureKind, failure
from app.capture.login import Login, is_stale
from app.capture.source import Source

PATIENCE_S: Final = 2.0
"""For each answer, and twice as long for all of them."""
LONGEST_ANSWER: Final = 65_536
ASKED: Final = ("OPTIONS", "DESCRIBE")
_STATUS: Final = re.compile(rb"RTSP/[0-9.]+ +([0-9]{3})\b")


def refuse_redirect(source: Source, patience_s: float = PATIENCE_S) -> None:
    """Ask an RTSP camera where it would send a reader (blocking). What it leaves unanswered is for the library to tell.

    Raises:
        CaptureError: it sends readers to another address, or it refuses the password, which is then not tried a second time.
    """
    pinned = source.pinned
    if pinned is None or pinned.scheme not in ("rtsp", "rtsps"):
        return
    with contextlib.suppress(OSError, ValueError), _Dialogue(source, patience_s) as camera:
        for method in ASKED:
            answer = camera.ask(method)
            if answer.status == 401 and (proof := camera.proof(method, answer)):
                answer = camera.ask(method, proof)
                if answer.status == 401 and not is_stale(answer.challenges):
                    raise CaptureError(failure(FailureKind.UNAUTHORIZED, source))
            if 300 <= answer.status < 400:
                raise CaptureError(failure(FailureKind.REDIRECT, source))


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    challenges: list[str] = field(default_factory=list)
    body: int = 0


class _Dialogue:
    """Questions to one camera over one connection, made again where the camera hangs up after an answer."""

    def __init__(self, source: Source, patience_s: float) -> None:
        assert source.pinned is not None  # noqa: S101 - for the type checker: the caller looked
        parts = urlsplit(source.url)
        self._uri = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        self._login = Login(unquote(parts.username or ""), unquote(parts.password or "")) if source.names_a_user else None
        self._place, self._secure = (str(source.pinned.address), source.pinned.port), source.pinned.scheme == "rtsps"
        self._patience_s, self._end = patience_s, time.monotonic() + 2 * patience_s
        self._connection: socket.socket | None = None
        self._ahead, self._owed, self._number = b"", 0, 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._connection is not None:
            self._connection.close()

    def proof(self, method: str, answer: _Answer) -> str:
        """What logs in where this answer asks for it; "" where nothing does."""
        return self._login.answer(answer.challenges, method, self._uri) if self._login else ""

    def ask(self, method: str, proof: str = "") -> _Answer:
        """OSError without an answer in time."""
        again = self._connection is not None
        try:
            return self._ask_once(method, proof)
        except ConnectionError:
            if not again:
                raise
            self.__exit__()
            self._connection = None
            return self._ask_once(method, proof)

    def _ask_once(self, method: str, proof: str) -> _Answer:
        if self._connection is None:
            self._connection, self._ahead, self._owed = self._connected(), b"", 0
        self._number += 1
        lines = [f"{method} {self._uri} RTSP/1.0", f"CSeq: {self._number}"]
        lines += ["Accept: application/sdp"] if method == "DESCRIBE" else []
        lines += [f"Authorization: {proof}"] if proof else []
        self._skip_body()
        self._connection.settimeout(self._left_s())
        self._connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        while b"\r\n\r\n" not in self._ahead and len(self._ahead) < LONGEST_ANSWER and self._more():
            pass
        head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
        if not head:
            raise ConnectionResetError
        answer = _parsed(head)
        self._owed = answer.body
        return answer

    def _skip_body(self) -> None:
        if self._owed > LONGEST_ANSWER:
            raise ValueError
        while len(self._ahead) < self._owed:
            if not self._more():
                raise ConnectionResetError
        self._ahead, self._owed = self._ahead[self._owed :], 0

    def _more(self) -> bool:
        """Whether more came in time; TimeoutError where nothing came at all."""
        assert self._connection is not None  # noqa: S101 - for the type checker: its caller connected
        self._connection.settimeout(self._left_s())
        try:
            came = self._connection.recv(4096)
        except TimeoutError:
            if self._ahead:
                return False
            raise
        self._ahead += came
        return bool(came)

    def _connected(self) -> socket.socket:
        plain = socket.create_connection(self._place, timeout=self._left_s())
        if not self._secure:
            return plain
        context = ssl.create_default_context()
        context.check_hostname = False  # as FFmpeg does: cameras sign their certificates themselves
        context.verify_mode = ssl.CERT_NONE
        try:
            return context.wrap_socket(plain)
        except BaseException:
            plain.close()
            raise

    def _left_s(self) -> float:
        left = min(self._patience_s, self._end - time.monotonic())
        if left <= 0:
            raise TimeoutError
        return left


def _parsed(head: bytes) -> _Answer:
    """Status 0 where it is no answer of RTSP."""
    status = _STATUS.match(head)
    headers = [
        (name.strip().lower(), value.strip())
        for name, _, value in (line.partition(":") for line in head.decode("latin-1").split("\r\n")[1:])
    ]
    length = next((value for name, value in headers if name == "content-length"), "")
    challenges = [value for name, value in headers if name == "www-authenticate"]
    return _Answer(int(status[1]) if status else 0, challenges, int(length) if length.isdigit() else 0)
