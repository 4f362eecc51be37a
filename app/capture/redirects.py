"""RTSP redirects: FFmpeg follows them without asking, so a camera is asked first, at its pinned address.

A camera that lies here and redirects FFmpeg a moment later is not noticed; network rules bound that (docs/security.md).
"""

import contextlib
import re
import socket
import ssl
from typing import Final

from app.capture.failures import CaptureError, FailureKind, failure
from app.capture.source import Source

PATIENCE_S: Final = 2.0
LONGEST_ANSWER: Final = 4096
_MOVED: Final = re.compile(rb"RTSP/[0-9.]+ 3[0-9][0-9]\b")


def refuse_redirect(source: Source) -> None:
    """CaptureError where an RTSP camera answers DESCRIBE with another address (blocking). The rest is FFmpeg's to tell."""
    pinned = source.pinned
    if pinned is None or pinned.scheme not in ("rtsp", "rtsps"):
        return
    answer = b""
    with contextlib.suppress(OSError):
        answer = _describe(source, str(pinned.address), pinned.port, secure=pinned.scheme == "rtsps")
    if _MOVED.match(answer):
        raise CaptureError(failure(FailureKind.REDIRECT, source))


def _describe(source: Source, address: str, port: int, *, secure: bool) -> bytes:
    bare = source.url.rpartition("@")[2] if source.names_a_user else source.url.partition("://")[2]
    scheme = source.url.partition("://")[0]
    ask = f"DESCRIBE {scheme}://{bare} RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n"
    with socket.create_connection((address, port), timeout=PATIENCE_S) as plain, _wrapped(plain, secure) as connection:
        connection.sendall(ask.encode())
        return connection.recv(LONGEST_ANSWER)


def _wrapped(plain: socket.socket, secure: bool) -> socket.socket:
    if not secure:
        return plain
    context = ssl.create_default_context()
    context.check_hostname = False  # as FFmpeg does: cameras sign their certificates themselves
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(plain)
