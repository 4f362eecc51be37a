"""A pipeline of one pose version: its files rendered and checked, its graph started, and another version put into it."""

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.inference.contract import PoseContract
from app.inference.face_client import FACE_VERSION
from app.inference.triton import is_local
from app.kit.errors import BadInputError
from app.kit.gate import Gate
from app.settings import Settings
from app.workers.control import Grant, permitted
from app.workers.gpu import configuration, schema
from app.workers.gpu.admission import admitted
from app.workers.gpu.configuration import GpuSettings
from app.workers.gpu.graph import Elements
from app.workers.gpu.handover import Handover
from app.workers.gpu.nvds import MetaReader
from app.workers.gpu.pipeline import Graph
from app.workers.gpu.probes import PosePlan, Probes
from app.workers.gpu.sources import Sources
from app.workers.gpu.versions import Version

if TYPE_CHECKING:
    from app.workers.gpu.fleet import Fleet


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
          key: Version, fleet: "Fleet") -> Pipeline:  # fmt: skip
    """A started pipeline of one version."""
    folder = settings.home.absolute() / "gpu" / f"{key.model}-{key.version}"
    configure(settings, key, folder)
    made: list[Pipeline] = []
    sources = Sources(lambda camera: permitted(grant(), camera.camera_id, camera.policy_revision, time.monotonic()) is not None)
    handover = Handover(fleet.wake)
    plan = PosePlan(PoseContract.of(key.model))
    stages = {name: fleet.gpu.stage.labels(name) for name in ("pose", "tracker")}
    parts = elements(folder)
    copy = getattr(parts, "cut", None)  # of the GPU's factory
    probes = Probes(reader, plan, sources, handover, lambda stage, seconds: stages[stage].observe(seconds), copy)

    def arrived(pad: int, pts: int, now: float, copy: Callable[[], Any]) -> None:
        source = sources.get(pad)
        if source is not None:
            source.arrived(pts, now)
            sources.uncopied += not source.sample(pts, now, copy)

    if fleet.faces_on and hasattr(parts, "faces"):
        parts.faces = True
    graph = Graph(
        parts,
        min(settings.worker_capacity, configuration.LARGEST_BATCH),
        partial(admitted, Gate(settings.camera_egress, trusts_loopback_literals=True, own=settings.relay_places)),
        lambda change: fleet.heard(lambda: made[0], change),
        arrived,
        lambda reason: fleet.fatal(made[0].key, reason),
        fleet.packet if settings.ring_mb else None,
        {"pose": probes.after_pose, "out": probes.after_tracker},
        numbers=fleet.connections,
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
