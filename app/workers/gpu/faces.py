"""From faces that the secondary inference found to messages: under a fresh grant alone, each with the picture of its head.

nvinferserver calls one version of the pipeline model, the released one. A camera that uses another version is not opened anew for
it: its chosen heads are asked again of that version, as a CPU worker asks, so that a promotion is in force with the next face.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from app.capture.polygons import Polygons
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.inference.face_client import FACE_VERSION
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.workers.control import Grant, permitted
from app.workers.emitter import Emitter
from app.workers.face_asking import OLDEST_S, Face, FaceAsking, FaceModel, Measured, hidden, probe_of
from app.workers.gpu.handover import FaceFound
from app.workers.head_picture import LEAST_QUALITY
from app.workers.keeping import pause
from app.workers.telemetry import FaceMetrics

WAITING: Final = 64
"""Faces that wait for their pictures: a second or two of a full GPU's."""

PAUSE_S: Final = 0.25

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Shot:
    """One chosen face on its way; `offered_at` in monotonic seconds."""

    face: FaceFound
    message: TrackedFrame
    offered_at: float


class Faces:
    """Sends the faces that the probes chose. Event loop only.

    Args:
        model: asked about heads of cameras that use another version than nvinferserver calls.
        grant: the present grant of the control plane.
        measured: told each answer of that model, as by the CPU worker.
    """

    def __init__(
        self, emitter: Emitter, metrics: FaceMetrics, model: FaceModel, grant: Callable[[], Grant], measured: Measured
    ) -> None:
        self._emitter, self._metrics, self._grant = emitter, metrics, grant
        self._asking = FaceAsking(model, metrics, measured)
        self._drop = self._asking.drop
        self._waiting: deque[Shot] = deque()
        self._filled = asyncio.Event()

    def offer(self, found: tuple[FaceFound, ...], message: TrackedFrame) -> None:
        """Queue what is allowed, good enough and chosen; returns at once, drops the oldest."""
        for face in found:
            if self._may(message) is None:
                self._drop("policy")
            elif float(face.quality.min()) < LEAST_QUALITY:
                self._drop("quality")
            elif face.chosen:
                if len(self._waiting) >= WAITING:
                    self._waiting.popleft()
                    self._drop("full")
                self._waiting.append(Shot(face, message, time.monotonic()))
                self._filled.set()

    def forget(self) -> None:
        """No camera's faces may be looked at any more."""
        self._waiting.clear()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; what waits then is let go of."""
        while not stop.is_set():
            if not self._waiting:
                self._filled.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._filled.wait(), PAUSE_S)
                continue
            try:
                await self._send(self._waiting.popleft())
            except PennyError as error:
                self._drop("model")
                log.info("the face model does not answer", problem=str(error)[:120])
                await pause(stop, PAUSE_S)
            except Exception as error:
                self._drop("model")
                log.warning("a face could not be sent", kind=type(error).__name__)
        self._waiting.clear()

    async def _send(self, shot: Shot) -> None:
        camera = self._may(shot.message)
        if camera is None:
            return self._drop("policy")
        if time.monotonic() - shot.offered_at > OLDEST_S:
            return self._drop("late")
        if hidden(camera.masks, shot.face.eyes, shot.message.width, shot.message.height):
            return self._drop("mask")
        found, version = shot.face, camera.face_version
        face: Face | None = Face(found.width_px, found.quality, found.embedding)
        rgb = await asyncio.to_thread(found.head.rgb, camera.masks) if found.head is not None else None
        if version != FACE_VERSION:
            if rgb is None:
                return self._drop("picture")
            face = await self._asking.ask(rgb, camera, lambda: self._may(shot.message))
        if face is None:
            return None
        probe = await asyncio.to_thread(probe_of, shot.message, shot.message.track_ids[found.row], camera, version, face, rgb)
        present = self._may(shot.message)
        if present is None or present.masks != camera.masks:  # the picture shows what others would hide
            return self._drop("policy" if present is None else "mask")
        self._emitter.probe(probe, lambda: self._still_sendable(shot, camera.masks))
        self._metrics.emitted.inc()
        return None

    def _may(self, message: TrackedFrame) -> DesiredCamera | None:
        return permitted(self._grant(), message.camera_id, message.policy_revision, time.monotonic())

    def _still_sendable(self, shot: Shot, masks: Polygons) -> bool:
        """Not when policy or masks changed meanwhile, and not after some seconds: Redis may have been away."""
        camera = self._may(shot.message)
        return time.monotonic() - shot.offered_at <= 2 * OLDEST_S and camera is not None and camera.masks == masks
