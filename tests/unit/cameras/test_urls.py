"""Camera addresses and their credentials."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cameras.urls import check_camera_url, join_credentials, split_credentials
from app.kit.egress import EgressPolicy
from app.kit.errors import BadInputError


@given(st.text(min_size=1).filter(lambda s: ":" not in s), st.text())
def test_credentials_survive_splitting_and_joining(user: str, password: str) -> None:
    url = join_credentials("rtsp://camera:554/stream?x=1", f"{user}:{password}")
    assert split_credentials(url) == ("rtsp://camera:554/stream?x=1", f"{user}:{password}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "file:///etc/passwd",
        "/etc/passwd",
        "ftp://camera/x",
        "rtsp://",
        "rtsp://h:99999/x",
        "rtsp://h/a b",
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/x",
        "http://[::ffff:169.254.169.254]/x",
        "http://0.0.0.0/x",
        "rtsp://224.0.0.1/x",
        "concat:rtsp://h/x",
    ],
)
def test_what_is_no_network_camera_is_refused(url: str) -> None:
    with pytest.raises(BadInputError):
        check_camera_url(url, EgressPolicy())


@pytest.mark.parametrize(
    "url", ["rtsp://u:pa#ss@10.0.0.1/x", "rtsp://10.0.0.1/x#1", "rtsp://u:100%@10.0.0.1/x", "rtsp://10.0.0.1/%zz"]
)
def test_what_programs_read_differently_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(BadInputError, match=r"# is written %23 and % is written %25"):
        check_camera_url(url, EgressPolicy())
    assert check_camera_url("rtsp://u:100%25%23@10.0.0.1/x", EgressPolicy())


def test_a_refusal_does_not_repeat_the_address() -> None:
    with pytest.raises(BadInputError) as caught:
        check_camera_url("ftp://admin:hunter2@camera/x", EgressPolicy())
    assert "hunter2" not in caught.value.detail


def test_usual_addresses_are_taken() -> None:
    assert check_camera_url(" rtsp://u:p@192.168.1.20:554/s1 ", EgressPolicy()) == "rtsp://u:p@192.168.1.20:554/s1"
    assert check_camera_url("https://camera.example/live.ts", EgressPolicy())
