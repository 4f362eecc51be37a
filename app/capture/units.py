"""The encoded pictures of one camera for viewers that decode themselves: the newest group of pictures, and what follows."""

import threading
from collections.abc import Callable
from typing import Final

from av.packet import Packet
from av.video.stream import VideoStream

from app.capture import nal
from app.contracts.video import CLOCK_RATE, AccessUnit, WhyNot

LONGEST_GROUP: Final = 600
LARGEST_GROUP: Final = 16 << 20
"""A group longer or larger than this is not kept: who joins waits for the next keyframe."""
JUMP: Final = CLOCK_RATE
"""Times that step back by more than this are a clock that began anew (a file from its start), less is a reordered picture."""

Listener = Callable[[AccessUnit | WhyNot], None]


class AccessUnits:
    """Of one connection. Written by the reader's thread, which calls the listeners: they must not wait.

    Encoded pictures cannot be masked: while the camera has masks nothing is kept and nobody is admitted.
    """

    def __init__(self, *, masked: bool = False) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._group: list[AccessUnit] = []
        self._group_bytes = 0
        self._why: WhyNot | None = WhyNot.NOT_RUNNING
        self._masked, self._stopped = masked, False
        self._length_size: int | None = None
        self._parameters = b""
        self._last, self._offset = 0, 0

    def watch(self, listener: Listener) -> "list[AccessUnit] | WhyNot":
        """The group so far, after which `listener` hears the rest, ended by a `WhyNot`; or why there is nothing to see."""
        with self._lock:
            if (why := WhyNot.MASKED if self._masked else self._why) is not None:
                return why
            self._listeners.add(listener)
            return list(self._group)

    def unwatch(self, listener: Listener) -> None:
        """No more of it."""
        with self._lock:
            self._listeners.discard(listener)

    def set_masked(self, masked: bool) -> None:
        """From now on the camera has masks, or none."""
        with self._lock:
            self._masked = masked
            if masked:
                self._end(WhyNot.MASKED)

    def begin(self, video: VideoStream) -> None:
        """The connection is open."""
        context = video.codec_context
        with self._lock:
            if self._stopped:
                return
            self._why = None if context.name == "h264" else WhyNot.CODEC
            extradata = context.extradata or b""
            self._length_size = nal.length_size(extradata)
            self._parameters = nal.parameter_sets(extradata)
            if self._why is None and context.has_b_frames:
                self._why = WhyNot.REORDERED

    def stop(self) -> None:
        """The connection is given up, whatever its reader still says."""
        with self._lock:
            self._stopped, self._why = True, WhyNot.NOT_RUNNING
            self._end(WhyNot.NOT_RUNNING)

    def put(self, packet: "Packet[VideoStream]", captured_at_us: int) -> None:
        """One packet of the open connection, in decoding order."""
        with self._lock:
            if self._why is not None or self._masked or packet.pts is None:
                return
            pts = int(packet.pts * packet.time_base * CLOCK_RATE) + self._offset
            if self._last and pts <= self._last:
                if self._last - pts < JUMP:
                    self._why = WhyNot.REORDERED
                    self._end(WhyNot.REORDERED)
                    return
                self._offset += self._last + JUMP // 30 - pts
                pts = self._last + JUMP // 30
            self._last = pts
            self._take(AccessUnit(pts, captured_at_us, packet.is_keyframe, self._payload(packet)))

    def _payload(self, packet: "Packet[VideoStream]") -> bytes:
        payload = bytes(packet)
        if self._length_size is not None:
            payload = nal.annex_b(payload, self._length_size)
        if packet.is_keyframe and not nal.has_parameter_sets(payload):
            payload = self._parameters + payload
        return payload

    def _take(self, unit: AccessUnit) -> None:
        if unit.is_keyframe:
            self._group, self._group_bytes = [unit], len(unit.payload)
        elif self._group:
            self._group.append(unit)
            self._group_bytes += len(unit.payload)
            if len(self._group) > LONGEST_GROUP or self._group_bytes > LARGEST_GROUP:
                self._group, self._group_bytes = [], 0
        for listener in self._listeners:
            listener(unit)

    def _end(self, why: WhyNot) -> None:
        """Forget what is kept and let everybody go; the lock is held."""
        self._group, self._group_bytes = [], 0
        for listener in self._listeners:
            listener(why)
        self._listeners.clear()
