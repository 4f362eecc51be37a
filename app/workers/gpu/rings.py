"""A camera's encoded packets on the clock of its analysed frames: what the recorder cuts clips from."""

import itertools
from typing import Final

from app.capture.polygons import Polygons
from app.capture.ring import PacketRing, Sample, StreamShape
from app.kit.clock import now_us
from app.workers.gpu.packets import Packet

MOST_WAITING: Final = 900
"""Packets of a connection that wait for its first analysed frame: half a minute of a usual camera, and never more bytes than
the ring may hold."""

SHARE: Final = 0.05
JUMP_US: Final = 1_000_000
NS_A_US: Final = 1000
TICKS: Final = 1_000_000.0


class CameraRing:
    """Packets come on streaming threads (one at a time), frames in the event loop.

    A packet has the presentation time of the picture that it becomes; what the analysed pictures' times are on the wall clock
    says what the packets' are. Until a connection's first analysed frame its packets wait.
    """

    def __init__(self, budget: int) -> None:
        self.ring, self._budget = PacketRing(budget), budget
        self._masks: Polygons | None = None
        self._clock: tuple[int, float, tuple[int, int]] | None = None
        self._waiting: list[Packet] = []
        self._waiting_bytes = 0
        self._shape: StreamShape | None = None
        self._connection = 0
        self._last_us, self._depth_us = 0, 0

    def set_masks(self, polygons: Polygons) -> None:
        """These are in force from now on."""
        if polygons != self._masks:
            self._masks = polygons
            self.ring.set_masks(now_us(), polygons)

    def matched(self, connection: int, pts_ns: int, captured_at_us: int, size: tuple[int, int]) -> None:
        """A frame of this connection was captured then, and is of this size."""
        off_us = captured_at_us - pts_ns / NS_A_US
        held = self._clock
        if held is not None and held[0] == connection and abs(off_us - held[1]) < JUMP_US:
            off_us = held[1] + (off_us - held[1]) * SHARE  # what a network and a decoder do to one frame is smoothed
        self._clock = (connection, off_us, size)

    def add(self, connection: int, packet: Packet) -> None:
        """Keep a packet; those of a connection that nobody saw a picture of are let go in time."""
        if connection != self._connection:
            self._connection, self._shape, self._depth_us = connection, None, 0
            self._let_go()
        self._waiting.append(packet)
        self._waiting_bytes += len(packet.body)
        clock = self._clock
        if clock is None or clock[0] != connection:
            while len(self._waiting) > MOST_WAITING or self._waiting_bytes > self._budget:
                self._waiting_bytes -= len(self._waiting.pop(0).body)
            return
        self._depth_us = max(self._depth_us, reordered_us(self._waiting))
        for each in self._waiting:
            self._keep(each, clock[1], clock[2])
        self._let_go()

    def _let_go(self) -> None:
        self._waiting.clear()
        self._waiting_bytes = 0

    def _keep(self, packet: Packet, off_us: float, size: tuple[int, int]) -> None:
        """Decoding times rise, and lie as far before presentation as the stream's order of pictures needs."""
        shown_us = round(packet.pts_ns / NS_A_US + off_us)
        at_us = max(self._last_us + 1, shown_us - self._depth_us)
        if at_us > shown_us + JUMP_US:  # the clock went back
            at_us = shown_us - self._depth_us
        self._depth_us += max(0, at_us - shown_us)
        self._last_us = at_us
        self.ring.add(Sample(at_us, max(0, shown_us - at_us), packet.is_key, packet.body, self._shape_of(packet, size)))

    def _shape_of(self, packet: Packet, size: tuple[int, int]) -> StreamShape:
        shape = self._shape
        if shape is None or (shape.extradata, shape.width, shape.height) != (packet.extradata, *size):
            shape = self._shape = StreamShape(self._connection, packet.codec, *size, TICKS, packet.extradata)
        return shape


def reordered_us(packets: list[Packet]) -> int:
    """By how much the latest presentation time before a packet exceeds its own, at most, in the order of decoding."""
    latest = itertools.accumulate((each.pts_ns for each in packets), max)
    return max((before - each.pts_ns for before, each in zip(latest, packets, strict=True)), default=0) // NS_A_US + 1
