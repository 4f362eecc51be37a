"""The graph: sources -> muxer -> inference -> tracker -> ... -> sink, changed while it runs.

One thread owns every change; others say what they want (`want`, `replace`) and return at once. What makes an
element is the factory's business: DeepStream's elements on a GPU, software ones in the tests; the graph is the same.

A camera's trouble stays its own: errors, end of stream and silence tear down its bin alone and bring it back after a pause.
Each (re)connection has a number, the worker's epoch, and begins with the judgement of the camera's address (`admit`).
"""

import itertools
import math
import queue
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

from app.workers.gpu.flow import Flow, warm
from app.workers.gpu.graph import (
    NO_SOURCE,
    UNMASKED,
    Admit,
    Arrived,
    Change,
    Elements,
    Facts,
    Fatal,
    Slot,
    State,
    Wanted,
    pause_s,
    plain,
)
from app.workers.gpu.opening import JUDGED_S, UNJUDGED, Admissions, Verdict, silent
from app.workers.gpu.packets import OnPacket, PacketTap
from app.workers.gpu.stages import Leaving, Stages, first_error, owner_of

WAKE_S: Final = 0.05
SILENT_S: Final = 5.0
"""A source without frames for this long is torn down: libraries notice a frozen camera late or never."""
START_S: Final = 15.0
STOP_S: Final = 5.0


