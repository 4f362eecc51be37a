"""A version of the pose model beside the one in use: asked about some frames that were analysed already, compared, and forgotten.

Nothing it answers reaches a tracker, a message or a viewer. It is asked one frame at a time, at most one a second of a camera,
and where the worker knows them (`has_room`) only in moments that no camera needs (`turns`).
"""

import asyncio
import contextlib
import math
import time
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
import numpy.typing as npt

from app.contracts.control import DesiredCamera
from app.contracts.models import LARGEST_STILL, Disagreement
from app.inference.picture import Picture
from app.kit.backoff import Backoff
from app.kit.logs import logger
from app.models.comparison import CERTAIN, compare
from app.perception.blur import coarsen, head_area
from app.perception.detections import Detections
from app.workers.model_reports import Readings
from app.workers.pose_clients import LONGEST_S, PoseModel
from app.workers.turns import LOOK_S, Turn, turn_of

EVERY_US: Final = 1_000_000
WAITING: Final = 2
STILL_EVERY_US: Final = 60_000_000
"""Of one camera, so that the gallery shows many places and not one of them many times."""
WIDEST: Final = 640
QUALITIES: Final = (70, 40, 10)
"""The first whose JPEG is small enough is taken."""
AFTER_STOP_S: Final = 0.5
"""What is being compared may still take, once the worker is to stop."""
CAMERAS_REMEMBERED: Final = 5_000
GREEN: Final = (80, 200, 80)
MAGENTA: Final = (200, 40, 220)
"""BGR: the version in use, and the other."""

log = logger(__name__)


