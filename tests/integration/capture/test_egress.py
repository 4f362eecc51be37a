"""Cameras that would lead somewhere else: names that change, redirects, playlists. Real sockets, real FFmpeg."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.capture.failures import CaptureError, FailureKind
from app.capture.probe import probe
from app.capture.redirects import refuse_redirect
from app.capture.source import parse_source
from app.kit.egress import parse_policy
from app.kit.errors import BadInputError
from app.kit.gate import Gate, Resolver, system_addresses
from tests.integration.capture.name_server import RebindingNames
from tests.integration.capture.rtsp_server import Behaviour, RtspServer, h264

UNITS = h264(320, 240)
HERE = parse_policy("private 127.0.0.0/8")


@contextmanager
def rtsp_server(behaviour: Behaviour) -> Iterator[RtspServer]:
    server = RtspServer(behaviour)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def listener(answer: bytes = b"", *, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """(port, what each connection said first); answers and hangs up."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                plain, _ = server.accept()
                with suppress(OSError), tls.wrap_socket(plain, server_side=True) if tls else plain as connection:
                    connection.settimeout(3)
                    heard.append(connection.recv(4096))
                    connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield server.getsockname()[1], heard
    finally:
        with suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)
        server.close()


@pytest.mark.parametrize("resolver", [system_addresses, RebindingNames({"localhost": [["127.0.0.1"]]})])
def test_resolvers_conform(resolver: Resolver) -> None:
    found = resolver("localhost")
    assert ipaddress.ip_address("127.0.0.1") in found
    assert [address.version for address in found] == sorted(address.version for address in found)
    with pytest.raises(OSError, match=r"[Nn]ame|host|known|resol"):
        resolver("no-such-host.invalid")


def test_a_name_that_changes_after_it_was_judged_is_connected_to_where_it_was_judged() -> None:
    names = RebindingNames({"camera.example": [["127.0.0.1"], ["169.254.169.254"]]})
    with rtsp_server(Behaviour(UNITS)) as server:
        seen = probe(f"rtsp://u:s3cret@camera.example:{server.port}/stream", 8.0, Gate(HERE, names))
    assert (seen.width, seen.height) == (320, 240)
    assert names.asked == ["camera.example"]


def test_a_name_that_means_a_forbidden_place_is_never_connected_to() -> None:
    with listener() as (port, heard):
        for answers, words in ((["127.0.0.1"], "loopback"), (["10.0.0.1", "169.254.169.254"], "metadata")):
            gate = Gate(parse_policy("private public"), RebindingNames({"camera.example": [answers]}))
            with pytest.raises(BadInputError, match=words) as caught:
                probe(f"http://u:s3cret@camera.example:{port}/x", 5.0, gate)
            assert "s3cret" not in caught.value.detail
            assert caught.value.extra["kind"] == "forbidden_place"
    assert heard == []


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"])
def test_http_redirects_are_not_followed(status: str) -> None:
    with listener(b"HTTP/1.0 200 OK\r\n\r\nsecret") as (inside, reached):
        answer = f"HTTP/1.0 {status}\r\nLocation: http://127.0.0.1:{inside}/latest\r\nContent-Length: 0\r\n\r\n".encode()
        with listener(answer) as (port, heard), pytest.raises(BadInputError) as caught:
            probe(f"http://u:s3cret@127.0.0.1:{port}/x", 5.0, Gate(HERE))
    assert heard[0].startswith(b"GET /x")
    assert reached == []
    assert "s3cret" not in caught.value.detail


def test_rtsp_redirects_are_not_followed() -> None:
    with listener() as (inside, reached):
        answer = f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://127.0.0.1:{inside}/x\r\n\r\n".encode()
        with listener(answer) as (port, heard), pytest.raises(BadInputError, match="another address") as caught:
            probe(f"rtsp://u:s3cret@127.0.0.1:{port}/x@y?a=1", 5.0, Gate(HERE))
    assert heard[0].startswith(f"OPTIONS rtsp://127.0.0.1:{port}/x@y?a=1 RTSP/1.0\r\n".encode())
    assert b"s3cret" not in heard[0]
    assert reached == []
    assert caught.value.extra["kind"] == "redirect"


