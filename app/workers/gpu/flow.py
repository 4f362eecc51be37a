"""What happens on the streaming threads of the sources, for every decoded frame: pace, masks, signs of life."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.workers.gpu.graph import Arrived, Slot
from app.workers.gpu.stages import size_of


def warm(gst: Any) -> None:
    """Use once what streaming threads use. The bindings make a type's attributes when one is first asked for, and two threads
    that ask at the same time may find none: an exception in a probe, which drops what passes."""
    caps = gst.Caps.from_string("video/x-raw,width=2,height=2,alignment=au")
    event, buffer, structure = gst.Event.new_caps(caps), gst.Buffer.new_allocate(None, 1, None), caps.get_structure(0)
    assert event.type == gst.EventType.CAPS  # noqa: S101 - asked for, as the rest of this
    event.parse_caps().get_structure(0).get_int("width")
    structure.get_string("alignment")
    structure.has_field("codec_data")
    buffer.has_flags(gst.BufferFlags.DELTA_UNIT)
    buffer.extract_dup(0, buffer.get_size())
    several = gst.BufferList.new()
    several.length()
    assert buffer.pts == gst.CLOCK_TIME_NONE  # noqa: S101
    assert gst.PadProbeType.BUFFER | gst.PadProbeType.EVENT_DOWNSTREAM  # noqa: S101


@dataclass(frozen=True, slots=True)
class Flow:
    """Between the sources and the muxer.

    Args:
        copied: copies a buffer's picture out.
        on_arrived: called for every frame that goes into the muxer.
        flows, ended: called with a slot and the connection, from any thread, when its first frame came (or its picture size
            changed), and when its stream ended. `unmasked`, with a reason too, when a frame could not be masked.
    """

    gst: Any
    copied: Callable[[Any], Any]
    on_arrived: Arrived
    flows: Callable[[Slot, int], None]
    ended: Callable[[Slot, int], None]
    unmasked: Callable[[Slot, int, str], None]

    def link(self, slot: Slot, connection: int, pad: Any) -> None:
        """On a streaming thread when the stream is known."""
        draw = slot.draw  # before the question whose stream this is: a later connection's masker is not this one's
        if slot.connection != connection or slot.mux_pad is None or slot.mux_pad.is_linked():
            return
        kinds = self.gst.PadProbeType
        pad.add_probe(kinds.BUFFER, self._passing, (slot, connection, draw))
        # Several buffers at once would pass the masks by; no decoder sends them.
        pad.add_probe(kinds.BUFFER_LIST, lambda *_about: self.gst.PadProbeReturn.DROP)
        pad.add_probe(kinds.EVENT_DOWNSTREAM, self._event, (slot, connection))
        pad.link(slot.mux_pad)

    def _passing(self, _pad: Any, info: Any, about: tuple[Slot, int, Callable[[Any], object]]) -> Any:
        slot, connection, draw = about
        if slot.connection != connection:
            return self.gst.PadProbeReturn.DROP
        now = time.monotonic()
        slot.frames_in += 1
        first, slot.last_at = not slot.last_at, now
        if not slot.is_due(now):
            return self.gst.PadProbeReturn.DROP
        buffer = info.get_buffer()
        if slot.wanted.masks:
            try:
                draw(buffer)
            except Exception as error:  # whatever it is, what is not masked goes no further
                slot.unmasked += 1
                self.unmasked(slot, connection, str(error) or type(error).__name__)
                return self.gst.PadProbeReturn.DROP
        if first:
            self.flows(slot, connection)
        self.on_arrived(slot.pad, buffer.pts, now, lambda: self.copied(buffer))
        return self.gst.PadProbeReturn.OK

    def _event(self, _pad: Any, info: Any, about: tuple[Slot, int]) -> Any:
        """An end of stream goes no further than here; another picture size is told."""
        slot, connection = about
        event = info.get_event()
        if event.type == self.gst.EventType.EOS:
            self.ended(slot, connection)
            return self.gst.PadProbeReturn.DROP
        if event.type == self.gst.EventType.CAPS:
            slot.size = size_of(event.parse_caps()) or slot.size
            if slot.is_live:
                self.flows(slot, connection)
        return self.gst.PadProbeReturn.OK
