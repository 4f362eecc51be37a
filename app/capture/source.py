"""What a camera's address says: where it is, how to open it, and how to name it without its password."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from app.kit.egress import DEFAULT_PORTS
from app.kit.gate import Gate, Pinned

SCHEMES: Final = DEFAULT_PORTS
"""Schemes accepted, with their default ports. HTTP is for cameras that send MJPEG or MPEG-TS."""

OPEN_TIMEOUT_S: Final = 6.0
READ_TIMEOUT_S: Final = 8.0
"""FFmpeg's own time-outs: they end a thread that the watchdog has already given up on."""

_FAST_OPEN: Final = {"analyzeduration": "0", "probesize": "32768", "fflags": "nobuffer", "flags": "low_delay"}


_STREAM_FORMATS: Final = "mpjpeg,mjpeg,mpegts,h264,hevc,matroska,webm,mov,flv,avi,asf,mpeg,ogg,image2pipe,jpeg_pipe"
"""What an HTTP camera may send. Playlists (HLS, DASH, SDP) are not in it: they name further addresses that nobody would check."""


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed camera address. Its repr and `place` never show user, password, path or query.

    Attributes:
        url: as given, with credentials: only for the library that opens it.
        place: `host:port`, or the file's name.
        gate: what the address must pass before anything connects to it; None for tests and the operator's own tools.
        pinned: where the gate let it lead; `url` then holds that address instead of the name.
    """

    url: str = field(repr=False)
    host: str
    port: int
    place: str
    is_file: bool
    gate: Gate | None = field(default=None, repr=False, compare=False)
    pinned: Pinned | None = field(default=None, repr=False, compare=False)

    def admitted(self) -> "Source":
        """This source with the address pinned that its name means now (blocking).

        Raises:
            EgressRefusedError: the address is not allowed.
            OSError: the name has no address.
        """
        if self.gate is None or self.is_file:
            return self
        pinned = self.gate.admit(self.url)
        return dataclasses.replace(self, url=pinned.url, pinned=pinned)

    @property
    def names_a_user(self) -> bool:
        """Whether the address carries credentials."""
        return not self.is_file and "@" in urlsplit(self.url).netloc

    def options(self) -> dict[str, str]:
        """FFmpeg's options for a quick, low-latency open (a plain open analyses for 5-6 s first)."""
        if self.is_file:
            return {}
        options = dict(_FAST_OPEN)
        if self.url.lower().startswith("rtsp"):
            # Interleaved in TCP first, since it loses nothing; UDP where the server answers 461.
            options |= {"rtsp_transport": "tcp+udp", "rtsp_flags": "prefer_tcp"}
            options |= {"max_delay": "200000", "reorder_queue_size": "64", "buffer_size": "1048576"}
            options["allowed_media_types"] = "video"
            return options
        # A redirect or a playlist would lead where nobody looked.
        options |= {"max_redirects": "0", "format_whitelist": _STREAM_FORMATS, "protocol_whitelist": "http,https,tcp,tls"}
        if self.pinned is not None:
            # The Host header says the name; TLS says none, since FFmpeg sends no server name beside a bare address.
            options["headers"] = f"Host: {self.pinned.authority}\r\n"
        return options


NOWHERE: Final = Source("", "", 0, "the camera", is_file=False)
"""Stands for an address that names nothing."""


def parse_source(url: str, gate: Gate | None = None) -> Source | None:
    """The source an address names, or None when it is neither a supported URL nor a path."""
    text = url.strip()
    if "://" not in text:
        return _file(text)
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if parts.scheme == "file":
        return _file(parts.path)
    if parts.scheme not in SCHEMES or not host:
        return None
    port = port or SCHEMES[parts.scheme]
    shown = f"[{host}]" if ":" in host else host
    return Source(text, host, port, f"{shown}:{port}", is_file=False, gate=gate)


def _file(path: str) -> Source | None:
    if not path or "\0" in path:
        return None
    return Source(path, "", 0, Path(path).name, is_file=True)
