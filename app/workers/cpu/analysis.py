"""Frames to tracked frames: a few in flight at once, fair between cameras, pictures for those who watch."""

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Iterable
from typing import Final

from av import VideoFrame

from app.capture.frame import CapturedFrame
from app.capture.pictures import jpeg_of
from app.contracts.control import DesiredCamera
from app.contracts.tracked import TrackedFrame
from app.inference.picture import DecodedPicture
from app.kit.backoff import Backoff
from app.kit.errors import PennyError
from app.kit.logs import logger
from app.kit.tracing import begin_trace
from app.perception.detections import Detections
from app.workers.cpu.fair import note_turn, whose_turn
from app.workers.cpu.lane import Lane
from app.workers.cpu.places import Places, Request
from app.workers.emitter import Emitter
from app.workers.outlets import AWAY
from app.workers.pose_clients import LONGEST_S, PoseModel
from app.workers.simulated.lane import SimulatedLane
from app.workers.telemetry import WorkerMetrics

IN_FLIGHT: Final = 3
"""One more than two instances of the pose model, so that none runs dry; the last is sent just in time, so that hardly a frame
grows old at the server (`places`)."""

WATCH_EVERY_S: Final = 1.0

log = logger(__name__)


Seen = Callable[[DesiredCamera, CapturedFrame, Detections | None, float], None]
"""What the camera was to use, the frame, what was found (None: no answer), and seconds from asking to the answer."""


class Analysis:
    """Takes frames off lanes, asks the model, hands the answers back to the lanes."""

    def __init__(
        self,
        lanes: Callable[[], Iterable[Lane]],
        model: Callable[[Lane], PoseModel],
        emitter: Emitter,
        metrics: WorkerMetrics,
        in_flight: int = IN_FLIGHT,
        faces: Callable[[VideoFrame, TrackedFrame], None] | None = None,
        watched: Callable[[], Iterable["Lane | SimulatedLane"]] | None = None,
        seen: Seen | None = None,
    ) -> None:
        self._lanes, self._model = lanes, model
        self._watched = watched or lanes
        self._emitter, self._metrics = emitter, metrics
        self._places, self._faces, self._seen = Places(in_flight), faces, seen
        self._work = asyncio.Event()
        self._failures = 0
        self._retry = Backoff(first_s=0.1, longest_s=2.0)

    def wake(self) -> None:
        """A frame may wait (event loop only)."""
        self._work.set()

    @property
    def has_room(self) -> bool:
        """Whether no frame waits, not even for the one before it, and one that came now would be sent at once."""
        return not any(lane.has_frame for lane in self._lanes()) and self._places.pause_s() <= 0

    async def run(self, stop: asyncio.Event) -> None:
        """Analyse until `stop`; frames in flight are let finish."""
        pause = math.inf
        async with asyncio.TaskGroup() as group:
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause if pause < math.inf else None):
                        await self._work.wait()
                self._work.clear()
                pause = self._send_due(group)

    def _send_due(self, group: asyncio.TaskGroup) -> float:
        """Send what may be sent now; seconds until to look again, infinite when something has to happen first."""
        while (turn := whose_turn(self._sendable())) is not None:
            lane, first = turn
            frame = lane.take()
            if frame is None:
                break
            if lane.rests(frame):
                lane.busy = False
                continue
            note_turn(lane, first)
            group.create_task(self._serve(lane, frame, self._places.take(lane.camera.pose_version)))
        waiting = {lane.camera.pose_version for lane in self._lanes() if lane.has_frame and not lane.busy}
        return min((self._places.pause_s(each) for each in waiting), default=math.inf)

    def _sendable(self) -> list[Lane]:
        """Cameras whose version has a place."""
        lanes = list(self._lanes())
        able = {each for each in {lane.camera.pose_version for lane in lanes} if self._places.pause_s(each) <= 0}
        return [lane for lane in lanes if lane.camera.pose_version in able]

    async def _serve(self, lane: Lane, frame: CapturedFrame, place: Request) -> None:
        """One frame, start to end. Nothing that goes wrong here reaches another camera."""
        self._metrics.in_flight.inc()
        try:
            await self._analyse(lane, frame, place)
        except Exception:
            log.exception("analysing a frame failed", camera=str(lane.camera.camera_id))
            lane.lose()
        finally:
            self._metrics.in_flight.dec()
            lane.busy = False
            self._places.leave(place)
            self._work.set()

    async def _analyse(self, lane: Lane, frame: CapturedFrame, place: Request) -> None:
        with begin_trace("frame", camera_id=str(lane.camera.camera_id)) as parent:
            camera, began = lane.camera, time.monotonic()
            try:
                async with asyncio.timeout(LONGEST_S):
                    found = (await self._model(lane).detect([DecodedPicture(frame.picture)]))[0]
            except (PennyError, TimeoutError) as error:
                lane.lose()
                self._note(camera, frame, None, began)
                await self._rest(error)
                return
            self._places.answered(place)
            self._work.set()  # another may be sent before this one's picture is made
            self._failures = 0
            self._note(camera, frame, found, began)
            message = lane.accept(frame, found, parent)
        if message is not None and self._faces is not None:
            self._faces(frame.picture, message)
        if message is not None and lane.watched:
            jpeg = await asyncio.to_thread(jpeg_of, frame.picture)
            self._emitter.picture(lane.camera.camera_id, frame.captured_at_us, jpeg)

    def _note(self, camera: DesiredCamera, frame: CapturedFrame, found: Detections | None, began: float) -> None:
        if self._seen is not None:
            self._seen(camera, frame, found, time.monotonic() - began)

    async def _rest(self, error: Exception) -> None:
        """Hold this place in the queue for a while: a model that is down is not asked at full speed."""
        if self._failures == 0:
            log.warning("the pose model does not answer", problem=str(error) or type(error).__name__)
        await asyncio.sleep(self._retry.delay_s(self._failures))
        self._failures += 1

    async def watch(self, stop: asyncio.Event) -> None:
        """Ask about once a second which cameras somebody looks at, all in one look-up."""
        while not stop.is_set():
            lanes = list(self._watched())
            if lanes:
                with contextlib.suppress(*AWAY):
                    async with asyncio.timeout(WATCH_EVERY_S):
                        seen = await self._emitter.watched([lane.camera.camera_id for lane in lanes])
                        for lane, watched in zip(lanes, seen, strict=True):
                            lane.watched = watched
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WATCH_EVERY_S)
