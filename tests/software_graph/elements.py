"""The element factory, the only difference: funnel for nvstreammux, identity for inference and tracker, test pictures.

Addresses: `test://WIDTHxHEIGHT@FPS`, with `?pattern=N` videotestsrc's (2 is black), `?frames=N` an end of stream after N
frames, `?freeze=N` silence after N,
`?caps=N` another size after N. `recorded://FILE` sends an MP4's H.264 through RTP beside test pictures, `?nal` one
unit a buffer. Anything else goes to uridecodebin.
"""

import ctypes
import re
import time
import uuid
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

from app.workers.gpu.readers import guard_readers  # noqa: E402

TEST = re.compile(r"test://(\d+)x(\d+)@(\d+)")


class MapInfo(ctypes.Structure):
    """GstMapInfo."""

    _fields_ = (
        ("memory", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("data", ctypes.c_void_p),
        ("size", ctypes.c_size_t),
        ("maxsize", ctypes.c_size_t),
        ("reserved", ctypes.c_void_p * 8),
    )


def blacken(buffer: Any, rows: int, columns: int) -> None:
    """The upper left part of a picture of 32 grey pixels a row, in place: as a GPU's masker does, under the buffer's feet."""
    library, own = ctypes.CDLL("libgstreamer-1.0.so.0"), MapInfo()
    address = ctypes.c_void_p(hash(buffer))
    assert library.gst_buffer_map(address, ctypes.byref(own), 1)
    for row in range(rows):
        ctypes.memset(own.data + 32 * row, 0, columns)
    library.gst_buffer_unmap(address, ctypes.byref(own))


class Software:
    """See the module."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, float]] = []
        self.passed: dict[str, int] = {}
        self.made = 0
        self.asked: list[str] = []

    def muxer(self, most: int) -> Any:
        """A funnel keeps sources apart and takes and lets go of pads while it runs."""
        del most
        return Gst.ElementFactory.make("funnel", "muxer")

    def stages(self) -> list[tuple[str, Any]]:
        """A queue, then inference and tracker, which let everything through."""
        waiting = Gst.ElementFactory.make("queue", "waiting")
        waiting.set_property("leaky", 2)
        waiting.set_property("max-size-buffers", 256)
        return [("queue", waiting), ("pose", self.stage("pose-1")), ("tracker", self.stage("tracker"))]

    def stage(self, name: str) -> Any:
        """An element that counts what passes it."""
        element = Gst.ElementFactory.make("identity", name)
        self.passed[name] = 0
        element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, self._counting(name))
        return element

    def _counting(self, name: str) -> Any:
        def count(_pad: Any, _info: Any) -> Any:
            self.passed[name] += 1
            return Gst.PadProbeReturn.OK

        return count

    def broken_stage(self) -> Any:
        """One that cannot start: a file that is not there."""
        made = Gst.Bin.new("broken")
        source = Gst.ElementFactory.make("filesrc", None)
        source.set_property("location", "/nowhere/at/all")
        through = Gst.ElementFactory.make("identity", None)
        made.add(source)
        made.add(through)
        for direction in ("sink", "src"):
            made.add_pad(Gst.GhostPad.new(direction, through.get_static_pad(direction)))
        return made

    def masker(self, polygons: Any) -> Any:
        """Blackens up to the last corner of the last polygon; two corners make one that fails at its third picture."""
        passed = [0]

        def draw(buffer: Any) -> None:
            passed[0] += 1
            if len(polygons[-1]) == 2 and passed[0] == 3:
                raise ValueError("a picture of rtsp://u:s3cret@c that nobody can read")
            x, y = polygons[-1][-1]
            blacken(buffer, round(y * 32), round(x * 32))

        return draw

    def copied(self, buffer: Any) -> bytes:
        """The bytes."""
        return bytes(buffer.extract_dup(0, buffer.get_size()))

    def source(self, camera: uuid.UUID, pad: int, wanted: Any) -> Any:
        """A bin with one source pad; each buffer's offset says the pad it came by."""
        del camera
        self.made += 1
        self.asked.append(wanted.address)
        if wanted.address.startswith("recorded://"):
            return self._recorded(pad, wanted.address.removeprefix("recorded://"))
        matched = TEST.match(wanted.address)
        if matched is None:
            if wanted.address.startswith("bad://"):
                raise ValueError(wanted.address)
            made = Gst.ElementFactory.make("uridecodebin", None)
            made.set_property("uri", wanted.address)
            guard_readers(made, wanted.address)
            return made
        return self._pictures(pad, matched, wanted.address)

    def _recorded(self, pad: int, path: str) -> Any:
        """A file's packets through RTP, and test pictures beside them: no decoder is needed here."""
        file, _, query = path.partition("?")
        made = self._pictures(pad, TEST.match("test://32x32@10"), "test://32x32@10")  # type: ignore[arg-type]
        source, demuxer = Gst.ElementFactory.make("filesrc", None), Gst.ElementFactory.make("qtdemux", None)
        source.set_property("location", file)
        made.add(source)
        made.add(demuxer)
        source.link(demuxer)

        def shown(_demuxer: Any, found: Any) -> None:
            inner = Gst.Bin.new(None)
            made.add(inner)
            parts = [Gst.ElementFactory.make(kind, None) for kind in ("rtph264pay", "rtph264depay", "capsfilter", "fakesink")]
            if query == "nal":
                parts[2].set_property("caps", Gst.Caps.from_string("video/x-h264,stream-format=byte-stream,alignment=nal"))
            parts[3].set_property("async", False)
            parts[3].set_property("sync", False)
            for part in parts:
                inner.add(part)
            self.passed[f"recorded-{pad}"] = 0
            parts[3].get_static_pad("sink").add_probe(Gst.PadProbeType.BUFFER, self._counting(f"recorded-{pad}"))
            for upper, lower in pairwise(parts):
                upper.link(lower)
            ghost = Gst.GhostPad.new("sink", parts[0].get_static_pad("sink"))
            ghost.set_active(True)
            inner.add_pad(ghost)
            inner.set_state(Gst.State.PLAYING)  # whatever the bin is at: what comes now must not meet a closed pad
            found.link(ghost)

        demuxer.connect("pad-added", shown)
        return made

    def _pictures(self, pad: int, matched: "re.Match[str]", address: str) -> Any:
        asked = {key: int(values[0]) for key, values in parse_qs(urlsplit(address).query).items()}
        width, height, fps = (int(text) for text in matched.groups())
        made = Gst.Bin.new(None)
        source = Gst.ElementFactory.make("videotestsrc", None)
        source.set_property("is-live", True)
        source.set_property("pattern", asked.get("pattern", 2))
        if "frames" in asked:
            source.set_property("num-buffers", asked["frames"])
        caps = Gst.ElementFactory.make("capsfilter", None)
        caps.set_property(
            "caps", Gst.Caps.from_string(f"video/x-raw,format=GRAY8,width={width},height={height},framerate={fps}/1")
        )
        made.add(source)
        made.add(caps)
        source.link(caps)
        out = caps.get_static_pad("src")
        counted = [0]

        def mark(_pad: Any, info: Any) -> Any:
            counted[0] += 1
            info.get_buffer().offset = pad
            if counted[0] > asked.get("freeze", 10**9):
                time.sleep(0.2)
                return Gst.PadProbeReturn.DROP
            if counted[0] == asked.get("caps"):
                caps.set_property(
                    "caps", Gst.Caps.from_string(f"video/x-raw,format=GRAY8,width={width * 2},height={height},framerate={fps}/1")
                )
            return Gst.PadProbeReturn.OK

        out.add_probe(Gst.PadProbeType.BUFFER, mark)
        made.add_pad(Gst.GhostPad.new("src", out))
        return made
