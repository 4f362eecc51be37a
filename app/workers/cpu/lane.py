"""One camera in the CPU worker: its stream, its tracker, its epoch, its health."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial

from app.capture.camera import CameraCapture
from app.capture.frame import CapturedFrame
from app.capture.pacing import RateMeter
from app.capture.ring import PacketRing
from app.capture.units import AccessUnits
from app.capture.view import Viewing, small_grey
from app.contracts.control import DesiredCamera
from app.contracts.tracked import CameraHealth, CameraState, TrackedFrame
from app.kit.clock import now_us
from app.kit.gate import Gate
from app.perception.detections import Detections
from app.tracking.tracker import Tracker, make_tracker
from app.workers.cpu.stillness import Grey, Looked, grey_of, may_rest, scene_of
from app.workers.emitter import Emitter
from app.workers.sightings import MOST_SIGHTINGS, Sighting, sighting_of
from app.workers.telemetry import WorkerMetrics
from app.workers.tracked import TrackedStream

HEALTH_EVERY_S = 2.0
POSE_SILENT_S = 4.0
NO_POSE = "The pose model does not answer, so pictures are shown but not analysed; it is asked again and again."


class Lane:
    """State of one camera. Everything but the reader's thread happens in the event loop.

    Attributes:
        ring: encoded packets of the last minutes, for clips; None where none are kept.
        sightings: who was where in the last analysed frames: boxes only.
        busy: whether a frame is under analysis.
        served_at: monotonic seconds of the last frame taken.
        yielded: turns given to cameras with younger frames, less those it was given (`fair`).
        watched: whether somebody looks at the pictures.
    """

    def __init__(
        self,
        camera: DesiredCamera,
        emitter: Emitter,
        metrics: WorkerMetrics,
        wake: Callable[[], None],
        gate: Gate | None = None,
        *,
        skip_still: bool = False,
        ring_bytes: int = 0,
    ) -> None:
        self.camera = camera
        self.ring = PacketRing(ring_bytes) if ring_bytes else None
        self.sightings: deque[Sighting] = deque(maxlen=MOST_SIGHTINGS)
        self.busy = False
        self.served_at = 0.0
        self.yielded = 0
        self.watched = False
        self._emitter, self._metrics = emitter, metrics
        self._label = str(camera.camera_id)
        self._stop = asyncio.Event()
        came = partial(_note_due, metrics, self._label, self._stop, wake)  # not a method: the packets would be held by a circle
        self._capture = CameraCapture(
            self._label, camera.url, camera.analysis_fps, came, self._say_health, gate=gate, masks=camera.masks,
            ring=self.ring,
        )  # fmt: skip
        self._stream = TrackedStream(camera.camera_id, emitter)
        self._tracker: Tracker | None = None
        self._analysed = RateMeter()
        self._failing_since: float | None = None
        self._lost, self._counted, self._dropped_before = 0, 0, 0
        self._ring_counted = 0
        self._last_frame_us = 0
        self._skip_still = skip_still
        self._grey: Grey | None = None
        self._looked: Looked | None = None
        self._viewing = Viewing()

    @property
    def has_frame(self) -> bool:
        """Whether a frame waits."""
        return self._capture.waiting.has_value

    @property
    def waits_since(self) -> float:
        """When the frame that would be taken was captured, seconds since 1970; 0 when none waits."""
        frame = self._capture.waiting.first
        return frame.captured_at_us / 1e6 if frame is not None else 0.0

    @property
    def overloaded(self) -> bool:
        """Whether frames of it were dropped a while ago."""
        return self._capture.waiting.overloaded

    @property
    def units(self) -> AccessUnits:
        """The encoded pictures of the connection that is open now."""
        return self._capture.units

    async def run(self) -> None:
        """Keep the stream and say its health until `stop`."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._capture.run(self._stop))
            group.create_task(self._say_health_regularly())
        self._stream.close()
        self._metrics.forget(self._label)

    def stop(self) -> None:
        """End `run` soon."""
        self._stop.set()

    def adjust(self, camera: DesiredCamera) -> bool:
        """Take over a changed wish where the stream can go on; False where it has to be opened anew."""
        if camera.url != self.camera.url:
            return False
        self.camera = camera
        self._capture.set_fps(camera.analysis_fps)
        self._capture.set_masks(camera.masks)
        return True

    def take(self) -> CapturedFrame | None:
        """The newest due frame; the caller sets `busy` back when it is done."""
        frame = self._capture.waiting.take()
        if frame is not None:
            self.busy, self.served_at = True, time.monotonic()
            if self._viewing.is_due(frame.captured_at_us):
                self._viewing.look(small_grey(frame.picture), frame.captured_at_us)
        return frame

    def rests(self, frame: CapturedFrame) -> bool:
        """Whether this frame, just taken, need not be analysed: nothing changed since the last that was. Counted."""
        if not self._skip_still:
            return False
        self._grey, last = grey_of(frame.picture), self._looked
        if last is None or not self._same_stream(frame):
            return False
        period_us = 1e6 / self.camera.analysis_fps
        if not may_rest(last, self._grey, frame.captured_at_us, period_us, watched=self.watched):
            return False
        self._last_frame_us = frame.captured_at_us
        self._metrics.still.labels(self._label).inc()
        return True

    def accept(self, frame: CapturedFrame, found: Detections, trace_parent: str) -> TrackedFrame | None:
        """Track what was found in `frame` and emit it; None when its connection is gone already."""
        if self._stop.is_set() or self._stream.is_past(frame.connection):
            return None
        if self._stream.enter(frame.connection, (frame.width, frame.height)) or self._tracker is None:
            self._dropped_before = self._dropped_ever()
            self._tracker = make_tracker(self.camera.analysis_fps)
        tracked = self._tracker.update(found, frame.captured_at_us)
        message = self._stream.say(tracked, frame.captured_at_us, frame.received_at_us, self.camera.policy_revision, trace_parent)
        self.sightings.append(sighting_of(message))
        self._note_analysed(frame)
        scene = scene_of(len(found), len(tracked.track_ids), self._stream.open_tracks)
        self._looked = Looked(self._grey, frame.captured_at_us, scene)
        return message

    def lose(self) -> None:
        """The pose model gave no answer for a frame."""
        self._lost += 1
        self._metrics.failed.labels(self._label).inc()
        if self._failing_since is None:
            self._failing_since = time.monotonic()

    def _note_analysed(self, frame: CapturedFrame) -> None:
        now = now_us()
        self._last_frame_us = frame.captured_at_us
        self._analysed.add(now)
        self._metrics.analysed.labels(self._label).inc()
        self._metrics.latency.observe(max(0.0, (now - frame.captured_at_us) / 1e6))
        self._failing_since = None

    def _same_stream(self, frame: CapturedFrame) -> bool:
        return self._stream.is_same(frame.connection, (frame.width, frame.height))

    def _dropped_ever(self) -> int:
        return self._capture.waiting.dropped + self._lost

    async def _say_health_regularly(self) -> None:
        while not self._stop.is_set():
            self._say_health()
            try:
                await asyncio.wait_for(self._stop.wait(), HEALTH_EVERY_S)
            except TimeoutError:
                continue

    def _say_health(self) -> None:
        facts, now = self._capture.facts(), now_us()
        failing = NO_POSE if self._pose_is_away() and facts.state is CameraState.LIVE else ""
        self._emitter.health(
            CameraHealth(
                camera_id=self.camera.camera_id,
                epoch=self._stream.epoch,
                at_us=now,
                state=facts.state,
                reason=facts.reason or failing,
                width=facts.width,
                height=facts.height,
                codec=facts.codec,
                fps_in=facts.fps_in,
                fps_analysed=self._analysed.per_second(now),
                dropped=self._dropped_ever() - self._dropped_before,
                last_frame_at_us=self._last_frame_us,
                reconnects=facts.reconnects,
                view=self._viewing.view if facts.state is CameraState.LIVE else "",
                clock_off_s=facts.clock_off_s,
            )
        )
        self._count(facts.fps_in, facts.reconnects, live=facts.state is CameraState.LIVE)

    def _pose_is_away(self) -> bool:
        """A lone late answer is overload, and counted as such; only silence for a while is worth a sentence."""
        return self._failing_since is not None and time.monotonic() - self._failing_since > POSE_SILENT_S

    def _count(self, fps_in: float, reconnects: int, *, live: bool) -> None:
        dropped = self._capture.waiting.dropped
        self._metrics.dropped.labels(self._label).inc(dropped - self._counted)
        self._counted = dropped
        self._metrics.frames_in.labels(self._label).set(fps_in)
        self._metrics.reconnects.labels(self._label).set(reconnects)
        self._metrics.live.labels(self._label).set(live)
        if self.ring is not None:
            self._ring_counted = self._metrics.clips.count(self._label, self.ring, self._ring_counted)


def _note_due(metrics: WorkerMetrics, label: str, stop: asyncio.Event, wake: Callable[[], None]) -> None:
    """A frame waits (reader's thread)."""
    if not stop.is_set():
        metrics.due.labels(label).inc()
    wake()
