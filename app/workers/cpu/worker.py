"""The CPU worker: desired state in, tracked frames, tracklets, health and watched pictures out."""

import asyncio
import os
import uuid
from collections.abc import Callable
from functools import partial

from prometheus_client import generate_latest

from app.capture.units import AccessUnits
from app.contracts.control import DesiredCamera
from app.contracts.video import SOCKET
from app.inference import repository
from app.inference.face_client import FACE_VERSION, TritonFaces
from app.inference.loading import LocalModels, ModelLoading
from app.inference.own_faces import OwnFaces
from app.inference.triton import is_local
from app.kit.gate import Gate
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.kit.tls import trust
from app.settings import Settings
from app.tracking.tracker import make_tracker
from app.workers.clips import Recorder
from app.workers.control import ControlLoop, worker_identity
from app.workers.cpu.analysis import IN_FLIGHT, Analysis
from app.workers.cpu.faces import FaceStage
from app.workers.cpu.lane import Lane
from app.workers.cpu.shadow import ShadowStage
from app.workers.cpu.video import VideoDoor
from app.workers.emitter import Emitter
from app.workers.gait import watch_gait
from app.workers.model_reports import ModelReports, Readings
from app.workers.pose_clients import PoseClients, PoseModel, versions_of
from app.workers.posting import make_emitter
from app.workers.simulated.lane import SimulatedLane, script_of
from app.workers.spool import Spool
from app.workers.telemetry import FaceMetrics, WorkerMetrics
from app.workers.uploads import Uploads

log = logger(__name__)


class Lanes:
    """The cameras this worker runs: reconciles what is wanted with what there is."""

    def __init__(
        self,
        emitter: Emitter,
        metrics: WorkerMetrics,
        group: asyncio.TaskGroup,
        wake: Callable[[], None],
        gate: Gate | None = None,
        *,
        skip_still: bool = False,
        ring_bytes: int = 0,
    ) -> None:
        self._emitter, self._metrics, self._group, self._wake, self._gate = emitter, metrics, group, wake, gate
        self._skip_still, self._ring_bytes = skip_still, ring_bytes
        self._lanes: dict[uuid.UUID, Lane] = {}
        self._simulated: dict[uuid.UUID, SimulatedLane] = {}

    def current(self) -> list[Lane]:
        """The running cameras."""
        return list(self._lanes.values())

    def by_id(self) -> dict[uuid.UUID, Lane]:
        """The same by id."""
        return dict(self._lanes)

    def ids(self) -> list[uuid.UUID]:
        """Their ids, and those of simulated cameras."""
        return [*self._lanes, *self._simulated]

    def units_of(self, camera_id: uuid.UUID) -> AccessUnits | None:
        """A camera's encoded pictures; None when it does not run here."""
        lane = self._lanes.get(camera_id)
        return lane.units if lane is not None else None

    def want(self, wanted: dict[uuid.UUID, DesiredCamera]) -> None:
        """Run these cameras and no others."""
        wanted = self._without_simulated(wanted)
        for camera_id in [held for held in self._lanes if held not in wanted]:
            self._lanes.pop(camera_id).stop()
        for camera_id, camera in wanted.items():
            lane = self._lanes.get(camera_id)
            if lane is not None and lane.adjust(camera):
                continue
            if lane is not None:
                lane.stop()
            lane = Lane(
                camera, self._emitter, self._metrics, self._wake, self._gate,
                skip_still=self._skip_still, ring_bytes=self._ring_bytes,
            )  # fmt: skip
            self._lanes[camera_id] = lane
            self._group.create_task(self._keep(lane))

    def watched(self) -> "list[Lane | SimulatedLane]":
        """Every running camera, for who asks which of them somebody looks at."""
        return [*self._lanes.values(), *self._simulated.values()]

    def _without_simulated(self, wanted: dict[uuid.UUID, DesiredCamera]) -> dict[uuid.UUID, DesiredCamera]:
        """Run the simulated cameras among these and no others; the rest."""
        scripts = {camera_id: script for camera_id, each in wanted.items() if (script := script_of(each.url)) is not None}
        for camera_id, held in list(self._simulated.items()):
            if camera_id not in scripts or not held.adjust(wanted[camera_id]):
                self._simulated.pop(camera_id).stop()
        for camera_id, script in scripts.items():
            if camera_id not in self._simulated:
                lane = self._simulated[camera_id] = SimulatedLane(wanted[camera_id], script, self._emitter)
                self._group.create_task(self._keep(lane))
        return {camera_id: each for camera_id, each in wanted.items() if camera_id not in scripts}

    async def _keep(self, lane: "Lane | SimulatedLane") -> None:
        """Run a lane; should it fail it is dropped, and the next desired state starts it anew."""
        try:
            await lane.run()
        except Exception:
            log.exception("a camera's loop failed", camera=str(lane.camera.camera_id))
            lane.stop()
            camera_id = lane.camera.camera_id
            if self._lanes.get(camera_id) is lane:
                del self._lanes[camera_id]
            if self._simulated.get(camera_id) is lane:
                del self._simulated[camera_id]


