"""Cameras of the GPU worker in the event loop: from frames handed over to messages, health and metrics."""

import time
from collections import deque

from app.capture.pacing import CaptureClock, RateMeter
from app.capture.ring import PacketRing
from app.contracts.control import DesiredCamera
from app.contracts.tracked import CameraHealth, CameraState, TrackedFrame
from app.kit.clock import now_us
from app.perception.detections import TrackedDetections
from app.workers.emitter import Emitter
from app.workers.gpu.graph import Change, Facts, State
from app.workers.gpu.handover import FrameCopy
from app.workers.gpu.rings import CameraRing
from app.workers.sightings import MOST_SIGHTINGS, Sighting, sighting_of
from app.workers.telemetry import WorkerMetrics
from app.workers.tracked import TrackedStream


class GpuCamera:
    """One camera. `accept` takes what the probes copied; `hear` what the graph tells.

    Attributes:
        packets: of the last minutes, for clips; None where none are kept.
        sightings: who was where in the last analysed frames: boxes only.
    """

    def __init__(self, camera: DesiredCamera, emitter: Emitter, metrics: WorkerMetrics, ring_bytes: int = 0) -> None:
        self.packets = CameraRing(ring_bytes) if ring_bytes else None
        self.sightings: deque[Sighting] = deque(maxlen=MOST_SIGHTINGS)
        self._ring_counted = 0
        self.adjust(camera)
        self._emitter, self._metrics = emitter, metrics
        self._label = str(camera.camera_id)
        self._stream, self._clock, self._rate = TrackedStream(camera.camera_id, emitter), CaptureClock(), RateMeter()
        self._state, self._reason = CameraState.CONNECTING, ""
        self._size, self._last_us, self._reconnects = (0, 0), 0, 0
        self._facts: Facts | None = None
        self._counted, self._fps_in = (0, 0.0), 0.0
        self.dropped = 0

    @property
    def ring(self) -> PacketRing | None:
        """The packets as the recorder cuts them."""
        return self.packets.ring if self.packets is not None else None

    def adjust(self, camera: DesiredCamera) -> None:
        """What is wanted of it now."""
        self.camera = camera
        if self.packets is not None:
            self.packets.set_masks(camera.masks)

    def accept(self, frame: FrameCopy) -> TrackedFrame | None:
        """Emit a frame; None when its connection is gone."""
        if self._stream.is_past(frame.connection):
            return None
        self._stream.enter(frame.connection, (frame.width, frame.height))
        captured = self._clock.at(frame.ntp_ns // 1000 or None, frame.received_us - round(frame.waited_s * 1e6))
        tracked = TrackedDetections(frame.found, frame.track_ids)
        message = self._stream.say(tracked, captured, frame.received_us, self.camera.policy_revision)
        self._size, self._last_us = (frame.width, frame.height), captured
        self.sightings.append(sighting_of(message))
        if self.packets is not None:
            self.packets.matched(frame.connection, frame.pts_ns, captured, self._size)
        self._rate.add(now_us())
        self._metrics.analysed.labels(self._label).inc()
        self._metrics.latency.observe(max(0.0, (now_us() - captured) / 1e6))
        return message

    def hear(self, change: Change) -> None:
        """The stream's state changed."""
        refused = change.pad < 0
        self._state = CameraState.REFUSED if refused else CameraState(change.state.value)
        self._reason = "" if change.state is State.LIVE else change.reason
        self._reconnects = change.reconnects
        self.say_health()

    def count(self, facts: Facts | None) -> None:
        """Counters of the graph, about every 2 s."""
        self._facts = facts
        now = time.monotonic()
        frames = facts.frames_in if facts is not None else 0
        before, at = self._counted
        if at:
            self._fps_in = max(0.0, (frames - before) / max(1e-3, now - at))
        self._counted = (frames, now)
        self._metrics.frames_in.labels(self._label).set(self._fps_in)
        self._metrics.live.labels(self._label).set(self._state is CameraState.LIVE)
        self._metrics.reconnects.labels(self._label).set(self._reconnects)
        if self.ring is not None:
            self._ring_counted = self._metrics.clips.count(self._label, self.ring, self._ring_counted)

    def say_health(self) -> None:
        """Emit the present state."""
        now = now_us()
        self._emitter.health(
            CameraHealth(
                camera_id=self.camera.camera_id,
                epoch=self._stream.epoch,
                at_us=now,
                state=self._state,
                reason=self._reason,
                width=self._size[0],
                height=self._size[1],
                codec="",
                fps_in=self._fps_in,
                fps_analysed=self._rate.per_second(now),
                dropped=self.dropped,
                last_frame_at_us=self._last_us,
                reconnects=self._reconnects,
            )
        )

    def close(self) -> None:
        """The camera is no longer this worker's."""
        self._stream.close()
        self._state, self._reason = CameraState.STOPPED, ""
        self.say_health()
        self._metrics.forget(self._label)
