"""Why a camera cannot be read, as one sentence for a person, without credentials, path or query of its URL."""

import enum
import errno
import socket
from dataclasses import dataclass
from typing import Final

from app.capture.source import Source
from app.kit.errors import BadInputError
from app.kit.gate import EgressRefusedError


class FailureKind(enum.StrEnum):
    """What went wrong; label of a metric and key of the sentence."""

    BAD_ADDRESS = "bad_address"
    NO_SUCH_HOST = "no_such_host"
    UNREACHABLE = "unreachable"
    REFUSED = "refused"
    UNAUTHORIZED = "unauthorized"
    NOT_FOUND = "not_found"
    NO_VIDEO = "no_video"
    CODEC = "codec"
    NOT_A_STREAM = "not_a_stream"
    NO_FILE = "no_file"
    TIMEOUT = "timeout"
    FROZEN = "frozen"
    NO_PICTURE = "no_picture"
    ENDED = "ended"
    FORBIDDEN_PLACE = "forbidden_place"
    REDIRECT = "redirect"
    OTHER = "other"


ANSWERED_NO: Final = frozenset(
    {
        FailureKind.BAD_ADDRESS,
        FailureKind.UNAUTHORIZED,
        FailureKind.NOT_FOUND,
        FailureKind.NO_VIDEO,
        FailureKind.CODEC,
        FailureKind.NOT_A_STREAM,
        FailureKind.FORBIDDEN_PLACE,
        FailureKind.REDIRECT,
    }
)
"""Kinds where the camera answered and said no: asking again soon will not help, and hammering a 401 locks accounts."""

_SENTENCES: Final = {
    FailureKind.BAD_ADDRESS: "This is no camera address; use rtsp://user:password@host:554/path or a file's path.",
    FailureKind.NO_SUCH_HOST: "The name {host} cannot be found; check the address or use the camera's IP number.",
    FailureKind.UNREACHABLE: "{place} cannot be reached from here; check the network, the VLAN and the camera's power.",
    FailureKind.REFUSED: "{host} refuses connections on port {port}; check the port and that RTSP is switched on.",
    FailureKind.UNAUTHORIZED: "{place} refuses this user name and password; check them in the camera's own settings.",
    FailureKind.NOT_FOUND: "{place} has no stream at this path; check the path in the camera's manual.",
    FailureKind.NO_VIDEO: "{place} offers no video, only other media; choose another stream of this camera.",
    FailureKind.CODEC: "{place} sends a video codec that cannot be decoded here; set the camera to H.264 or H.265.",
    FailureKind.NOT_A_STREAM: "{place} answers, but not as a video source; check protocol, port and path.",
    FailureKind.NO_FILE: "The file {place} cannot be read; check that it exists and may be read.",
    FailureKind.TIMEOUT: "{place} did not answer in time; check the address and that the camera is on.",
    FailureKind.FROZEN: "{place} stopped sending pictures; the connection is made again.",
    FailureKind.NO_PICTURE: "{place} sends nothing that gives a whole picture; check network loss and its codec.",
    FailureKind.ENDED: "{place} ended the stream; the connection is made again.",
    FailureKind.FORBIDDEN_PLACE: "{place} may not be reached from here; choose an address of the camera network.",
    FailureKind.REDIRECT: "{place} sends readers on to another address, which is not followed; enter that address itself.",
    FailureKind.OTHER: "{place} could not be read ({cause}).",
}

_HOST_ERRNOS: Final = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.ENETDOWN, errno.EADDRNOTAVAIL})


@dataclass(frozen=True, slots=True)
class Failure:
    """A classified failure; `sentence` is safe to log, store and show."""

    kind: FailureKind
    sentence: str

    @property
    def answered_no(self) -> bool:
        """Whether the camera answered and said no."""
        return self.kind in ANSWERED_NO


class CaptureError(Exception):
    """Raised inside a reader with a failure that is already classified."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


def failure(kind: FailureKind, source: Source, cause: str = "") -> Failure:
    """The failure of this kind at this source. `cause` must not come from an exception's text: those quote the URL."""
    sentence = _SENTENCES[kind]
    if kind is FailureKind.UNAUTHORIZED and not source.names_a_user:
        sentence = "{place} asks for a user name and password; put them into the address: rtsp://user:password@host/path."
    if kind is FailureKind.NOT_A_STREAM and source.is_file:
        sentence = "The file {place} holds no video that can be read; play it on a computer to see whether it is whole."
    return Failure(kind, sentence.format(place=source.place, host=source.host, port=source.port, cause=cause))


def of_error(error: BaseException, source: Source) -> Failure:
    """What an exception means that is not FFmpeg's own (`app.capture.diagnosis` knows those too).

    Judges by type and errno only: messages quote the whole URL, password included.
    """
    if isinstance(error, CaptureError):
        return error.failure
    if isinstance(error, EgressRefusedError):
        return Failure(FailureKind.FORBIDDEN_PLACE, error.detail)
    return failure(_kind_of(error, source), source, type(error).__name__)


def _kind_of(error: BaseException, source: Source) -> FailureKind:
    if isinstance(error, BadInputError):  # the gate could make nothing of the address
        return FailureKind.BAD_ADDRESS
    if isinstance(error, socket.gaierror | UnicodeError):
        return FailureKind.NO_SUCH_HOST
    if isinstance(error, EOFError):
        return FailureKind.ENDED
    if source.is_file and isinstance(error, OSError):
        return FailureKind.NO_FILE
    if isinstance(error, TimeoutError):
        return FailureKind.TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return FailureKind.REFUSED
    if isinstance(error, OSError) and error.errno in _HOST_ERRNOS:
        return FailureKind.UNREACHABLE
    return FailureKind.ENDED if isinstance(error, ConnectionError) else FailureKind.OTHER
