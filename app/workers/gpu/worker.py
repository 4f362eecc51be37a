"""The GPU worker: desired state in; tracked frames, tracklets, health and probe embeddings out. From the tracker on nothing
downstream knows that it was not the CPU worker."""

import asyncio
import contextlib
import importlib.util
import os
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from prometheus_client import generate_latest

from app.contracts.control import DesiredCamera
from app.inference.contract import PoseContract
from app.inference.loading import CROP_MODELS, LocalModels, ModelLoading
from app.inference.shapes import check_outputs
from app.inference.triton import is_local
from app.kit.backoff import Backoff
from app.kit.errors import BadInputError, PennyError, SetupError, UnavailableError
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.kit.tls import trust
from app.settings import Settings
from app.workers.control import ControlLoop, Grant, permitted, wanted, worker_identity
from app.workers.emitter import Emitter
from app.workers.gpu import configuration, schema
from app.workers.gpu.cameras import Faces, GpuCamera
from app.workers.gpu.configuration import GpuSettings
from app.workers.gpu.elements import DeepStream
from app.workers.gpu.gauges import GpuMetrics
from app.workers.gpu.graph import Change, Elements, Fatal, State, Wanted
from app.workers.gpu.handover import FrameCopy, Handover
from app.workers.gpu.nvds import MetaReader, make_reader
from app.workers.gpu.pipeline import Graph
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.sources import Source, Sources
from app.workers.gpu.versions import Version, promotions
from app.workers.telemetry import FaceMetrics, WorkerMetrics

EVERY_S: Final = 2.0
AT_ONCE: Final = 64
STOP_S: Final = 6.0
FACE_VERSION: Final = "1"

NO_MASKS: Final = "This camera has privacy masks, which a GPU worker cannot apply yet; give it to a CPU worker."

log = logger(__name__)


def require_gstreamer() -> None:
    """SetupError where GStreamer's Python bindings are missing."""
    if importlib.util.find_spec("gi") is None:
        raise SetupError(
            "GStreamer's Python bindings (gi) are not installed here. Use the worker-gpu image (docs/gpu.md), "
            "or `pennyprotect worker-cpu` on this machine."
        )


@dataclass
class Pipeline:
    """One graph with its probes; all of its cameras run one pose version."""

    key: Version
    graph: Graph
    sources: Sources
    handover: Handover
    probes: Probes
    elements: Elements
    cameras: frozenset[uuid.UUID] = frozenset()
    failed: str = ""


class Fleet:
    """The cameras of this worker and the pipelines they run in. Event loop only; the graphs' threads call in through it.

    Args:
        build: makes and starts a pipeline for a version; may fail with a PennyError.
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
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self._build, self._check, self._promote = build, check, promote
        self._emitter, self._metrics, self.gpu, self._faces = emitter, metrics, gpu, faces
        self._wanted: dict[uuid.UUID, DesiredCamera] = {}
        self._cameras: dict[uuid.UUID, GpuCamera] = {}
        self.pipelines: dict[Version, Pipeline] = {}
        self._changed, self._filled = asyncio.Event(), asyncio.Event()
        self._counted: dict[str, int] = {}
        self._retry = Backoff(first_s=1.0, longest_s=15.0)
        self._failures: dict[Version, int] = {}
        self._due: dict[Version, float] = {}
        self.faces_on = False

    # Called by others

    def want(self, cameras: dict[uuid.UUID, DesiredCamera]) -> None:
        """Run these cameras and no others (control plane)."""
        self._wanted = cameras
        for camera_id in [held for held in self._cameras if held not in cameras]:
            self._cameras.pop(camera_id).close()
        for camera_id, camera in cameras.items():
            held = self._cameras.setdefault(camera_id, GpuCamera(camera, self._emitter, self._metrics))
            held.camera = camera
        for pipeline in self.pipelines.values():
            for source in pipeline.sources.all():
                source.camera = cameras.get(source.camera.camera_id, replace_off(source.camera))
        self._changed.set()

    def ids(self) -> list[uuid.UUID]:
        """The cameras that run."""
        return list(self._cameras)

    def wake(self) -> None:
        """From any thread: frames wait."""
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._filled.set)

    def heard(self, pipeline: Callable[[], Pipeline], change: Change) -> None:
        """From a graph's thread: a source changed. The table of pads is written here, before the first frame is read."""
        found = pipeline()
        if change.state is State.LIVE:
            source = found.sources.get(change.pad)
            if source is not None:
                source.connection, source.flowing = change.connection, True
        elif change.state is State.STOPPED:
            found.sources.drop(change.pad)
        else:
            camera = self._wanted.get(change.camera)
            if camera is not None:
                found.sources.put(Source(camera, change.pad, change.connection))
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self._tell, change)

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
            self._filled.clear()
            if not self._take():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._filled.wait(), 0.2)
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
            self.gpu.stage.labels("emitted").observe(frame.waited_s)
            self.gpu.camera_latency.labels(str(camera.camera.camera_id)).set(frame.waited_s)
            if frame.faces:
                self._faces.offer(frame.faces, message)

    async def _reconcile(self) -> None:
        keys = {
            camera_id: Version(camera.pose_model, camera.pose_version)
            for camera_id, camera in self._wanted.items()
            if not self._refused(camera)
        }
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
                pipeline.graph.want({each: Wanted(self._wanted[each].url, self._wanted[each].analysis_fps) for each in mine})

    def _refused(self, camera: DesiredCamera) -> bool:
        """Privacy masks are blackened by the CPU worker alone: a masked camera must not be looked at here, so it is refused."""
        if camera.masks:
            self._tell(Change(camera.camera_id, -1, 0, State.STOPPED, NO_MASKS))
        return bool(camera.masks)

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
        facts = {camera: fact for pipeline in self.pipelines.values() for camera, fact in pipeline.graph.facts().items()}
        for camera_id, camera in self._cameras.items():
            camera.count(facts.get(camera_id))
            camera.say_health()
        for pipeline in self.pipelines.values():
            for why, total in pipeline.probes.wrong.items():
                self._add(f"{id(pipeline)}.{why}", total, self.gpu.wrong.labels(why).inc)
            self._add(f"{id(pipeline)}!", pipeline.handover.dropped, self.gpu.handover_dropped.inc)
        self.gpu.read_gpus()

    def _add(self, name: str, total: int, inc: Callable[[float], None]) -> None:
        inc(max(0, total - self._counted.get(name, 0)))
        self._counted[name] = total

    async def close(self) -> None:
        """Stop every pipeline, then let go of the cameras: what they still said is emitted first."""
        for key in list(self.pipelines):
            pipeline = self.pipelines[key]
            await asyncio.to_thread(pipeline.graph.stop)
        while self._take():
            pass
        self.pipelines.clear()
        self.want({})