class Shown(Picture, Protocol):
    """A frame that a model can be asked about, and people be shown."""

    def pixels(self, long_side: int) -> npt.NDArray[np.uint8]:
        """(h, w, 3) BGR, scaled down so that the long side is at most `long_side` pixels; the caller's own, to draw on."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """A frame that the version in use has answered."""

    camera: DesiredCamera
    picture: Shown
    captured_at_us: int
    found: Detections
    took_s: float


class Shadowing:
    """Takes note of every answer, and asks the shadowed version about some of the frames.

    Args:
        model: the client of a model's version.
        has_room: whether the server has nothing of cameras to do now; always so where only NVIDIA's elements know.
    """

    def __init__(
        self, model: Callable[[str, str], PoseModel], readings: Readings, has_room: Callable[[], bool] = lambda: True
    ) -> None:
        self._model, self._readings, self._has_room = model, readings, has_room
        self._asked_at = -math.inf
        self._waiting: deque[Look] = deque()
        self._filled = asyncio.Event()
        self._asked: dict[uuid.UUID, int] = {}
        self._shown: dict[uuid.UUID, int] = {}
        self._retry, self._failures = Backoff(first_s=0.5, longest_s=10.0), 0

    def answered(
        self, camera: DesiredCamera, picture: Shown | None, captured_at_us: int, found: Detections | None, took_s: float
    ) -> None:
        """The version in use answered a frame, or did not (`found` is None). Returns at once and never fails.

        Args:
            picture: None where this frame is not at hand; the shadowed version is not asked about it.
        """
        if found is None:
            self._readings.failed(camera)
            return
        self._readings.answered(camera, found, took_s)
        if picture is None or not is_shadowed(camera) or not _due(self._asked, camera.camera_id, captured_at_us, EVERY_US):
            return
        if len(self._waiting) >= WAITING:
            self._readings.shadow_skipped(camera)
            return
        self._waiting.append(Look(camera, picture, captured_at_us, found, took_s))
        self._filled.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Compare until `stop`."""
        ended = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                if not self._waiting:
                    self._filled.clear()
                    filled = asyncio.create_task(self._filled.wait())
                    await asyncio.wait((filled, ended), return_when=asyncio.FIRST_COMPLETED)
                    filled.cancel()
                    continue
                await self._unless_ended(self._in_turn(self._waiting.popleft(), stop), ended)
        finally:
            ended.cancel()
            self._waiting.clear()

    async def _unless_ended(self, work: Coroutine[Any, Any, None], ended: "asyncio.Task[Any]") -> None:
        """`work` until its end, and no longer than a moment after the worker is to stop."""
        task = asyncio.create_task(work)
        try:
            await asyncio.wait((task, ended), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                await asyncio.wait((task,), timeout=AFTER_STOP_S)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _in_turn(self, look: Look, stop: asyncio.Event) -> None:
        """Compare once cameras leave room; a frame for which they left none is passed over, and counted."""
        began = time.monotonic()
        while (turn := turn_of(self._has_room(), time.monotonic() - began, time.monotonic() - self._asked_at)) is Turn.WAIT:
            await asyncio.sleep(LOOK_S)
        if turn is Turn.PASS:
            self._readings.shadow_skipped(look.camera)
            return
        await self._compare(look, stop)
        self._asked_at = time.monotonic()

    async def _compare(self, look: Look, stop: asyncio.Event) -> None:
        camera = look.camera
        try:
            began = time.monotonic()
            async with asyncio.timeout(LONGEST_S):
                found = (await self._model(camera.pose_model, camera.shadow_version).detect([look.picture]))[0]
            took_s = time.monotonic() - began
        except Exception as error:  # whatever a version that nobody promoted does, the worker analyses without it
            self._readings.shadow_failed(camera)
            if not self._failures:
                problem = str(error) or type(error).__name__
                log.warning("the shadowed version does not answer", version=camera.shadow_version, problem=problem)
            pause = self._retry.delay_s(self._failures)
            self._failures += 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            return
        self._failures = 0
        try:
            await self._note(look, found, took_s)
        except Exception:  # a defect here must not end the worker, which analyses without it
            log.exception("a comparison failed", camera=str(camera.camera_id))

    async def _note(self, look: Look, found: Detections, took_s: float) -> None:
        camera = look.camera
        compared = compare(look.found, found)
        self._readings.compared(camera, compared, look.took_s, took_s)
        if compared.agrees or not _due(self._shown, camera.camera_id, look.captured_at_us, STILL_EVERY_US):
            return
        still = await asyncio.to_thread(blurred_still, look.picture, look.found, found)
        self._readings.disagreed(
            Disagreement(
                camera.camera_id, camera.pose_model, int(camera.shadow_version), int(camera.pose_version), look.captured_at_us,
                compared.only_old, compared.only_new, compared.least_likeness, still,
            )
        )  # fmt: skip


def is_shadowed(camera: DesiredCamera) -> bool:
    """Whether another version is to be asked about some of this camera's frames."""
    return bool(camera.shadow_version) and camera.shadow_version != camera.pose_version


def blurred_still(picture: Shown, old: Detections, new: Detections) -> bytes:
    """JPEG of a frame: heads of everybody whom either found in coarse blocks, boxes of `old` green and of `new` magenta."""
    pixels = picture.pixels(WIDEST)
    factors = np.array([pixels.shape[1] / picture.width, pixels.shape[0] / picture.height], np.float64)
    for found in (old, new):
        for box, points in zip(found.boxes, found.keypoints, strict=True):
            coarsen(pixels, head_area(box, points, factors))
    for found, colour, width in ((old, GREEN, 3), (new, MAGENTA, 1)):
        for box in found.boxes[found.scores >= CERTAIN].astype(np.float64):
            x1, y1, x2, y2 = (round(float(side)) for side in box * np.tile(factors, 2))
            cv2.rectangle(pixels, (x1, y1), (x2, y2), colour, width)
    for quality in QUALITIES:
        done, out = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if done and len(out) <= LARGEST_STILL:
            return out.tobytes()
    raise ValueError("OpenCV could not encode a still that is small enough")


def _due(last: dict[uuid.UUID, int], camera_id: uuid.UUID, at_us: int, every_us: int) -> bool:
    """Whether it is time again for this camera; a clock that went back is no reason to wait."""
    if 0 <= at_us - last.get(camera_id, -every_us) < every_us:
        return False
    if len(last) >= CAMERAS_REMEMBERED:
        last.clear()
    last[camera_id] = at_us
    return True
