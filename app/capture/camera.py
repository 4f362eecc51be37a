"""One camera kept alive: the state machine of `reconnect` driven by a clock, a reader thread and a watchdog."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.capture.failures import Failure, FailureKind
from app.capture.frame import CapturedFrame
from app.capture.masking import Masker
from app.capture.polygons import Polygons
from app.capture.reader import StreamReader
from app.capture.reconnect import (
    PATIENCE,
    Abandon,
    Action,
    Failed,
    Happening,
    Looked,
    Open,
    Patience,
    Rules,
    Started,
    Stopped,
    StreamState,
    step,
)
from app.capture.ring import PacketRing
from app.capture.source import NOWHERE, parse_source
from app.capture.units import AccessUnits
from app.capture.waiting import NewestFew
from app.contracts.tracked import CameraState
from app.kit.clock import now_us
from app.kit.gate import Gate
from app.kit.logs import logger

LOOK_S: Final = 0.25
"""How often the watchdog looks at the reader's counters."""

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream is doing, for health messages; `clock_off_s` as `pacing.CaptureClock.off_s`."""

    state: CameraState
    reason: str
    width: int
    height: int
    codec: str
    fps_in: float
    reconnects: int
    clock_off_s: float | None = None


def _nobody() -> None:
    """Is told nothing."""


class CameraCapture:
    """Keeps one camera's stream open, its newest due frames in `waiting`, its encoded pictures in `units`.

    Args:
        name: camera id, for logs. The URL is never logged.
        gate: what the address must pass at each connection.
        masks: what is blackened in every picture, before it waits.
        ring: keeps the encoded packets of the last minutes; None keeps none.
        on_frame: called in the reader's thread when a frame waits; must only wake somebody.
        on_change: called in the event loop when `facts().state` or its reason changed.
    """

    def __init__(
        self,
        name: str,
        url: str,
        fps: float,
        on_frame: Callable[[], None],
        on_change: Callable[[], None] = lambda: None,
        patience: Patience = PATIENCE,
        gate: Gate | None = None,
        masks: Polygons = (),
        ring: PacketRing | None = None,
    ) -> None:
        self.waiting: NewestFew[CapturedFrame] = NewestFew(on_frame)
        self.connection = 0
        self.units = AccessUnits()
        self._name = name
        self._source = parse_source(url, gate)
        self._fps = fps
        self._masker = Masker(masks)
        self._ring = ring
        if ring is not None:
            ring.set_masks(now_us(), masks)
        self._on_change = on_change
        self._rules = Rules(self._source or NOWHERE, patience)
        self._state = StreamState()
        self._reader: StreamReader | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Keep the stream open until `stop`; returns without waiting for reader threads."""
        self._loop = asyncio.get_running_loop()
        self._happen(Started())
        try:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), LOOK_S)
                reader = self._reader
                self._happen(Looked(reader.packet_at, reader.frame_at) if reader else Looked())
        finally:
            self._happen(Stopped())
            # Who was told holds us, and we hold the ring: without this a circle keeps it until the collector's next whole look.
            self._on_change = _nobody

    def facts(self) -> StreamFacts:
        """The state, reason, size, codec and rate right now."""
        reader = self._reader
        width, height = reader.size if reader else (0, 0)
        rate = reader.rate.per_second(now_us()) if reader else 0.0
        codec = reader.codec if reader else ""
        off_s = reader.clock_off_s if reader else None
        return StreamFacts(self._state.phase, self._state.reason, width, height, codec, rate, self._state.reconnects, off_s)

    def set_fps(self, fps: float) -> None:
        """Analyse this many frames a second from now on."""
        self._fps = fps
        if self._reader is not None:
            self._reader.set_fps(fps)

    def set_masks(self, masks: Polygons) -> None:
        """Mask pictures this way from now on; those that wait were masked otherwise and are forgotten."""
        if masks == self._masker.polygons:
            return
        self._masker = Masker(masks)
        if self._ring is not None:
            self._ring.set_masks(now_us(), masks)
        self.units.set_masked(bool(masks))
        if self._reader is not None:
            self._reader.set_masker(self._masker)
        self.waiting.clear()

    def _happen(self, happening: Happening) -> None:
        before = self._state
        self._state, action = step(self._rules, before, happening, time.monotonic(), random.random())  # noqa: S311
        self._act(action)
        if (before.phase, before.reason) != (self._state.phase, self._state.reason):
            log.info("camera state", camera=self._name, state=self._state.phase.value, reason=self._state.reason)
            self._on_change()

    def _act(self, action: Action) -> None:
        if action is Abandon and self._reader is not None:
            self._reader.abandon()
            self._reader = None
            self.units.stop()
            self.waiting.clear()
        elif action is Open:
            self._open()

    def _open(self) -> None:
        """Start a reader whose end is reported only while it is the current one."""
        assert self._loop is not None  # noqa: S101 - for the type checker: run() sets it first
        loop, self.connection = self._loop, self.connection + 1
        connection = self.connection

        def ended(why: Failure) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closing
                loop.call_soon_threadsafe(self._ended, connection, why)

        self.units = AccessUnits(masked=bool(self._masker.polygons))
        self._reader = StreamReader(
            self._rules.source, self._fps, self.waiting, ended, connection, self._masker, self._ring, self.units
        )
        if self._source is None:
            ended(self._rules.verdict(FailureKind.BAD_ADDRESS))
        else:
            self._reader.start()

    def _ended(self, connection: int, why: Failure) -> None:
        if connection == self.connection and self._reader is not None:
            self._happen(Failed(why))
