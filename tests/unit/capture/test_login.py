"""Answers to a camera's 401, by the examples of the standards."""

import pytest

from app.capture.login import Login, is_stale

MUFASA = Login("Mufasa", "Circle Of Life")
NONCE = "dcd98b7102dd2f0e8b11d0f600bfb0c093"


def test_digest_by_the_example_of_rfc_2617() -> None:
    challenge = (
        f'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="{NONCE}", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    said = MUFASA.answer(['Basic realm="x"', challenge], "GET", "/dir/index.html", cnonce="0a4f113b")
    assert 'response="6629fae49393a05397450978507c4ef1"' in said
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in said
    assert "qop=auth, nc=00000001" in said


def test_digest_without_qop_by_the_example_of_rfc_2069_as_corrected() -> None:
    challenge = f'Digest realm="testrealm@host.com",nonce="{NONCE}",opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    said = Login("Mufasa", "CircleOfLife").answer([challenge], "GET", "/dir/index.html")
    assert 'response="1949323746fe6a43ef61f9606e7febea"' in said
    assert "qop" not in said


@pytest.mark.parametrize(
    "challenges",
    [[], ["Negotiate"], ['Digest realm="x", nonce="n", algorithm=SHA-256'], ['Digest realm="x", nonce="n", qop="auth-int"']],
)
def test_what_it_cannot_answer_is_left_to_the_library(challenges: list[str]) -> None:
    assert MUFASA.answer(challenges, "DESCRIBE", "rtsp://c/") == ""


def test_basic_and_a_nonce_that_is_too_old() -> None:
    assert Login("Aladdin", "open sesame").answer(['Basic realm="W"'], "DESCRIBE", "/") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert is_stale([f'Digest realm="x", nonce="{NONCE}", stale=TRUE'])
    assert not is_stale([f'Digest realm="x", nonce="{NONCE}", stale=false'])
    assert "Circle" not in repr(MUFASA)
    assert Login("a\r\nX: y", "b").answer(['Basic realm="W"', 'Digest realm="x", nonce="n"'], "DESCRIBE", "/") == ""
