"""A small RTSP server that misbehaves on demand: interleaved TCP, H.264 (RFC 6184), Basic and Digest log-in, sender reports."""

import base64
import hashlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from typing import Any

import av
import numpy as np

FPS = 15
NONCE = "5a3c9f"
NTP_UNIX = 2_208_988_800


def h264(width: int, height: int, frames: int = 30, step: int = 8) -> list[bytes]:
    """Access units of a pattern that moves by `step` grey levels a frame (0: a still scene), Annex B, a keyframe every 15."""
    ramp = np.add.outer(np.arange(height), np.arange(width))
    return encoded(((ramp + number * step) % 256).astype(np.uint8) for number in range(frames))


def encoded(pictures: Iterable[np.ndarray[Any, Any]]) -> list[bytes]:
    """Access units of grey pictures (height, width) of one size, Annex B, a keyframe every 15."""
    left = iter(pictures)
    first = next(left)
    height, width = first.shape
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, FPS), Fraction(FPS)
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "x264-params": "keyint=15:scenecut=0:repeat-headers=1:annexb=1:threads=1",
    }
    units = []
    for number, grey in enumerate(chain([first], left)):
        pixels = np.repeat(grey[:, :, None], 3, axis=2)
        picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
        picture.pts = number
        units += [bytes(packet) for packet in encoder.encode(picture)]
    return units + [bytes(packet) for packet in encoder.encode(None)]


@dataclass
class Behaviour:
    """What the server does; may be changed while it runs.

    Attributes:
        login: "user:password" it wants, or "".
        digest: by Digest (RFC 2617, with qop) instead of Basic.
        hangs_up: after each refusal, as some cameras do.
        moved: method to the address that it answers it with, to those who are logged in.
        status: the answer to DESCRIBE.
        sdp_media: lines of the SDP's media section.
        frozen: send nothing more, keep the connection.
        mute: accept connections and never answer.
        lose: whether to lose the RTP packet of this running number.
        clock_offset_s: send RTCP sender reports with this machine's time plus so much; None: none.
    """

    units: list[bytes]
    login: str = ""
    digest: bool = False
    hangs_up: bool = False
    moved: dict[str, str] = field(default_factory=dict)
    status: int = 200
    sdp_media: str = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
    frozen: bool = False
    mute: bool = False
    lose: Callable[[int], bool] = lambda _number: False
    clock_offset_s: float | None = None
    connections: list[socket.socket] = field(default_factory=list)


