"""Credentials never reach a log."""

import pytest

from app.kit.logs import redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://user:secret@host/x", "rtsp://***@host/x"),
        ("cannot open 'RTSPS://user:secret@host:554/a@b'", "cannot open 'RTSPS://***@host:554/a@b'"),
        ("rtsp://user:se@cr@et@host/x", "rtsp://***@host/x"),
        ("rtsp://user@host/x and postgresql://a:b@c/d", "rtsp://***@host/x and postgresql://***@c/d"),
        ("rtsp://host/x mail@host", "rtsp://host/x mail@host"),
    ],
)
def test_a_url_loses_everything_before_its_host(text: str, shown: str) -> None:
    assert redact(text) == shown
