"""The GPU worker: desired state in; tracked frames, tracklets, health and probe embeddings out. From the tracker on nothing
downstream knows that it was not the CPU worker."""

import asyncio
import contextlib
import importlib.util
import os
import time
import uuid
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any, Final

from prometheus_client import generate_latest

from app.contracts.control import DesiredCamera
from app.inference.face_client import FACE_VERSION, TritonFaces
from app.inference.loading import CROP_MODELS, LocalModels, ModelLoading
from app.inference.shapes import check_outputs
from app.inference.triton import is_local
from app.kit.backoff import Backoff
from app.kit.errors import PennyError, SetupError
from app.kit.logs import logger
from app.kit.operations import serve_operations
from app.kit.tls import trust
from app.settings import Settings
from app.workers.control import ControlLoop, Grant, wanted, worker_identity
from app.workers.emitter import Emitter
from app.workers.gait import watch_gait
from app.workers.gpu.building import build, promote
from app.workers.gpu.elements import DeepStream
from app.workers.gpu.faces import Faces
from app.workers.gpu.fleet import Fleet
from app.workers.gpu.gauges import GpuMetrics
from app.workers.gpu.graph import Elements
from app.workers.gpu.nvds import MetaReader, make_reader
from app.workers.model_reports import ModelReports, Readings
from app.workers.pose_clients import PoseClients
from app.workers.posting import make_emitter
from app.workers.shadow import Shadowing, is_shadowed
from app.workers.spool import Spool
from app.workers.telemetry import FaceMetrics, WorkerMetrics
from app.workers.uploads import Uploads

LOOK_S: Final = 5.0
"""Between two looks whether Triton still holds the face models."""

log = logger(__name__)


def require_gstreamer() -> None:
    """SetupError where GStreamer's Python bindings are missing."""
    if importlib.util.find_spec("gi") is None:
        raise SetupError(
            "GStreamer's Python bindings (gi) are not installed here. Use the worker-gpu image (docs/gpu.md), "
            "or `pennyprotect worker-cpu` on this machine."
        )


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Run a GPU worker until `stop`: pipelines end first, then what they said is sent.

    Raises:
        SetupError: pyds, GStreamer or an operator's configuration file is not fit.
    """
    reader = make_reader()
    require_gstreamer()
    await serve(settings, stop, reader, DeepStream)


async def serve(settings: Settings, stop: asyncio.Event, reader: MetaReader, elements: Callable[[Path], Elements]) -> None:
    """The worker over a reader and a factory of elements."""
    metrics = WorkerMetrics()
    gpu = GpuMetrics(metrics.registry)
    emitter = make_emitter(settings, lambda outlet, count: metrics.unsent.labels(outlet).inc(count))
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

    readings, clients = Readings(), PoseClients(settings.triton_url, settings.pose_requests)
    asked = TritonFaces(settings.triton_url, FACE_VERSION)
    faces = Faces(emitter, FaceMetrics(metrics.registry), asked, grant, readings.looked_at_faces)
    shadow = Shadowing(clients.client, readings)
    fleet = Fleet(
        partial(build, settings, reader, elements, grant),
        lambda key: check_outputs(settings.triton_url, key.model, key.version),
        partial(promote, settings),
        emitter, metrics, gpu, faces, shadow, settings.ring_mb << 20,
    )  # fmt: skip
    control = ControlLoop.of(settings, worker_id, "gpu", fleet.ids, partial(_want, fleet, clients))
    reports = ModelReports.of(settings, worker_id, readings, metrics.reports_lost.inc)
    drained, loading = asyncio.Event(), face_models(settings)
    try:
        async with asyncio.TaskGroup() as group:
            for work in (control.run, faces.run, shadow.run, reports.run, recorder_of(settings, control, fleet, metrics)):
                group.create_task(work(stop))
            group.create_task(fleet.drain(drained))
            group.create_task(_mind_faces(fleet, faces, grant, loading, stop))
            group.create_task(watch_gait(settings, grant, emitter, metrics, stop))
            log.info("worker started", worker=str(worker_id), capacity=settings.worker_capacity, gpus=gpu.gpus)
            try:
                await fleet.run(stop)
            finally:
                drained.set()
    finally:
        await clients.close()
        await asked.close()


def recorder_of(
    settings: Settings, control: ControlLoop, fleet: Fleet, metrics: WorkerMetrics
) -> Callable[[asyncio.Event], Coroutine[Any, Any, None]]:
    """What cuts the recordings that the control plane names and uploads them, as the CPU worker's."""
    from app.workers.clips import Recorder  # with PyAV, which is loaded where a worker runs and nowhere else

    uploads = Uploads(settings.service_address, settings.worker_key.get_secret_value(), trust(settings.ca_file))
    spool = Spool(settings.home.absolute() / "spool")
    return Recorder(lambda: control.grant.state.recordings, fleet.recorded, uploads, spool, metrics).run  # type: ignore[arg-type]


def _want(fleet: Fleet, clients: PoseClients, cameras: dict[uuid.UUID, DesiredCamera]) -> None:
    """nvinferserver calls the versions in use; only those beside them are called from here."""
    fleet.want(cameras)
    clients.keep({(each.pose_model, each.shadow_version) for each in cameras.values() if is_shadowed(each)})


def face_models(settings: Settings) -> LocalModels:
    """Who brings the face models: this worker, where the embedded server's repository is; else the server's operator."""
    home, cache = settings.home.absolute(), settings.cache.absolute()

    def stage() -> None:
        from app.inference import repository  # its converters need packages that the GPU worker's image has not
        from app.inference.own_faces import OwnFaces

        own = OwnFaces.of(settings)
        repository.stage(home, cache, mirror=settings.model_mirror, accept=settings.accept_licenses, faces=True, own=own)

    ours = is_local(settings.triton_url) and (home / "triton" / "models").is_dir()
    return LocalModels(ModelLoading(settings.triton_url), stage if ours else None, CROP_MODELS)


async def _mind_faces(fleet: Fleet, faces: Faces, grant: Callable[[], Grant], loading: LocalModels, stop: asyncio.Event) -> None:
    """Secondary inference stands in the graphs, and its models are loaded, only while some camera's faces may be looked at."""
    retry, failures, due, look_at = Backoff(first_s=1.0, longest_s=30.0), 0, 0.0, 0.0
    try:
        while not stop.is_set():
            need = wanted(grant(), time.monotonic())
            if not need:
                faces.forget()
                for pipeline in fleet.pipelines.values():
                    pipeline.probes.faces.forget()
            changes = need is not fleet.faces_on
            if need and not changes and time.monotonic() >= look_at:
                changes = not await loading.ready()  # a server that started anew holds none of them
                look_at = time.monotonic() + LOOK_S
            if changes and time.monotonic() >= due:
                try:
                    if need:
                        await loading.load()
                    if need is not fleet.faces_on:
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
