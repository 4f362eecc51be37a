"""The element factory, the only difference: funnel for nvstreammux, identity for inference and tracker, test pictures.

Addresses: `test://WIDTHxHEIGHT@FPS`, with `?frames=N` an end of stream after N frames, `?freeze=N` silence after N,
`?caps=N` another size after N, `?pause_ms=N` a slow tear-down; anything else goes to uridecodebin.
"""

import re
import time
import uuid
from typing import Any
from urllib.parse import parse_qs, urlsplit

import gi

gi.require_version("Gst", "1.0")
from gi.repository import Gst  # noqa: E402

from app.workers.gpu.readers import guard_readers  # noqa: E402

TEST = re.compile(r"test://(\d+)x(\d+)@(\d+)")


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

        def count(_pad: Any, _info: Any) -> Any:
            self.passed[name] += 1
            return Gst.PadProbeReturn.OK

        element.get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, count)
        return element

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

    def source(self, camera: uuid.UUID, pad: int, wanted: Any) -> Any:
        """A bin with one source pad; each buffer's offset says the pad it came by."""
        del camera
        self.made += 1
        self.asked.append(wanted.address)
        matched = TEST.match(wanted.address)
        if matched is None:
            if wanted.address.startswith("bad://"):
                raise ValueError(wanted.address)
            made = Gst.ElementFactory.make("uridecodebin", None)
            made.set_property("uri", wanted.address)
            guard_readers(made, wanted.address)
            return made
        asked = {key: int(values[0]) for key, values in parse_qs(urlsplit(wanted.address).query).items()}
        width, height, fps = (int(text) for text in matched.groups())
        made = Gst.Bin.new(None)
        source = Gst.ElementFactory.make("videotestsrc", None)
        source.set_property("is-live", True)
        source.set_property("pattern", 2)
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