class RtspServer:
    """One mount, any number of clients, one thread each.

    Attributes:
        asked: the methods, in order. `refused`: wrong log-ins.
    """

    def __init__(self, behaviour: Behaviour, port: int = 0) -> None:
        self.behaviour = behaviour
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port: int = self._listener.getsockname()[1]
        self._closed = threading.Event()
        self.asked: list[str] = []
        self.refused = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, login: str = "") -> str:
        """Address of the mount."""
        return f"rtsp://{login + '@' if login else ''}127.0.0.1:{self.port}/stream"

    def close(self) -> None:
        """Hang up on everybody and free the port."""
        self._closed.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.behaviour.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.behaviour.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):
            buffer = b""
            while received := connection.recv(4096):
                buffer += received
                while b"\r\n\r\n" in buffer and not self.behaviour.mute:
                    head, buffer = buffer.split(b"\r\n\r\n", 1)
                    if b"RTSP/1.0" in head:
                        self._answer(connection, head.decode("latin-1"))

    def _answer(self, connection: socket.socket, request: str) -> None:
        lines = request.split("\r\n")
        method = lines[0].split()[0].rsplit("$", 1)[-1]
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        status, extra, body = self._reply(method, headers)
        text = f"RTSP/1.0 {status}\r\nCSeq: {headers.get('cseq', '0')}\r\n{extra}"
        if body:
            text += f"Content-Type: application/sdp\r\nContent-Length: {len(body)}\r\n"
        connection.sendall(f"{text}\r\n{body}".encode())
        if status.startswith("401") and self.behaviour.hangs_up:
            connection.shutdown(socket.SHUT_RDWR)
        if method == "PLAY" and status.startswith("200"):
            threading.Thread(target=self._stream, args=(connection,), daemon=True).start()

    def _reply(self, method: str, headers: dict[str, str]) -> tuple[str, str, str]:
        self.asked.append(method)
        open_to_all = method == "OPTIONS" and method not in self.behaviour.moved
        if self.behaviour.login and not open_to_all and not self._knows(method, headers.get("authorization", "")):
            self.refused += "authorization" in headers
            kind = f'Digest realm="camera", nonce="{NONCE}", qop="auth"' if self.behaviour.digest else 'Basic realm="camera"'
            return "401 Unauthorized", f"WWW-Authenticate: {kind}\r\n", ""
        if method in self.behaviour.moved:
            return "302 Moved", f"Location: {self.behaviour.moved[method]}\r\n", ""
        if method == "OPTIONS":
            return "200 OK", "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN\r\n", ""
        if method == "DESCRIBE":
            if self.behaviour.status != 200:
                return f"{self.behaviour.status} No", "", ""
            sdp = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=test\r\nt=0 0\r\n" + self.behaviour.sdp_media
            return "200 OK", f"Content-Base: rtsp://127.0.0.1:{self.port}/stream/\r\n", sdp + "a=control:track1\r\n"
        if method == "SETUP":
            if "TCP" not in headers.get("transport", ""):
                return "461 Unsupported Transport", "", ""
            return "200 OK", "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\nSession: 1;timeout=60\r\n", ""
        return "200 OK", "Session: 1\r\n", ""

    def _knows(self, method: str, given: str) -> bool:
        user, _, password = self.behaviour.login.partition(":")
        if not self.behaviour.digest:
            return given == "Basic " + base64.b64encode(self.behaviour.login.encode()).decode()
        said = {key: quoted or bare for key, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,"]+))', given)}
        ones = [hashlib.md5(text.encode()).hexdigest() for text in (f"{user}:camera:{password}", f"{method}:{said.get('uri')}")]  # noqa: S324
        middle = f"{NONCE}:{said['nc']}:{said.get('cnonce')}:auth" if "nc" in said else NONCE  # GStreamer answers without qop
        return said.get("response") == hashlib.md5(f"{ones[0]}:{middle}:{ones[1]}".encode()).hexdigest()  # noqa: S324

    def _stream(self, connection: socket.socket) -> None:
        number, sequence, start = 0, 0, time.monotonic()
        with suppress(OSError):
            while not self._closed.is_set():
                if not self.behaviour.frozen:
                    units = self.behaviour.units
                    stamp = number * 90_000 // FPS
                    if self.behaviour.clock_offset_s is not None and number % FPS == 0:
                        _interleave(connection, 1, sender_report(time.time() + self.behaviour.clock_offset_s, stamp))
                    for packet in packetise(units[number % len(units)], stamp, sequence):
                        if not self.behaviour.lose(sequence):
                            _interleave(connection, 0, packet)
                        sequence += 1
                    number += 1
                time.sleep(max(0.0, start + number / FPS - time.monotonic()) if not self.behaviour.frozen else 0.05)


def _interleave(connection: socket.socket, channel: int, packet: bytes) -> None:
    connection.sendall(struct.pack("!cBH", b"$", channel, len(packet)) + packet)


def packetise(unit: bytes, stamp: int, sequence: int, limit: int = 1400) -> Iterator[bytes]:
    """RTP packets of an access unit (RFC 6184: single NAL units and FU-A)."""
    payloads: list[bytes] = []
    for nal in (part.rstrip(b"\0") for part in unit.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]):
        if len(nal) <= limit:
            payloads.append(nal)
            continue
        indicator, kind, rest = (nal[0] & 0xE0) | 28, nal[0] & 0x1F, nal[1:]
        pieces = [rest[i : i + limit] for i in range(0, len(rest), limit)]
        for index, piece in enumerate(pieces):
            edge = (0x80 if index == 0 else 0) | (0x40 if index == len(pieces) - 1 else 0)
            payloads.append(bytes([indicator, edge | kind]) + piece)
    for index, payload in enumerate(payloads):
        marker = 0x80 if index == len(payloads) - 1 else 0
        yield struct.pack("!BBHII", 0x80, marker | 96, (sequence + index) & 0xFFFF, stamp & 0xFFFFFFFF, 7) + payload


def sender_report(at_s: float, stamp: int) -> bytes:
    """RTCP SR that says: RTP time `stamp` was at `at_s` seconds since 1970."""
    seconds = int(at_s)
    fraction = int((at_s - seconds) * 2**32)
    return struct.pack("!BBHIIIIII", 0x80, 200, 6, 7, seconds + NTP_UNIX, fraction, stamp & 0xFFFFFFFF, 0, 0)


@contextmanager
def rtsp_server(behaviour: Behaviour, port: int = 0) -> Iterator[RtspServer]:
    """A running server."""
    server = RtspServer(behaviour, port)
    try:
        yield server
    finally:
        server.close()
