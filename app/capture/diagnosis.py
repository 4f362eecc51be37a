"""What an exception out of FFmpeg means, and a question to the network where FFmpeg does not say."""

import socket
from typing import Final

import av

from app.capture.failures import Failure, FailureKind, failure, of_error
from app.capture.source import Source
from app.kit.errors import BadInputError

_FFMPEG: Final = (
    (av.HTTPUnauthorizedError | av.HTTPForbiddenError, FailureKind.UNAUTHORIZED),
    (av.HTTPNotFoundError, FailureKind.NOT_FOUND),
    (av.DecoderNotFoundError | av.PatchWelcomeError, FailureKind.CODEC),
    (av.InvalidDataError | av.HTTPError | av.DemuxerNotFoundError | av.ProtocolNotFoundError, FailureKind.NOT_A_STREAM),
    (av.ExitError, FailureKind.TIMEOUT),
)
_VAGUE: Final = frozenset({FailureKind.OTHER, FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.NOT_A_STREAM})


def classify(error: BaseException, source: Source) -> Failure:
    """What an exception out of the reader means, by its type and errno alone."""
    for kinds, kind in _FFMPEG:
        if isinstance(error, kinds):
            return failure(kind, source, type(error).__name__)
    return of_error(error, source)


def diagnose(error: BaseException, source: Source, timeout_s: float = 3.0) -> Failure:
    """Like `classify`, and where FFmpeg only says "input/output error" ask the network itself (blocking, once).

    FFmpeg reports a name that does not resolve and a dead host alike; a plain connection tells them apart.
    """
    found = classify(error, source)
    if source.is_file or found.kind not in _VAGUE:
        return found
    try:
        pinned = source.admitted().pinned
        host = source.host if pinned is None else str(pinned.address)
        with socket.create_connection((host, source.port), timeout=timeout_s):
            return found
    except (OSError, BadInputError) as reason:
        return classify(reason, source)
