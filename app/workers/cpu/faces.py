"""Faces of people in front of cameras whose store allows it: a side path that pose never waits for.

Nothing here runs, and no face model is loaded, unless a fresh grant says `face` for some camera. Crops and embeddings
live in bounded queues for seconds and are dropped the moment their camera may no longer be looked at.
"""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt
from av import VideoFrame

from app.contracts.biometrics import ProbeEmbedding
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.contracts.wire import floats
from app.inference.face_client import FACE_MODEL, FACE_VERSION, FaceAnswer
from app.inference.loading import NotLoadedError
from app.inference.presentation import suspicion
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.workers.best_shot import Shots, Track, head_of
from app.workers.control import Grant, permitted, wanted
from app.workers.cpu.face_crop import crop
from app.workers.head_picture import LEAST_QUALITY, head_jpeg
from app.workers.keeping import CHECK_EVERY_S, KeptModels, Loading, pause
from app.workers.telemetry import FaceMetrics

WAITING: Final = 16
OLDEST_S: Final = 2.0

log = logger(__name__)


class FaceModel(Protocol):
    """Finds and embeds faces."""

    async def find(self, picture: npt.NDArray[np.uint8], most: int = 1, version: str = FACE_VERSION) -> FaceAnswer:
        """Faces of a crop, embedded by this version. PennyError when the model does not answer."""
        ...


@dataclass(frozen=True, slots=True)
class Shot:
    """One head that waits for the model."""

    camera_id: uuid.UUID
    policy_revision: int
    track: Track
    captured_at_us: int
    offered_at: float
    merit: float
    picture: npt.NDArray[np.uint8]


class FaceStage:
    """Takes heads off tracked frames, asks the model one at a time, emits what is good enough.

    Args:
        grant: the present grant of the control plane.
        emit: takes a probe and whether it may still be sent when its turn comes.
        measured: told each answer about a camera whose faces may be looked at (None: there was none), and the seconds it took.
    """

    def __init__(
        self,
        grant: Callable[[], Grant],
        model: FaceModel,
        loading: Loading,
        emit: Callable[[ProbeEmbedding, Callable[[], bool]], None],
        metrics: FaceMetrics,
        measured: Callable[[DesiredCamera, FaceAnswer | None, float], None] | None = None,
    ) -> None:
        self._grant, self._model, self._emit = grant, model, emit
        self._metrics, self._measured = metrics, measured
        self._waiting: deque[Shot] = deque()
        self._filled = asyncio.Event()
        self._shots = Shots()
        self._kept = KeptModels("face", loading, self._needed, self._forget, metrics.loaded)

    def offer(self, frame: VideoFrame, message: TrackedFrame) -> None:
        """Queue the promising heads of a tracked frame; returns at once, never fails, drops the oldest."""
        if not self._kept.ready or not self._may(message.camera_id, message.policy_revision):
            return
        keypoints = message.keypoint_array()
        for track_id, person in zip(message.track_ids, keypoints, strict=True):
            head = head_of(person, message.width, message.height)
            track = (message.camera_id, message.epoch, track_id)
            if head is None or not self._shots.take(track, head.merit, message.captured_at_us):
                continue
            if len(self._waiting) >= WAITING:
                self._waiting.popleft()
                self._metrics.dropped.labels("full").inc()
            try:
                picture = crop(frame, head.box)
            except (ValueError, cv2.error):  # pixels of a kind nobody has met: pose must not notice
                self._metrics.dropped.labels("picture").inc()
                continue
            now, at_us = time.monotonic(), message.captured_at_us
            shot = Shot(message.camera_id, message.policy_revision, track, at_us, now, head.merit, picture)
            self._waiting.append(shot)
            self._filled.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Ask about what waits until `stop`; bring the models when a camera needs them, take them away when none does."""
        async with asyncio.TaskGroup() as group:
            keeping = group.create_task(self._kept.run(stop))
            asking = group.create_task(self._ask_all(stop))
            await stop.wait()
            self._filled.set()
            await asyncio.wait({keeping, asking})
        self._waiting.clear()

    def _needed(self) -> bool:
        return wanted(self._grant(), time.monotonic())

    def _forget(self) -> None:
        self._waiting.clear()
        self._shots.forget()

    def _may(self, camera_id: uuid.UUID, revision: int) -> DesiredCamera | None:
        return permitted(self._grant(), camera_id, revision, time.monotonic())

    async def _ask_all(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._waiting:
                self._filled.clear()
                await self._filled.wait()
                continue
            shot = self._waiting.popleft()
            if (camera := self._may(shot.camera_id, shot.policy_revision)) is None:
                self._metrics.dropped.labels("policy").inc()
            elif time.monotonic() - shot.offered_at > OLDEST_S:
                self._metrics.dropped.labels("late").inc()
            else:
                try:
                    await self._ask(shot, camera)
                except PennyError as error:
                    self._metrics.dropped.labels("model").inc()
                    if isinstance(error, NotLoadedError):
                        self._kept.doubt()
                    log.info("the face model does not answer", problem=str(error)[:120])
                    await pause(stop, CHECK_EVERY_S)
                except Exception as error:
                    self._metrics.dropped.labels("model").inc()
                    log.warning("a face could not be looked at", kind=type(error).__name__)

    async def _ask(self, shot: Shot, asked: DesiredCamera) -> None:
        """One call, of the version that the camera uses. The policy is looked at again when the answer is there."""
        self._metrics.asked.inc()
        began = time.monotonic()
        try:
            answer = await self._model.find(shot.picture, 1, asked.face_version)
        except PennyError:
            if self._measured is not None and self._may(shot.camera_id, shot.policy_revision) is not None:
                self._measured(asked, None, time.monotonic() - began)
            raise
        took_s = time.monotonic() - began
        self._metrics.seconds.observe(took_s)
        camera = self._may(shot.camera_id, shot.policy_revision)
        if camera is None:
            return self._metrics.dropped.labels("policy").inc()
        if self._measured is not None:
            self._measured(asked, answer, took_s)
        if not len(answer):
            return self._metrics.dropped.labels("no face").inc()
        if float(answer.quality[0].min()) < LEAST_QUALITY:
            return self._metrics.dropped.labels("quality").inc()
        self._shots.taken(shot.track, shot.merit)
        probe = ProbeEmbedding(
            camera_id=shot.camera_id,
            store_id=camera.store_id,
            epoch=shot.track[1],
            track_id=shot.track[2],
            captured_at_us=shot.captured_at_us,
            policy_revision=shot.policy_revision,
            model=FACE_MODEL,
            model_version=asked.face_version,
            face_px=float(answer.boxes[0, 2] - answer.boxes[0, 0]),
            quality=floats(answer.quality[0]),
            embedding=floats(answer.embeddings[0]),
            picture=head_jpeg(shot.picture),
            attack=suspicion(shot.picture),
        )
        self._emit(probe, lambda: self._still_sendable(shot))
        self._metrics.emitted.inc()
        return None

    def _still_sendable(self, shot: Shot) -> bool:
        """Not when the policy changed meanwhile, and not after some seconds: Redis may have been away."""
        young = time.monotonic() - shot.offered_at <= 2 * OLDEST_S
        return young and self._may(shot.camera_id, shot.policy_revision) is not None