def replace_off(camera: DesiredCamera) -> DesiredCamera:
    """The same camera with every biometric switch off."""
    return DesiredCamera(**{**{name: getattr(camera, name) for name in camera.__struct_fields__}, "face": False, "gait": False})


def gpu_settings(settings: Settings, key: Version) -> GpuSettings:
    """What the files of a pipeline are rendered from. BadInputError for a version that is no number."""
    if not key.version.isdigit():
        raise BadInputError(f"nvinferserver needs a model version by number; the pointer of {key.model} says {key.version!r}.")
    contract = PoseContract.of(key.model)
    return GpuSettings(
        batch=min(settings.worker_capacity, configuration.LARGEST_BATCH),
        triton=settings.triton_url,
        same_host=is_local(settings.triton_url),
        pose_model=key.model,
        pose_version=int(key.version),
        pose_input=contract.input_name,
        face_version=int(FACE_VERSION),
    )


def configure(settings: Settings, key: Version, folder: Path) -> None:
    """Render a pipeline's files into `folder`; an operator's own replace them by name. All are checked."""
    files = configuration.render(gpu_settings(settings, key))
    own = settings.gpu_configs
    if own is not None:
        files |= {path.name: path.read_text("utf-8") for path in sorted(own.glob("config_*")) if path.name in files}
    for name, text in files.items():
        schema.check_file(name, text)
    configuration.write(files, folder)


def build(settings: Settings, reader: MetaReader, elements: Callable[[Path], Elements], grant: Callable[[], Grant],
          key: Version, fleet: Fleet) -> Pipeline:  # fmt: skip
    """A started pipeline of one version."""
    folder = settings.home.absolute() / "gpu" / f"{key.model}-{key.version}"
    configure(settings, key, folder)
    made: list[Pipeline] = []
    sources = Sources(lambda camera: permitted(grant(), camera.camera_id, camera.policy_revision, time.monotonic()) is not None)
    handover = Handover(fleet.wake)
    plan = PosePlan(PoseContract.of(key.model))
    probes = Probes(reader, plan, sources, handover, lambda stage, seconds: fleet.gpu.stage.labels(stage).observe(seconds))

    def arrived(pad: int, pts: int, now: float) -> None:
        source = sources.get(pad)
        if source is not None:
            source.arrived(pts, now)

    parts = elements(folder)
    if fleet.faces_on and hasattr(parts, "faces"):
        parts.faces = True
    graph = Graph(
        parts,
        min(settings.worker_capacity, configuration.LARGEST_BATCH),
        lambda change: fleet.heard(lambda: made[0], change),
        arrived,
        lambda reason: fleet.fatal(made[0].key, reason),
        {"pose": probes.after_pose, "out": probes.after_tracker},
    )
    made.append(Pipeline(key, graph, sources, handover, probes, parts))
    graph.start()
    return made[0]


