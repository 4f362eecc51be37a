"""The relay does to a connection what it is told."""

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.faults import Kind
from tests.chaos.line import Line
from tests.e2e.product import Product


@pytest.fixture
def line() -> Iterator[Line]:
    """To a server that says everything back."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    there, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=echo, args=(there,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        with Line(server.getsockname()[1]).relaying() as relaying:
            yield relaying


def echo(there: socket.socket) -> None:
    with there:
        try:
            while heard := there.recv(100):
                there.sendall(heard)
        except OSError:
            return


def reached(ask: Callable[[], bytes]) -> bytes:
    """What came; nothing when the connection was reset."""
    try:
        return ask()
    except ConnectionError:
        return b""


def test_what_is_said_comes_through_until_the_line_fails_and_again_once_it_is_mended(line: Line) -> None:
    def says(timeout_s: float) -> bytes:
        with socket.create_connection(("127.0.0.1", line.port), timeout=timeout_s) as here:
            here.sendall(b"hello")
            return here.recv(100)

    assert says(30) == b"hello"
    line.fail(Kind.SLOW)
    assert says(30) == b"hello"
    line.fail(Kind.HOLE)
    with pytest.raises(TimeoutError):
        says(1)
    line.fail(Kind.CUT)
    assert reached(lambda: says(30)) != b"hello"
    line.fail(None)
    assert says(30) == b"hello"


def test_a_line_that_is_cut_takes_along_who_is_on_it(line: Line) -> None:
    with socket.create_connection(("127.0.0.1", line.port), timeout=30) as here:
        here.sendall(b"hello")
        assert here.recv(100) == b"hello"
        line.fail(Kind.CUT)
        assert reached(lambda: here.recv(100)) == b""


def test_half_an_answer_is_none() -> None:
    """A service that is killed while it sends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def send_half() -> None:
            with listener.accept()[0] as caller:
                caller.recv(65_536)
                caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

        service = threading.Thread(target=send_half)
        service.start()
        status, _ = Product(Path("nowhere"), listener.getsockname()[1]).call("/api/v1/alerts")
        service.join(20)
    assert status == 0
