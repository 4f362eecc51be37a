"""Addresses of the GPU worker's cameras pass the same gate as the CPU worker's, before anything connects. Real sockets."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.kit.egress import parse_policy
from app.kit.gate import Gate
from app.workers.gpu.admission import admitted
from app.workers.gpu.graph import NotAdmitted
from tests.integration.capture.name_server import RebindingNames
from tests.integration.capture.rtsp_server import Behaviour, rtsp_server

LONG_S = 20.0
"""Each answer's patience: the machine may be busy."""

POLICY = parse_policy("private 127.0.0.0/8")


def refusal(gate: Gate, address: str, *, answered_no: bool) -> str:
    with pytest.raises(NotAdmitted) as caught:
        admitted(gate, address, LONG_S)
    assert caught.value.answered_no is answered_no
    return str(caught.value)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("rtsp://u:s3cret@169.254.169.254/x", "metadata"),
        ("rtsp://u:s3cret@[::ffff:169.254.169.254]/x", "metadata"),
        ("rtsp://u:s3cret@8.8.8.8/x", "public address"),
        ("rtsp://u:s3cret@0x7f.1/x", "no camera address"),
        ("rtsp://u:s3cret@localhost/x", "name of this machine"),
        ("rtsp://u:s3cret@inside.example/x", "metadata"),
        ("rtsp://u:s3cret@nobody.example/x", "cannot be found"),
        ("http://u:s3cret@192.168.1.20/video.mjpg", "CPU workers"),
        ("gopher://u:s3cret@192.168.1.20/x", "no camera address"),
    ],
)
def test_what_may_not_be_opened_is_said_without_the_password(address: str, words: str) -> None:
    names = RebindingNames({"inside.example": [["10.0.0.5", "169.254.169.254"]]})
    said = refusal(Gate(POLICY, names), address, answered_no=words != "cannot be found")
    assert words in said
    assert "s3cret" not in said


@pytest.mark.parametrize("login", [{}, {"login": "u:p@"}, {"login": "u:p@", "digest": True}])
def test_what_is_opened_is_the_address_that_was_judged(login: dict[str, Any]) -> None:
    names = RebindingNames({"camera.example": [["127.0.0.1"], ["169.254.169.254"]]})
    with rtsp_server(Behaviour([], **login)) as server:
        asked = f"rtsp://u:p%40@camera.example:{server.port}/a?b=1"
        assert admitted(Gate(POLICY, names), asked, LONG_S) == f"rtsp://u:p%40@127.0.0.1:{server.port}/a?b=1"
    assert names.asked == ["camera.example"]
    assert (server.asked[-1], server.refused) == ("DESCRIBE", 0)


@pytest.mark.parametrize("login", [{}, {"login": "u:s3cret"}, {"login": "u:s3cret", "digest": True, "hangs_up": True}])
@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
def test_a_camera_that_sends_readers_elsewhere_is_not_followed(method: str, login: dict[str, Any]) -> None:
    with rtsp_server(Behaviour([], moved={method: "rtsp://169.254.169.254/x"}, **login)) as server:
        said = refusal(Gate(POLICY), server.url("u:s3cret"), answered_no=True)
    assert "another address, which is not followed" in said
    assert "s3cret" not in said


def test_a_wrong_password_is_tried_once_and_asked_again_slowly() -> None:
    with rtsp_server(Behaviour([], login="u:s3cret", digest=True)) as server:
        assert "user name and password" in refusal(Gate(POLICY), server.url("u:other"), answered_no=True)
    assert server.refused == 1


def test_the_image_needs_no_pyav() -> None:
    code = "import sys; sys.modules['av'] = None; import app.workers.gpu.building, app.workers.gpu.worker"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[3], check=True, timeout=60)


def test_a_file_is_the_operators_own() -> None:
    assert admitted(Gate(POLICY), "file:///srv/store.mp4") == "file:///srv/store.mp4"