@pytest.mark.parametrize("method", ["OPTIONS", "DESCRIBE"])
@pytest.mark.parametrize(("digest", "hangs_up"), [(False, False), (True, False), (True, True)])
def test_rtsp_redirects_behind_a_login_are_not_followed(method: str, digest: bool, hangs_up: bool) -> None:
    with rtsp_server(Behaviour(UNITS)) as inside:
        moved = {method: inside.url()}
        with rtsp_server(Behaviour(UNITS, login="u:s3 cret", digest=digest, hangs_up=hangs_up, moved=moved)) as server:
            source = parse_source(server.url("u:s3%20cret"), Gate(HERE))
            assert source is not None
            with pytest.raises(CaptureError, match="another address") as caught:
                refuse_redirect(source.admitted(), 20.0)
    assert (server.asked[-1], inside.asked) == (method, [])
    assert caught.value.failure.kind is FailureKind.REDIRECT


@pytest.mark.parametrize("digest", [False, True])
def test_a_wrong_password_is_tried_once_and_a_right_one_opens(digest: bool) -> None:
    with rtsp_server(Behaviour(UNITS, login="u:s3cret", digest=digest)) as server:
        with pytest.raises(BadInputError, match="user name and password") as caught:
            probe(server.url("u:other"), 20.0, Gate(HERE))
        assert (server.refused, caught.value.extra["kind"]) == (1, "unauthorized")
        assert probe(server.url("u:s3cret"), 20.0, Gate(HERE)).codec == "h264"  # FFmpeg's own Digest: the double conforms
        assert server.refused == 1


def test_playlists_that_name_other_places_are_not_played() -> None:
    with listener(b"HTTP/1.0 200 OK\r\n\r\nsecret") as (inside, reached):
        hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nhttp://127.0.0.1:{inside}/a.ts\n#EXT-X-ENDLIST\n"
        sdp = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nc=IN IP4 127.0.0.1\r\nm=video {inside} RTP/AVP 96\r\n"
        dash = (
            f'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>http://127.0.0.1:{inside}/</BaseURL></MPD>'
        )
        concat = f"ffconcat version 1.0\nfile http://127.0.0.1:{inside}/x.mp4\n"
        for body, kind in (
            (hls, "application/vnd.apple.mpegurl"),
            (sdp, "application/sdp"),
            (dash, "application/dash+xml"),
            (concat, "text/plain"),
        ):
            answer = f"HTTP/1.0 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
            with listener(answer) as (port, _), pytest.raises(BadInputError):
                probe(f"http://127.0.0.1:{port}/x", 5.0, Gate(HERE))
    assert reached == []


def test_the_camera_is_still_asked_by_its_name() -> None:
    gate = Gate(HERE, RebindingNames({"camera.example": [["127.0.0.1"]]}))
    with listener(b"HTTP/1.0 404 No\r\n\r\n") as (port, heard), pytest.raises(BadInputError, match="no stream at this path"):
        probe(f"http://u:s3cret@camera.example:{port}/x", 5.0, gate)
    assert f"\r\nHost: camera.example:{port}\r\n".encode() in heard[0]


def test_a_secure_camera_is_asked_by_its_name_at_its_pinned_address(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(tmp_path))
    gate = Gate(HERE, RebindingNames({"camera.example": [["127.0.0.1"]]}))
    with listener(b"HTTP/1.0 404 No\r\n\r\n", tls=context) as (port, heard), pytest.raises(BadInputError):
        probe(f"https://camera.example:{port}/x", 5.0, gate)
    assert f"\r\nHost: camera.example:{port}\r\n".encode() in heard[0]


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "camera.example")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file = folder / "camera.pem"
    file.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return file
