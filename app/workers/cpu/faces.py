"""Faces of people in front of cameras whose store allows it: a side path that pose never waits for.

Nothing here runs, and no face model is loaded, unless a fresh grant says `face` for some camera. Crops and embeddings
live in bounded queues for seconds and are dropped the moment their camera may no longer be looked at.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import cv2
from av import VideoFrame

from app.capture.polygons import Polygons
from app.contracts.biometrics import ProbeEmbedding
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.inference.loading import NotLoadedError
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.workers.best_shot import Head, Shots, Track, head_of
from app.workers.control import Grant, permitted, wanted
from app.workers.cpu.face_crop import beginning, crop
from app.workers.face_asking import OLDEST_S, FaceAsking, FaceModel, Float32, Measured, UInt8, hidden, probe_of
from app.workers.head_picture import behind
from app.workers.keeping import CHECK_EVERY_S, KeptModels, Loading, pause
from app.workers.telemetry import FaceMetrics

WAITING: Final = 16

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Shot:
    """One head that waits for the model.

    Attributes:
        picture: (h, w, 3) RGB, cut from a frame of `message` at `head.box`, behind the masks of that moment.
        eyes: (2, 2) x, y in pixels of the frame.
        offered_at: monotonic seconds.
    """

    message: TrackedFrame
    track: Track
    head: Head
    eyes: Float32
    picture: UInt8
    offered_at: float


class FaceStage:
    """Takes heads off tracked frames, asks the model one at a time, emits what is good enough.

    Args:
        grant: the present grant of the control plane.
        emit: takes a probe and whether it may still be sent when its turn comes.
        measured: told each answer.
    """

    def __init__(
        self,
        grant: Callable[[], Grant],
        model: FaceModel,
        loading: Loading,
        emit: Callable[[ProbeEmbedding, Callable[[], bool]], None],
        metrics: FaceMetrics,
        measured: Measured | None = None,
    ) -> None:
        self._grant, self._emit, self._metrics = grant, emit, metrics
        self._asking = FaceAsking(model, metrics, measured)
        self._drop = self._asking.drop
        self._waiting: deque[Shot] = deque()
        self._filled = asyncio.Event()
        self._shots = Shots()
        self._kept = KeptModels("face", loading, self._needed, self._forget, metrics.loaded)

    def offer(self, frame: VideoFrame, message: TrackedFrame) -> None:
        """Queue the promising heads of a tracked frame; returns at once, never fails, drops the oldest."""
        if not self._kept.ready or not self._may(message):
            return
        keypoints = message.keypoint_array()
        for track_id, person in zip(message.track_ids, keypoints, strict=True):
            head = head_of(person, message.width, message.height)
            track = (message.camera_id, message.epoch, track_id)
            if head is None or not self._shots.take(track, head.merit, message.captured_at_us):
                continue
            if len(self._waiting) >= WAITING:
                self._waiting.popleft()
                self._drop("full")
            try:
                picture = crop(frame, head.box)
            except (ValueError, cv2.error):  # pixels of a kind nobody has met: pose must not notice
                self._drop("picture")
                continue
            self._waiting.append(Shot(message, track, head, person[1:3, :2].copy(), picture, time.monotonic()))
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

    def _may(self, message: TrackedFrame) -> DesiredCamera | None:
        return permitted(self._grant(), message.camera_id, message.policy_revision, time.monotonic())

    async def _ask_all(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if not self._waiting:
                self._filled.clear()
                await self._filled.wait()
                continue
            try:
                await self._ask(self._waiting.popleft())
            except PennyError as error:
                self._drop("model")
                if isinstance(error, NotLoadedError):
                    self._kept.doubt()
                log.info("the face model does not answer", problem=str(error)[:120])
                await pause(stop, CHECK_EVERY_S)
            except Exception as error:
                self._drop("model")
                log.warning("a face could not be looked at", kind=type(error).__name__)

    async def _ask(self, shot: Shot) -> None:
        """One call. Policy and masks are looked at before it and again when the answer is there."""
        camera, frame = self._may(shot.message), shot.message
        if camera is None:
            return self._drop("policy")
        if time.monotonic() - shot.offered_at > OLDEST_S:
            return self._drop("late")
        if hidden(camera.masks, shot.eyes, frame.width, frame.height):
            return self._drop("mask")
        picture = shot.picture
        if camera.masks:  # drawn in the size of the frame, which takes milliseconds that other cameras need
            where = (*beginning(shot.head.box), frame.width, frame.height)
            picture = await asyncio.to_thread(behind, camera.masks, picture, *where)
        face = await self._asking.ask(picture, camera, lambda: self._may(frame))
        if face is None:
            return None
        self._shots.taken(shot.track, shot.head.merit)
        probe = await asyncio.to_thread(probe_of, frame, shot.track[2], camera, camera.face_version, face, picture)
        present = self._may(frame)
        if present is None or present.masks != camera.masks:  # the picture shows what others would hide
            return self._drop("policy" if present is None else "mask")
        self._emit(probe, lambda: self._still_sendable(shot, camera.masks))
        self._metrics.emitted.inc()
        return None

    def _still_sendable(self, shot: Shot, masks: Polygons) -> bool:
        """Not when policy or masks changed meanwhile, and not after some seconds: Redis may have been away."""
        camera = self._may(shot.message)
        return time.monotonic() - shot.offered_at <= 2 * OLDEST_S and camera is not None and camera.masks == masks
