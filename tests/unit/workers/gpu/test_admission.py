"""Addresses of the GPU worker's cameras pass the same gate as the CPU worker's, before anything connects. Real sockets."""

import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from app.kit.egress import parse_policy
from app.kit.gate import Gate
from app.workers.gpu.admission import admitted
from app.workers.gpu.graph import NotAdmitted
from app.workers.gpu.opening import patience_s
from app.workers.gpu.pipeline import START_S
from tests.integration.capture.name_server import RebindingNames

POLICY = parse_policy("private 127.0.0.0/8")


def refusal(gate: Gate, address: str) -> str:
    with pytest.raises(NotAdmitted) as caught:
        admitted(gate, address)
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
    said = refusal(Gate(POLICY, names), address)
    assert words in said
    assert "s3cret" not in said


def test_what_is_opened_is_the_address_that_was_judged() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        names = RebindingNames({"camera.example": [["127.0.0.1"], ["169.254.169.254"]]})
        answering = threading.Thread(target=_answer, args=(server, b"RTSP/1.0 200 OK\r\n\r\n"), daemon=True)
        answering.start()
        assert (
            admitted(Gate(POLICY, names), f"rtsp://u:p%40@camera.example:{port}/a?b=1") == f"rtsp://u:p%40@127.0.0.1:{port}/a?b=1"
        )
        answering.join(10)
    assert names.asked == ["camera.example"]


def test_a_camera_that_sends_readers_elsewhere_is_not_followed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        moved = b"RTSP/1.0 302 Found\r\nLocation: rtsp://169.254.169.254/x\r\n\r\n"
        threading.Thread(target=_answer, args=(server, moved), daemon=True).start()
        said = refusal(Gate(POLICY), f"rtsp://u:s3cret@127.0.0.1:{server.getsockname()[1]}/x")
    assert "another address, which is not followed" in said
    assert "s3cret" not in said


def test_the_image_needs_no_pyav() -> None:
    code = "import sys; sys.modules['av'] = None; import app.workers.gpu.building, app.workers.gpu.worker"
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[4], check=True, timeout=60)


def test_a_file_is_the_operators_own() -> None:
    assert admitted(Gate(POLICY), "file:///srv/store.mp4") == "file:///srv/store.mp4"


def _answer(server: socket.socket, answer: bytes) -> None:
    with suppress(OSError):
        connection, _ = server.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answer)


def test_many_sources_that_open_at_once_are_given_the_time_that_their_decoders_take() -> None:
    assert patience_s(START_S, 1) < 16
    assert patience_s(START_S, 170) > START_S + 20, "170 decoders took 20 s on an H100; a connection may take the rest"