@dataclass
class Graph:
    """One pipeline. `start`, then `want`; `stop` ends it and waits.

    Args:
        most: cameras at once, the muxer's batch.
        admit: every address passes it before each connection, on a thread beside the graph's.
        on_change: called on the graph's thread; must not wait.
        on_arrived: called on streaming threads for every frame that goes into the muxer.
        on_fatal: called once when the shared part fails.
        on_packet: called on streaming threads for every encoded picture of an RTSP source; None: nobody keeps them.
        numbers: of connections, rising. Graphs that the same cameras may move between share them: who reads frames tells by them
            what is past.
        probes: stage name to a function of the buffer's address, called on its source pad.
    """

    elements: Elements
    most: int
    admit: Admit
    on_change: Callable[[Change], None]
    on_arrived: Arrived = lambda _pad, _pts, _now, _copy: None
    on_fatal: Callable[[str], None] = lambda _reason: None
    on_packet: OnPacket | None = None
    probes: Mapping[str, Callable[[int], None]] = field(default_factory=dict)
    silent_s: float = SILENT_S
    start_s: float = START_S
    judged_s: float = JUDGED_S
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        import gi

        gi.require_version("Gst", "1.0")
        from gi.repository import Gst

        self._gst = Gst
        Gst.init(None)
        warm(Gst)
        self._orders: queue.SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = queue.SimpleQueue()
        self._slots: dict[uuid.UUID, Slot] = {}
        self._refused: set[uuid.UUID] = set()
        self._admissions = Admissions(self.admit, self.most)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="graph", daemon=True)
        acts = (partial(self._order, act) for act in (self._flows, self._ended, self._bared))
        self._tap = PacketTap(Gst, self.on_packet) if self.on_packet is not None else None
        self._flow = Flow(Gst, self.elements.copied, self.on_arrived, *acts)

    # What other threads may call

    def start(self) -> None:
        """Build the shared part and begin. Fatal when an element is missing or does not start."""
        gst = self._gst
        self._pipeline = gst.Pipeline.new("penny")
        self._leaving = Leaving(gst, self._pipeline)
        self._stages = Stages(gst, self._pipeline, self._leaving, self.probes)
        self._muxer = self._stages.build(self.elements, self.most)
        if self._pipeline.set_state(gst.State.PLAYING) == gst.StateChangeReturn.FAILURE:
            raise Fatal(f"The pipeline does not start: {first_error(gst, self._pipeline)}")
        self._thread.start()

    def want(self, cameras: Mapping[uuid.UUID, Wanted]) -> None:
        """Run these cameras and no others."""
        self._orders.put((self._want, (dict(cameras),)))

    def replace(self, stage: str, make: Callable[[], Any], done: Callable[[bool], None] = lambda _well: None) -> None:
        """Put another element in a stage's place between two buffers; no source notices. `done` says whether."""
        self._orders.put((self._stages.replace, (stage, make, done)))

    def _order(self, act: Callable[..., None], *arguments: Any) -> None:
        self._orders.put((act, arguments))

    def facts(self) -> dict[uuid.UUID, Facts]:
        """Counters of every source."""
        return {slot.camera: slot.facts() for slot in list(self._slots.values())}

    @property
    def disposed(self) -> int:
        """Elements that were taken out and have ended."""
        return self._leaving.ended

    def stop(self, wait_s: float = STOP_S) -> bool:
        """Tear everything down; whether that ended in time."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(wait_s)
        end = threading.Thread(target=self._pipeline.set_state, args=(self._gst.State.NULL,), daemon=True)
        end.start()
        end.join(wait_s)
        return not end.is_alive() and not self._thread.is_alive()

    # The graph's thread

    def _run(self) -> None:
        try:
            self._work()
        except Exception as error:  # a graph that nobody changes any more must not look alive
            self.on_fatal(f"The graph's own thread failed ({type(error).__name__}).")
        finally:
            self._admissions.stop()

    def _work(self) -> None:
        bus = self._pipeline.get_bus()
        kinds = self._gst.MessageType.ERROR | self._gst.MessageType.EOS | self._gst.MessageType.ELEMENT
        while not self._over.is_set():
            message = bus.timed_pop_filtered(int(WAKE_S * 1e9), kinds)
            if message is not None:
                self._heard(message)
            while not self._orders.empty():  # nobody else takes from it
                act, arguments = self._orders.get_nowait()
                act(*arguments)
            self._tick(time.monotonic())
        for camera in list(self._slots):
            self._remove(camera)

    def _heard(self, message: Any) -> None:
        gst = self._gst
        if message.type == gst.MessageType.ERROR:
            error, _ = message.parse_error()
            slot = owner_of(self._slots.values(), message.src)
            if slot is not None:
                self._fail(slot, plain(error.message))
            elif self._leaving.is_shared(message.src):
                self.on_fatal(plain(error.message))
                self._over.set()
        elif message.type == gst.MessageType.EOS:
            self.on_fatal("The graph came to an end of stream, which no camera may cause.")
            self._over.set()

    def _tick(self, now: float) -> None:
        slots = list(self._slots.values())
        for slot in slots:
            if slot.bin is None and now >= slot.due_at:
                self._connect(slot)
            elif slot.asked_at and now - slot.asked_at > self.judged_s:
                self._fail(slot, UNJUDGED)
        for slot in silent(slots, now, self.start_s, self.silent_s):
            if slot.last_at:
                self._tell(slot, State.FROZEN, f"No picture for {self.silent_s:g} s; it is opened again.")
            self._fail(slot, "The camera sends no picture.")

    def _want(self, cameras: Mapping[uuid.UUID, Wanted]) -> None:
        for camera in [held for held in self._slots if held not in cameras]:
            self._remove(camera)
        self._refused &= set(cameras)
        for camera, wanted in cameras.items():
            slot = self._slots.get(camera)
            # Other masks are another stream: what was masked otherwise, or not at all, is on its way and must not count.
            if slot is not None and (slot.wanted.address, slot.wanted.masks) == (wanted.address, wanted.masks):
                slot.wanted = wanted
            else:
                if slot is not None:
                    self._remove(camera)
                self._add(camera, wanted)

    def _add(self, camera: uuid.UUID, wanted: Wanted) -> None:
        free = next(iter(sorted(set(range(self.most)) - {slot.pad for slot in self._slots.values()})), None)
        if free is None:
            if camera not in self._refused:
                self._refused.add(camera)
                said = f"This pipeline runs {self.most} cameras at most; give it more by PENNYPROTECT_WORKER_CAPACITY."
                self.on_change(Change(camera, -1, 0, State.STOPPED, said))
            return
        slot = Slot(camera, free, wanted)
        self._slots[camera] = slot
        self._connect(slot)

    def _remove(self, camera: uuid.UUID) -> None:
        slot = self._slots.pop(camera)
        self._disconnect(slot)
        self._tell(slot, State.STOPPED)

    def _connect(self, slot: Slot) -> None:
        slot.connection, slot.opened = next(self.numbers), slot.opened + 1
        slot.due_at, slot.last_at, slot.next_at, slot.patience_s, slot.size = math.inf, 0.0, 0.0, 0.0, (0, 0)
        self._tell(slot, State.CONNECTING if slot.opened == 1 else State.RECONNECTING)
        at, slot.asked_at = slot.connection, time.monotonic()
        self._admissions.ask(slot.camera, slot.wanted.address, lambda said: self._orders.put((self._open, (slot, at, said))))

    def _open(self, slot: Slot, connection: int, verdict: Verdict) -> None:
        """The address was judged."""
        if slot.connection != connection or not slot.asked_at or self._slots.get(slot.camera) is not slot:
            return
        slot.asked_at = 0.0
        if verdict.why:
            self._fail(slot, verdict.why, answered_no=verdict.answered_no)
            return
        slot.began_at, slot.mux_pad = time.monotonic(), self._muxer.request_pad_simple(f"sink_{slot.pad}")
        try:
            made, why = self.elements.source(slot.camera, slot.pad, replace(slot.wanted, address=verdict.address)), NO_SOURCE
            if slot.wanted.masks:
                slot.draw = self.elements.masker(slot.wanted.masks)
        except Exception as error:  # a factory's own; the camera's address may be what is wrong
            made, why = None, f"The camera cannot be opened ({type(error).__name__})."
        if made is None:
            self._fail(slot, why)
            return
        slot.bin = made
        if self._tap is not None:
            self._tap.watch(slot, made)
        self._pipeline.add(made)
        ready = made.get_static_pad("src")
        if ready is not None:
            self._flow.link(slot, slot.connection, ready)
        else:
            made.connect("pad-added", lambda _bin, pad, at=slot.connection: self._flow.link(slot, at, pad))
        if not made.sync_state_with_parent() or made.get_state(0)[0] == self._gst.StateChangeReturn.FAILURE:
            self._fail(slot, "The camera cannot be opened.")

    def _flows(self, slot: Slot, connection: int) -> None:
        if slot.connection == connection and slot.bin is not None and self._slots.get(slot.camera) is slot:
            slot.failures = 0
            self._tell(slot, State.LIVE)

    def _ended(self, slot: Slot, connection: int) -> None:
        if slot.connection == connection and self._slots.get(slot.camera) is slot:
            self._fail(slot, "The stream ended.")

    def _bared(self, slot: Slot, connection: int, why: str) -> None:
        if slot.connection == connection and slot.bin is not None and self._slots.get(slot.camera) is slot:
            self._fail(slot, f"{UNMASKED} ({plain(why)})", answered_no=True)

    def _fail(self, slot: Slot, reason: str, *, answered_no: bool = False) -> None:
        self._disconnect(slot)
        slot.due_at = time.monotonic() + pause_s(slot.failures, answered_no=answered_no)
        slot.failures += 1
        self._tell(slot, State.RECONNECTING, reason)

    def _disconnect(self, slot: Slot) -> None:
        """Take a source's bin out. Its own end may take seconds (a dead network), so that happens beside the graph."""
        self._admissions.forget(slot.camera)
        made, pad, slot.bin, slot.mux_pad, slot.asked_at = slot.bin, slot.mux_pad, None, None, 0.0
        if pad is not None:
            upper = pad.get_peer()
            if upper is not None:
                upper.unlink(pad)
            self._muxer.release_request_pad(pad)
        if made is not None:
            self._leaving.let_go(made)

    def _tell(self, slot: Slot, state: State, reason: str = "") -> None:
        slot.state = state
        self.on_change(Change(slot.camera, slot.pad, slot.connection, state, reason, slot.size, slot.codec, slot.reconnects))