class Models(PoseClients):
    """The models that this worker calls."""

    def __init__(self, url: str, pose_requests: int = IN_FLIGHT) -> None:
        super().__init__(url, pose_requests)
        self.faces, self.loading = TritonFaces(url, FACE_VERSION), ModelLoading(url)

    def of(self, lane: Lane) -> PoseModel:
        """The client of this camera's model."""
        return self.client(lane.camera.pose_model, lane.camera.pose_version)

    async def close(self) -> None:
        """Hang up."""
        await super().close()
        await self.faces.close()
        await self.loading.close()


def face_models(settings: Settings, models: Models) -> LocalModels:
    """Who brings the face models: this worker, where the embedded server's repository is; else the server's operator."""
    home, cache = settings.home.absolute(), settings.cache.absolute()

    def stage() -> None:
        repository.stage(
            home, cache, mirror=settings.model_mirror, accept=settings.accept_licenses, faces=True, own=OwnFaces.of(settings)
        )

    ours = is_local(settings.triton_url) and repository.repository_of(home).is_dir()
    return LocalModels(models.loading, stage if ours else None)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run a CPU worker until `stop`: cameras are let go first, then what they said is sent."""
    metrics = WorkerMetrics()
    emitter = make_emitter(settings, lambda outlet, count: metrics.unsent.labels(outlet).inc(count))
    worker_id, lock = worker_identity(settings.home / "worker-cpu.id")
    # The tracker's library takes seconds to import: off the event loop, before any camera waits for it.
    await asyncio.to_thread(make_tracker, 5.0)
    models, cameras_gone = Models(settings.triton_url, settings.pose_requests), asyncio.Event()
    try:
        page = partial(generate_latest, metrics.registry)
        async with (
            serve_operations(settings.metrics, settings.home, "worker-cpu", page),
            asyncio.TaskGroup() as outer,
        ):
            outer.create_task(emitter.run(cameras_gone))
            try:
                await _run_cameras(settings, stop, worker_id, models, emitter, metrics)
            finally:
                cameras_gone.set()
    finally:
        await models.close()
        if lock is not None:
            os.close(lock)


async def _run_cameras(
    settings: Settings,
    stop: asyncio.Event,
    worker_id: uuid.UUID,
    models: Models,
    emitter: Emitter,
    metrics: WorkerMetrics,
) -> None:
    loop, readings = asyncio.get_running_loop(), Readings()
    async with asyncio.TaskGroup() as group:
        faces = FaceStage(
            lambda: control.grant, models.faces, face_models(settings, models), emitter.probe,
            FaceMetrics(metrics.registry), readings.looked_at_faces,
        )  # fmt: skip
        shadow = ShadowStage(models.client, readings, lambda: analysis.has_room)
        analysis = Analysis(
            lambda: lanes.current(), models.of, emitter, metrics, models.pose_requests,
            faces=faces.offer, watched=lambda: lanes.watched(), seen=shadow.seen,
        )  # fmt: skip
        gate = Gate(settings.camera_egress, trusts_loopback_literals=True, own=settings.relay_places)
        wake = partial(_from_thread, loop, analysis.wake)
        ring_bytes = settings.ring_mb << 20
        lanes = Lanes(emitter, metrics, group, wake, gate, skip_still=settings.skip_still, ring_bytes=ring_bytes)

        def want(wanted: dict[uuid.UUID, DesiredCamera]) -> None:
            lanes.want(wanted)
            models.keep({(each.pose_model, version) for each in wanted.values() for version in versions_of(each)})

        control = ControlLoop.of(settings, worker_id, "cpu", lanes.ids, want)
        recorder = _recorder(settings, control, lanes, metrics)
        reports = ModelReports.of(settings, worker_id, readings, metrics.reports_lost.inc)
        video = VideoDoor(settings.home.absolute() / "run" / SOCKET, lanes.units_of, metrics)
        stages = (control, analysis, faces, recorder, shadow, reports, video)
        for work in (*(each.run for each in stages), analysis.watch):
            group.create_task(work(stop))
        group.create_task(watch_gait(settings, lambda: control.grant, emitter, metrics, stop))
        log.info("worker started", worker=str(worker_id), capacity=settings.worker_capacity)
        await stop.wait()
        lanes.want({})
        analysis.wake()


def _recorder(settings: Settings, control: ControlLoop, lanes: Lanes, metrics: WorkerMetrics) -> Recorder:
    uploads = Uploads(settings.service_address, settings.worker_key.get_secret_value(), trust(settings.ca_file))
    spool = Spool(settings.home.absolute() / "spool")
    return Recorder(lambda: control.grant.state.recordings, lanes.by_id, uploads, spool, metrics)  # type: ignore[arg-type]


def _from_thread(loop: asyncio.AbstractEventLoop, wake: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(wake)
