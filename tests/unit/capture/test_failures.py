"""Sentences for people, and never a password in them."""

import errno
import socket

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.capture.diagnosis import classify
from app.capture.failures import FailureKind, failure
from app.capture.source import NOWHERE, parse_source
from app.kit.logs import redact

RTSP = parse_source("rtsp://cam.example/x")
FILE = parse_source("/films/shop.mp4")
assert RTSP is not None
assert FILE is not None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (av.HTTPUnauthorizedError(1, ""), FailureKind.UNAUTHORIZED),
        (av.HTTPForbiddenError(1, ""), FailureKind.UNAUTHORIZED),
        (av.HTTPNotFoundError(1, ""), FailureKind.NOT_FOUND),
        (av.InvalidDataError(1, ""), FailureKind.NOT_A_STREAM),
        (av.DecoderNotFoundError(1, ""), FailureKind.CODEC),
        (socket.gaierror(-2, ""), FailureKind.NO_SUCH_HOST),
        (ConnectionRefusedError(), FailureKind.REFUSED),
        (ConnectionResetError(), FailureKind.ENDED),
        (TimeoutError(), FailureKind.TIMEOUT),
        (av.ExitError(1, ""), FailureKind.TIMEOUT),
        (OSError(errno.EHOSTUNREACH, ""), FailureKind.UNREACHABLE),
        (EOFError(), FailureKind.ENDED),
        (RuntimeError("rtsp://u:p@h"), FailureKind.OTHER),
    ],
)
def test_errors_of_a_stream(error: BaseException, kind: FailureKind) -> None:
    assert RTSP is not None
    assert classify(error, RTSP).kind is kind


def test_errors_of_a_file() -> None:
    assert FILE is not None
    found = classify(FileNotFoundError(2, "no", "/films/shop.mp4"), FILE)
    assert found.kind is FailureKind.NO_FILE
    assert found.sentence == "The file shop.mp4 cannot be read; check that it exists and may be read."


@pytest.mark.parametrize("kind", FailureKind)
def test_every_kind_has_one_sentence(kind: FailureKind) -> None:
    sentence = failure(kind, NOWHERE, "Cause").sentence
    assert sentence.endswith((".", ").")) or "." in sentence
    assert "{" not in sentence


SECRETS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12).map(lambda t: "zQ" + t)
SCHEMES = st.sampled_from(["rtsp", "rtsps", "http", "https", "RTSP", "ftp", "rtmp", ""])


@given(SCHEMES, SECRETS, SECRETS, st.sampled_from(["cam.example", "10.0.0.7", "[::1]", "[::1", ""]), SECRETS)
def test_no_credential_in_any_sentence(scheme: str, user: str, password: str, host: str, query: str) -> None:
    url = f"{scheme}://{user}:{password}@{host}:554/live?password={query}"
    source = parse_source(url)
    said = ""
    if source is not None:
        said = repr(source) + "".join(
            classify(error, source).sentence
            for error in (OSError(5, url), RuntimeError(url), av.InvalidDataError(1, url, url), TimeoutError(url))
        )
        said += "".join(failure(kind, source).sentence for kind in FailureKind)
    # An unescaped @, / or ? in a password cuts the host elsewhere, as it does for the camera; then the address is
    # wrong, and what stands for the host is shown. Escaped or plain passwords never are.
    if not set(user + password) & set("@/?#[]\\"):
        for secret in (user, password):
            assert secret not in said
    assert query not in said or set(user + password) & set("@/?#[]\\")


def test_a_password_with_a_slash_or_at_sign_is_not_shown() -> None:
    for password in ("p@ss-zQ1", "pa/ss-zQ1", "p?ss-zQ1", "p#ss-zQ1"):
        source = parse_source(f"rtsp://admin:{password}@cam.example:554/live")
        sentence = failure(FailureKind.NO_SUCH_HOST, source or NOWHERE).sentence + repr(source)
        assert "zQ1" not in sentence
        assert "zQ1" not in redact(sentence)


def test_a_camera_that_wants_a_password_is_told_apart_from_one_that_refuses_it() -> None:
    named = parse_source("rtsp://someone:secret@cam.example/x")
    assert RTSP is not None
    assert named is not None
    assert "asks for a user name" in failure(FailureKind.UNAUTHORIZED, RTSP).sentence
    assert "refuses this user name" in failure(FailureKind.UNAUTHORIZED, named).sentence
