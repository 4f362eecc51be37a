"""No credential of a URL reaches a log."""

import json
import logging
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.logs import configure, logger, redact


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rtsp://a:b@host/x", "rtsp://***@host/x"),
        ("rtsp://a:p@ss@host:554/x", "rtsp://***@host:554/x"),
        ("first rtsp://a:b@h/x then redis://u:v@i/0", "first rtsp://***@h/x then redis://***@i/0"),
        ("'postgresql://u:v@/d?host=/run'", "'postgresql://***@/d?host=/run'"),
        ("http://host/page?mail=a@b", "http://host/page?mail=a@b"),
    ],
)
def test_credentials_are_left_out_and_the_rest_stays(text: str, shown: str) -> None:
    assert redact(text) == shown


@given(st.text(st.characters(codec="ascii", categories=("L", "N"), include_characters="@:!$&*()"), min_size=6))
def test_no_password_shows(password: str) -> None:
    assert f"secret{password}" not in redact(f"cannot open rtsp://admin:secret{password}@10.0.0.1:554/stream1: refused")


def test_nothing_inside_of_what_is_logged_shows_a_credential(capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    try:
        configure("test", as_json=True)
        held = {
            "url": "rtsp://admin:hunter2@h/x",
            "password": "hunter2",
            "more": [{"api_key": "hunter2"}, ("rtsp://a:hunter2@h",)],
            "keyed": {"rtsp://a:hunter2@h": b"rtsp://a:hunter2@h", 7: SimpleNamespace(url="rtsp://a:hunter2@h")},
        }
        logger("nested").warning(
            "a camera is wrong", camera=held, deep=[[[[["hunter2"]]]]], error=ValueError("rtsp://a:hunter2@h")
        )
        said = capsys.readouterr().err
    finally:
        root.handlers, root.level = handlers, level
    assert "hunter2" not in said
    assert json.loads(said)["camera"]["url"] == "rtsp://***@h/x"
    assert "\n" not in said.strip()  # one line an entry, whatever is in it