def promote(settings: Settings, pipeline: Pipeline, new: Version, done: Callable[[bool], None]) -> None:
    """Have a running pipeline call another version."""
    folder = settings.home.absolute() / "gpu" / f"{new.model}-{new.version}"
    configure(settings, new, folder)
    pose: Callable[[Path], Any] = getattr(pipeline.elements, "pose")  # noqa: B009 - of the GPU's factory
    pipeline.graph.replace("pose", lambda: pose(folder / configuration.POSE_FILE), done)


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run a GPU worker until `stop`: pipelines end first, then what they said is sent.

    Raises:
        SetupError: pyds, GStreamer or an operator's configuration file is not fit.
    """
    reader = make_reader()
    require_gstreamer()
    await serve(settings, stop, reader, lambda folder: DeepStream(folder, recordings=settings.home.absolute() / "recordings"))


async def serve(settings: Settings, stop: asyncio.Event, reader: MetaReader, elements: Callable[[Path], Elements]) -> None:
    """The worker over a reader and a factory of elements."""
    metrics = WorkerMetrics()
    gpu = GpuMetrics(metrics.registry)
    emitter = Emitter(
        settings.memory_redis_url.get_secret_value(),
        settings.redis_url.get_secret_value(),
        lambda outlet, count: metrics.unsent.labels(outlet).inc(count),
    )
    worker_id, lock = worker_identity(settings.home / "worker-gpu.id")
    over = asyncio.Event()
    try:
        page = partial(generate_latest, metrics.registry)
        async with serve_operations(settings.metrics, settings.home, "worker-gpu", page), asyncio.TaskGroup() as outer:
            outer.create_task(emitter.run(over))
            try:
                await _run(settings, stop, worker_id, reader, elements, emitter, metrics, gpu)
            finally:
                over.set()
    finally:
        if lock is not None:
            os.close(lock)


async def _run(
    settings: Settings, stop: asyncio.Event, worker_id: uuid.UUID, reader: MetaReader, elements: Callable[[Path], Elements],
    emitter: Emitter, metrics: WorkerMetrics, gpu: GpuMetrics,
) -> None:  # fmt: skip
    control: ControlLoop

    def grant() -> Grant:
        return control.grant

    faces = Faces(emitter, FaceMetrics(metrics.registry), FACE_VERSION, grant)
    fleet = Fleet(
        partial(build, settings, reader, elements, grant),
        lambda key: check_outputs(settings.triton_url, key.model, key.version),
        partial(promote, settings),
        emitter, metrics, gpu, faces,
    )  # fmt: skip
    control = ControlLoop(
        service_url=settings.service_url or f"{'https' if settings.tls else 'http'}://{settings.host}:{settings.port}",
        key=settings.worker_key.get_secret_value(),
        worker_id=worker_id,
        kind="gpu",
        capacity=settings.worker_capacity,
        running=fleet.ids,
        on_change=fleet.want,
        trusted=trust(settings.ca_file),
        relay=settings.relay_source,
    )
    drained, loading = asyncio.Event(), face_models(settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(control.run(stop))
        group.create_task(fleet.drain(drained))
        group.create_task(_mind_faces(fleet, faces, grant, loading, stop))
        log.info("worker started", worker=str(worker_id), capacity=settings.worker_capacity, gpus=gpu.gpus)
        try:
            await fleet.run(stop)
        finally:
            drained.set()


def face_models(settings: Settings) -> LocalModels:
    """Who brings the face models: this worker, where the embedded server's repository is; else the server's operator."""
    home, cache = settings.home.absolute(), settings.cache.absolute()

    def stage() -> None:
        from app.inference import repository  # its converters need packages that the GPU worker's image has not

        repository.stage(home, cache, mirror=settings.model_mirror, accept=settings.accept_licenses, faces=True)

    ours = is_local(settings.triton_url) and (home / "triton" / "models").is_dir()
    return LocalModels(ModelLoading(settings.triton_url), stage if ours else None, CROP_MODELS)


async def _mind_faces(fleet: Fleet, faces: Faces, grant: Callable[[], Grant], loading: LocalModels, stop: asyncio.Event) -> None:
    """Secondary inference stands in the graphs, and its models are loaded, only while some camera's faces may be looked at."""
    retry, failures, due = Backoff(first_s=1.0, longest_s=30.0), 0, 0.0
    try:
        while not stop.is_set():
            need = wanted(grant(), time.monotonic())
            if not need:
                faces.forget()
            if need is not fleet.faces_on and time.monotonic() >= due:
                try:
                    if need:
                        await loading.load()
                    await fleet.look_at_faces(on=need)
                    if not need:
                        await loading.unload()
                    failures = 0
                except PennyError as error:
                    if failures == 0:
                        log.warning("the face models cannot be brought or taken away", problem=error.detail)
                    due, failures = time.monotonic() + retry.delay_s(failures), failures + 1
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), 0.25)
    finally:
        await loading.close()
