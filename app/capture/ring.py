"""The last minutes of a camera's encoded packets, in memory, under a budget of bytes. Clips are cut from it without encoding.

What is in it was never masked, so it is no picture of ours yet: it stays in the worker's memory, and whatever is cut from it
leaves the worker through the masks (`app.capture.clips`).
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from app.capture.polygons import Polygons

LONGEST_US: Final = 600_000_000
"""Ten minutes."""


@dataclass(frozen=True, slots=True)
class StreamShape:
    """What a decoder or a container must know of one connection's stream.

    Attributes:
        codec: FFmpeg's name, such as "h264".
        ticks_per_s: of the packets' own clock.
        extradata: parameter sets, as the stream announced them; packets may carry newer ones.
    """

    connection: int
    codec: str
    width: int
    height: int
    ticks_per_s: float
    extradata: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Sample:
    """One encoded packet.

    Attributes:
        at_us: captured_at of its picture, rising within a camera's connection.
        lag_us: its presentation after its decoding; 0 where pictures are not reordered.
    """

    at_us: int
    lag_us: int
    is_key: bool
    body: bytes = field(repr=False)
    shape: StreamShape = field(repr=False)


@dataclass(frozen=True, slots=True)
class MaskedSince:
    """Masks in force from a time on."""

    since_us: int
    polygons: Polygons


class PacketRing:
    """A camera's last packets. One thread adds, any thread reads.

    The oldest go first, whole groups of pictures at a time, so that what is left begins with a keyframe.

    Attributes:
        dropped: packets that left because of `budget`, before their ten minutes were over.
    """

    def __init__(self, budget: int, longest_us: int = LONGEST_US) -> None:
        self.dropped = 0
        self._budget, self._longest_us = budget, longest_us
        self._samples: deque[Sample] = deque()
        self._bytes = 0
        self._masks: list[MaskedSince] = [MaskedSince(0, ())]
        self._lock = threading.Lock()

    @property
    def held_bytes(self) -> int:
        """Bytes of packets held now."""
        return self._bytes

    @property
    def held_us(self) -> int:
        """From the oldest packet to the newest."""
        with self._lock:
            return self._samples[-1].at_us - self._samples[0].at_us if self._samples else 0

    @property
    def newest_us(self) -> int:
        """captured_at of the newest packet, 0 where there is none."""
        with self._lock:
            return self._samples[-1].at_us if self._samples else 0

    def add(self, sample: Sample) -> None:
        """Keep a packet; what is too old or too much leaves."""
        with self._lock:
            if self._samples and sample.at_us <= self._samples[-1].at_us - self._longest_us:
                self._clear()  # the clock went far back: what is held would never grow old
            self._samples.append(sample)
            self._bytes += len(sample.body)
            while self._samples and self._samples[0].at_us < sample.at_us - self._longest_us:
                self._drop_group()
            while self._bytes > self._budget and self._samples:
                self.dropped += self._drop_group()

    def set_masks(self, at_us: int, polygons: Polygons) -> None:
        """These masks are in force from `at_us` on."""
        with self._lock:
            self._masks.append(MaskedSince(at_us, polygons))

    def cut(self, from_us: int, to_us: int) -> list[Sample]:
        """The packets of `from_us..to_us` that play together, from the keyframe at or before `from_us` on; [] where none is.

        Where the stream was opened anew with another shape in between, the longest stretch of one shape is cut.
        """
        with self._lock:
            held = [sample for sample in self._samples if sample.at_us <= to_us]
        start = next((i for i in range(len(held) - 1, -1, -1) if held[i].is_key and held[i].at_us <= from_us), None)
        if start is None:
            start = next((i for i, sample in enumerate(held) if sample.is_key), None)
        if start is None or held[-1].at_us < from_us:
            return []
        return _longest_of_one_shape(held[start:])

    def masks_of(self, from_us: int, to_us: int) -> Polygons:
        """Every polygon that was in force at any time of `from_us..to_us`, and those in force now: the safe side of both."""
        with self._lock:
            found = []
            for index, each in enumerate(self._masks):
                ends_us = self._masks[index + 1].since_us if index + 1 < len(self._masks) else None
                if ends_us is None or (each.since_us <= to_us and ends_us >= from_us):
                    found += [tuple(polygon) for polygon in each.polygons]
        return tuple(dict.fromkeys(found))

    def _drop_group(self) -> int:
        """Let go of the oldest packet and those that cannot be decoded without it; how many."""
        gone = 0
        while self._samples and (gone == 0 or not self._samples[0].is_key):
            self._bytes -= len(self._samples.popleft().body)
            gone += 1
        if self._samples:
            oldest = self._samples[0].at_us
            while len(self._masks) > 1 and self._masks[1].since_us < oldest:
                self._masks.pop(0)
        return gone

    def _clear(self) -> None:
        self._samples.clear()
        self._bytes = 0


def _longest_of_one_shape(samples: list[Sample]) -> list[Sample]:
    runs: list[list[Sample]] = []
    for sample in samples:
        if runs and _plays_after(runs[-1][-1].shape, sample.shape):
            runs[-1].append(sample)
        elif sample.is_key:
            runs.append([sample])
    return max(runs, key=lambda run: run[-1].at_us - run[0].at_us, default=[])


def _plays_after(before: StreamShape, shape: StreamShape) -> bool:
    same = (before.codec, before.width, before.height, before.extradata)
    return same == (shape.codec, shape.width, shape.height, shape.extradata)
