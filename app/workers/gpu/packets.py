"""Encoded packets on their way to a source's decoder, for clips: copied where the stream leaves RTP. Standard library only."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from app.workers.gpu.graph import Slot

DEPAYLOADERS: Final = {"rtph264depay": "h264", "rtph265depay": "hevc"}
"""Elements whose output is taken, and FFmpeg's name of what it is."""


@dataclass(frozen=True, slots=True)
class Packet:
    """One encoded picture.

    Attributes:
        pts_ns: presentation time; the decoded picture has the same.
        extradata: parameter sets as the stream announced them (avcC or hvcC), b"" where they are in the packets.
    """

    codec: str
    pts_ns: int
    is_key: bool
    body: bytes = field(repr=False)
    extradata: bytes = field(repr=False)


OnPacket = Callable[[Slot, int, Packet], None]
"""Slot, its connection, the packet. On a streaming thread; must not wait."""

LARGEST: Final = 1 << 24
"""Bytes of a picture that comes in parts: a camera that never ends one does not fill the memory."""


@dataclass(slots=True)
class _Stream:
    """What is known at one depayloader's output. `parts` of a picture that came in several buffers wait for its end."""

    codec: str
    extradata: bytes = b""
    whole: bool = True
    parts: list[bytes] = field(default_factory=list)
    held: int = 0
    pts_ns: int = -1
    is_key: bool = False

    def drop(self) -> None:
        self.parts.clear()
        self.held, self.is_key = 0, False


@dataclass(frozen=True, slots=True)
class PacketTap:
    """Looks for depayloaders in a source's bin and copies what leaves them; one that fails costs clips and nothing else."""

    gst: Any
    on_packet: OnPacket

    def watch(self, slot: Slot, made: Any) -> None:
        """Before the bin starts."""
        if not isinstance(made, self.gst.Bin):
            return
        connection = slot.connection

        def added(_bin: Any, _inner: Any, element: Any) -> None:
            factory = element.get_factory()
            codec = DEPAYLOADERS.get(factory.get_name() if factory is not None else "")
            if codec is not None:
                kinds = self.gst.PadProbeType
                wanted = kinds.BUFFER | kinds.BUFFER_LIST | kinds.EVENT_DOWNSTREAM
                element.get_static_pad("src").add_probe(wanted, self._passed, (slot, connection, _Stream(codec)))

        made.connect("deep-element-added", added)

    def _passed(self, _pad: Any, info: Any, about: tuple[Slot, int, _Stream]) -> Any:
        slot, connection, stream = about
        if slot.connection != connection:
            return self.gst.PadProbeReturn.REMOVE
        with contextlib.suppress(Exception):  # an exception in a probe would drop the packet, and with it the stream
            self._read(slot, connection, stream, info)
        return self.gst.PadProbeReturn.OK

    def _read(self, slot: Slot, connection: int, stream: _Stream, info: Any) -> None:
        if info.type & self.gst.PadProbeType.EVENT_DOWNSTREAM:
            event = info.get_event()
            if event.type == self.gst.EventType.CAPS:
                _announced(stream, event.parse_caps().get_structure(0))
        elif info.type & self.gst.PadProbeType.BUFFER_LIST:
            several = info.get_buffer_list()
            for number in range(several.length()):
                self._take(slot, connection, stream, several.get(number))
        else:
            self._take(slot, connection, stream, info.get_buffer())

    def _take(self, slot: Slot, connection: int, stream: _Stream, buffer: Any) -> None:
        flags, is_key = self.gst.BufferFlags, not buffer.has_flags(self.gst.BufferFlags.DELTA_UNIT)
        if buffer.pts == self.gst.CLOCK_TIME_NONE:
            return
        body = bytes(buffer.extract_dup(0, buffer.get_size()))
        if stream.whole:
            self.on_packet(slot, connection, Packet(stream.codec, buffer.pts, is_key, body, stream.extradata))
            return
        if stream.parts and stream.pts_ns != buffer.pts:
            self._end(slot, connection, stream)
        stream.parts.append(body)
        stream.held += len(body)
        stream.pts_ns, stream.is_key = buffer.pts, stream.is_key or is_key
        if stream.held > LARGEST:
            stream.drop()
            return
        if buffer.has_flags(flags.MARKER):
            self._end(slot, connection, stream)

    def _end(self, slot: Slot, connection: int, stream: _Stream) -> None:
        packet = Packet(stream.codec, stream.pts_ns, stream.is_key, b"".join(stream.parts), stream.extradata)
        stream.drop()
        self.on_packet(slot, connection, packet)


def _announced(stream: _Stream, structure: Any) -> None:
    """What caps say: whether a buffer is a whole picture, and the parameter sets."""
    stream.whole = structure.get_string("alignment") != "nal"
    sets = structure.get_value("codec_data") if structure.has_field("codec_data") else None
    stream.extradata = bytes(sets.extract_dup(0, sets.get_size())) if sets is not None else b""
