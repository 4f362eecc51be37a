"""From faces that the secondary inference found to messages: under a fresh grant alone, each with the picture of its head.

nvinferserver calls one version of the pipeline model, the released one. A camera that uses another version is not opened anew for
it: its chosen heads are asked again of that version, as a CPU worker asks, so that a promotion is in force with the next face.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from app.capture.polygons import Polygons
from app.contracts.biometrics import ProbeEmbedding
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.inference.face_client import FACE_MODEL, FACE_VERSION, FaceAnswer
from app.inference.presentation import suspicion
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.workers.control import Grant, permitted
from app.workers.emitter import Emitter
from app.workers.gpu.handover import FaceFound
from app.workers.head_picture import LEAST_QUALITY, head_jpeg
from app.workers.keeping import pause
from app.workers.telemetry import FaceMetrics

WAITING: Final = 64
"""Faces that wait for their pictures: a second or two of a full GPU's."""

OLDEST_S: Final = 2.0
PAUSE_S: Final = 0.25

log = logger(__name__)
UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]


class FaceModel(Protocol):
    """Finds and embeds faces."""

    async def find(self, picture: UInt8, most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        """Faces of a head's picture, embedded by this version. PennyError when the model does not answer."""
        ...


@dataclass(frozen=True, slots=True)
class Shot:
    """One chosen face on its way; `offered_at` in monotonic seconds."""

    face: FaceFound
    message: TrackedFrame
    offered_at: float


Measured = Callable[[DesiredCamera, FaceAnswer | None, float], None]


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
        self._emitter, self._metrics, self._model = emitter, metrics, model
        self._grant, self._measured = grant, measured
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
        if hidden(camera.masks, shot.face.eyes, shot.message):
            return self._drop("mask")
        face, version = shot.face, camera.face_version
        rgb = await asyncio.to_thread(face.head.rgb, camera.masks) if face.head is not None else None
        if version != FACE_VERSION:
            if rgb is None:
                return self._drop("picture")
            answered = await self._ask(rgb, camera, shot)
            if answered is None:
                return None
            face = answered
        jpeg, attack = await asyncio.to_thread(_shown, rgb) if rgb is not None else (b"", 0.0)
        present = self._may(shot.message)
        if present is None or present.masks != camera.masks:  # the picture shows what others would hide
            return self._drop("policy" if present is None else "mask")
        self._emit(face, shot, camera, version, jpeg, attack)
        return None

    async def _ask(self, rgb: UInt8, camera: DesiredCamera, shot: Shot) -> FaceFound | None:
        """The face as the camera's own version embeds it; None, and counted, where it finds none that is good enough.

        The policy is looked at again when the answer is there: of what it forbids by then not even sums are kept.
        """
        self._metrics.asked.inc()
        began = time.monotonic()
        try:
            answer = await self._model.find(rgb, 1, camera.face_version)
        except PennyError:
            if self._may(shot.message) is not None:
                self._measured(camera, None, time.monotonic() - began)
            raise
        took_s = time.monotonic() - began
        self._metrics.seconds.observe(took_s)
        if self._may(shot.message) is None:
            self._drop("policy")
            return None
        self._measured(camera, answer, took_s)
        if not len(answer):
            self._drop("no face")
            return None
        if float(answer.quality[0].min()) < LEAST_QUALITY:
            self._drop("quality")
            return None
        width = float(answer.boxes[0, 2] - answer.boxes[0, 0])
        return replace(shot.face, width_px=width, quality=answer.quality[0], embedding=answer.embeddings[0])

    def _emit(self, face: FaceFound, shot: Shot, camera: DesiredCamera, version: str, jpeg: bytes, attack: float) -> None:
        message = shot.message
        probe = ProbeEmbedding(
            camera_id=message.camera_id,
            store_id=camera.store_id,
            epoch=message.epoch,
            track_id=message.track_ids[face.row],
            captured_at_us=message.captured_at_us,
            policy_revision=message.policy_revision,
            model=FACE_MODEL,
            model_version=version,
            face_px=face.width_px,
            quality=floats(face.quality),
            embedding=floats(face.embedding),
            picture=jpeg,
            attack=attack,
        )
        self._emitter.probe(probe, lambda: self._still_sendable(shot, camera.masks))
        self._metrics.emitted.inc()

    def _may(self, message: TrackedFrame) -> DesiredCamera | None:
        return permitted(self._grant(), message.camera_id, message.policy_revision, time.monotonic())

    def _still_sendable(self, shot: Shot, masks: Polygons) -> bool:
        """Not when policy or masks changed meanwhile, and not after some seconds: Redis may have been away."""
        camera = self._may(shot.message)
        return time.monotonic() - shot.offered_at <= 2 * OLDEST_S and camera is not None and camera.masks == masks

    def _drop(self, why: str) -> None:
        self._metrics.dropped.labels(why).inc()


def hidden(masks: Polygons, eyes: Float32, message: TrackedFrame) -> bool:
    """Whether one of the eyes (2, 2; pixels of the frame) lies under a mask in force: drawn since, or the picture had none."""
    places = eyes / (message.width, message.height)
    return any(
        cv2.pointPolygonTest(np.asarray(polygon, np.float32), (float(x), float(y)), measureDist=False) >= 0
        for polygon in masks
        for x, y in places
    )


def _shown(rgb: UInt8) -> tuple[bytes, float]:
    """Its JPEG, and how much it looks like a picture that is held up."""
    return head_jpeg(rgb), suspicion(rgb)
