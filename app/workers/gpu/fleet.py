"""The cameras of a GPU worker and the pipelines they run in."""

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from app.contracts.control import DesiredCamera
from app.kit.backoff import Backoff
from app.kit.errors import PennyError, UnavailableError
from app.kit.logs import logger
from app.workers.emitter import Emitter
from app.workers.gpu.building import Pipeline
from app.workers.gpu.cameras import GpuCamera
from app.workers.gpu.counting import Counting
from app.workers.gpu.faces import Faces
from app.workers.gpu.gauges import GpuMetrics
from app.workers.gpu.graph import Change, Fatal, Slot, State
from app.workers.gpu.handover import Bell, FrameCopy
from app.workers.gpu.packets import Packet
from app.workers.gpu.sources import replace_off
from app.workers.gpu.versions import Version, promotions, ran, wanted_of
from app.workers.shadow import Shadowing
from app.workers.telemetry import WorkerMetrics

EVERY_S: Final = 2.0
AT_ONCE: Final = 64
STOP_S: Final = 6.0

log = logger(__name__)


class Fleet:
    """The cameras of this worker and the pipelines they run in. Event loop only; the graphs' threads call in through it.

    Args:
        build: makes and starts a pipeline for a version; may fail with a PennyError.
        ring_bytes: of encoded packets kept for each camera's clips.
        shadow: told every answer of the pose model, and that there was none.
    """

    def __init__(
        self,
        build: "Callable[[Version, Fleet], Pipeline]",
        check: "Callable[[Version], Any]",
        promote: "Callable[[Pipeline, Version, Callable[[bool], None]], None]",
        emitter: Emitter,
        metrics: WorkerMetrics,
        gpu: GpuMetrics,
        faces: Faces,
        shadow: Shadowing,
        ring_bytes: int = 0,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._build, self._check, self._promote = build, check, promote
        self._emitter, self._metrics, self.gpu, self._faces, self._shadow = emitter, metrics, gpu, faces, shadow
        self._ring_bytes, self._wanted, self._cameras = ring_bytes, dict[uuid.UUID, DesiredCamera](), dict[uuid.UUID, GpuCamera]()
        self.pipelines: dict[Version, Pipeline] = {}
        self._changed, self._frames_wait = asyncio.Event(), Bell(self.loop)
        self.wake = self._frames_wait.ring
        self._counting = Counting(gpu, shadow)
        self._retry = Backoff(first_s=1.0, longest_s=15.0)
        self._failures, self._due = dict[Version, int](), dict[Version, float]()
        self.faces_on, self.connections = False, itertools.count(1)

    # Called by others

    def want(self, cameras: dict[uuid.UUID, DesiredCamera]) -> None:
        """Run these cameras and no others (control plane)."""
        self._wanted = cameras
        for camera_id in [held for held in self._cameras if held not in cameras]:
            self._cameras.pop(camera_id).close()
        for camera_id, camera in cameras.items():
            if camera_id not in self._cameras:
                self._cameras[camera_id] = GpuCamera(camera, self._emitter, self._metrics, self._ring_bytes)
            self._cameras[camera_id].adjust(camera)
        for pipeline in self.pipelines.values():
            for source in pipeline.sources.all():
                source.camera = cameras.get(source.camera.camera_id, replace_off(source.camera))
        self._changed.set()

    def ids(self) -> list[uuid.UUID]:
        """The cameras that run."""
        return list(self._cameras)

    def heard(self, pipeline: Callable[[], Pipeline], change: Change) -> None:
        """From a graph's thread: a source changed. The table of pads is written here, before the first frame is read."""
        pipeline().sources.heard(change, self._wanted.get(change.camera))
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._tell, change)

    def packet(self, slot: Slot, connection: int, packet: Packet) -> None:
        """From streaming threads: an encoded picture, for clips."""
        camera = self._cameras.get(slot.camera)
        if camera is not None and camera.packets is not None:
            camera.packets.add(connection, packet)

    def recorded(self) -> dict[uuid.UUID, GpuCamera]:
        """The cameras with their packets and sightings, for the recorder."""
        return dict(self._cameras)

    def fatal(self, key: Version, reason: str) -> None:
        """From a graph's thread: a pipeline can do no more."""

        def mark() -> None:
            if key in self.pipelines:
                self.pipelines[key].failed = reason
                self._changed.set()

        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(mark)

    def _tell(self, change: Change) -> None:
        camera = self._cameras.get(change.camera)
        if camera is not None:
            camera.hear(change)

    # Loops

    async def run(self, stop: asyncio.Event) -> None:
        """Keep pipelines and counters until `stop`."""
        while not stop.is_set():
            self._changed.clear()
            await self._reconcile()
            self._count()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._first(stop), EVERY_S)
        await self.close()

    async def _first(self, stop: asyncio.Event) -> None:
        waits = [asyncio.ensure_future(event.wait()) for event in (self._changed, stop)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    async def drain(self, over: asyncio.Event) -> None:
        """Emit what the probes handed over until `over`, then what is left."""
        while not over.is_set():
            self._frames_wait.heard.clear()
            if not self._take():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._frames_wait.heard.wait(), 0.2)
            await asyncio.sleep(0)
        while self._take():
            pass

    def _take(self) -> int:
        taken = 0
        for pipeline in list(self.pipelines.values()):
            while taken < AT_ONCE and (frame := pipeline.handover.take()) is not None:
                taken += 1
                self._accept(pipeline, frame)
        return taken

    def _accept(self, pipeline: Pipeline, frame: FrameCopy) -> None:
        source = pipeline.sources.get(frame.source_id)
        camera = self._cameras.get(source.camera.camera_id) if source is not None else None
        if source is None or camera is None or source.connection != frame.connection:
            self.gpu.wrong.labels("late").inc()
            return
        message = camera.accept(frame)
        if message is not None:
            asked = ran(camera.camera, pipeline.key)
            self._shadow.answered(asked, frame.picture, message.captured_at_us, frame.everybody, frame.answered_s)
            self.gpu.stage.labels("emitted").observe(frame.waited_s)
            self.gpu.camera_latency.labels(str(camera.camera.camera_id)).set(frame.waited_s)
            if frame.faces:
                self._faces.offer(frame.faces, message)

    async def _reconcile(self) -> None:
        keys = {camera_id: Version(camera.pose_model, camera.pose_version) for camera_id, camera in self._wanted.items()}
        for key in [key for key, pipeline in self.pipelines.items() if pipeline.failed]:
            await self._end(key, self.pipelines[key].failed)
        running = {key: set(pipeline.cameras) for key, pipeline in self.pipelines.items()}
        for old, new in promotions(running, keys).items():
            if await self._may(new):
                await self._swap(old, new)
        for key in [key for key in self.pipelines if key not in keys.values()]:
            await self._end(key, "")
        for key in sorted(set(keys.values())):
            pipeline = self.pipelines.get(key) or await self._begin(key)
            if pipeline is not None:
                mine = frozenset(camera_id for camera_id, own in keys.items() if own == key)
                pipeline.cameras = mine
                pipeline.graph.want({each: wanted_of(self._wanted[each]) for each in mine})

    async def _may(self, key: Version) -> bool:
        """Whether Triton serves this version in the shapes of its contract; what is wrong is told to the cameras."""
        if time.monotonic() < self._due.get(key, 0.0):
            return False
        try:
            await self._check(key)
        except PennyError as error:
            self._put_off(key, error.detail)
            return False
        return True

    def _put_off(self, key: Version, why: str) -> None:
        failures = self._failures.get(key, 0)
        if failures == 0:
            log.warning("the pose version cannot run", model=key.model, version=key.version, problem=why)
        self._failures[key] = failures + 1
        self._due[key] = time.monotonic() + self._retry.delay_s(failures)
        for camera_id, camera in self._wanted.items():
            if Version(camera.pose_model, camera.pose_version) == key:
                self._tell(Change(camera_id, 0, 0, State.RECONNECTING, why))

    async def _begin(self, key: Version) -> Pipeline | None:
        if not await self._may(key):
            return None
        try:
            pipeline = await asyncio.to_thread(self._build, key, self)
        except (PennyError, Fatal) as error:
            self._put_off(key, str(error))
            return None
        self._failures.pop(key, None)
        self.pipelines[key] = pipeline
        self.gpu.version.labels(*key).set(1)
        log.info("a pipeline runs", model=key.model, version=key.version)
        return pipeline

    async def _swap(self, old: Version, new: Version) -> None:
        pipeline, told = self.pipelines[old], asyncio.Event()
        outcome: list[bool] = []

        def done(well: bool) -> None:
            outcome.append(well)
            if not self.loop.is_closed():
                self.loop.call_soon_threadsafe(told.set)

        self._promote(pipeline, new, done)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_S):
                await told.wait()
        if outcome != [True]:
            self._put_off(new, f"Version {new.version} of {new.model} did not start; version {old.version} goes on.")
            return
        del self.pipelines[old]
        pipeline.key = new
        self.pipelines[new] = pipeline
        self.gpu.version.labels(*old).set(0)
        self.gpu.version.labels(*new).set(1)
        log.info("a promoted version took over, no source was opened again", model=new.model, version=new.version)

    async def look_at_faces(self, *, on: bool) -> None:
        """Put the secondary inference into every pipeline, or take it out; UnavailableError when one did not take it."""
        told: list[bool] = []
        for pipeline in self.pipelines.values():
            make = getattr(pipeline.elements, "face", None)
            if make is not None:
                pipeline.graph.replace("face", partial(make, on=on), told.append)
        patience = time.monotonic() + STOP_S
        while len(told) < len(self.pipelines) and time.monotonic() < patience:
            await asyncio.sleep(0.05)
        if on and (len(told) < len(self.pipelines) or not all(told)):
            raise UnavailableError("The secondary inference for faces does not start in every pipeline.")
        self.faces_on = on

    async def _end(self, key: Version, reason: str) -> None:
        pipeline = self.pipelines.pop(key)
        self.gpu.version.labels(*key).set(0)
        if reason:
            self._put_off(key, reason)
        if not await asyncio.to_thread(pipeline.graph.stop):
            log.error("a pipeline did not end in time", model=key.model, version=key.version)

    def _count(self) -> None:
        self._counting.count(self.pipelines.values(), self._cameras, self._wanted)

    async def close(self) -> None:
        """Stop every pipeline, then let go of the cameras: what they still said is emitted first."""
        for key in list(self.pipelines):
            pipeline = self.pipelines[key]
            await asyncio.to_thread(pipeline.graph.stop)
        while self._take():
            pass
        self.pipelines.clear()
        self.want({})
