"""How many GPUs of a kind, and which limit binds: pure. Decoders and memory are published; speeds of the H100 are measured
(docs/performance.md), those of other kinds assumed."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from app.kit.errors import BadInputError
from app.planning.plan import ASSUMED, MEASURED, UNIT_COSTS, Demand, Plan, UnitCost

PUBLISHED: Final = "published"
PIXELS: Final[dict[str, int]] = {"720p": 1280 * 720, "1080p": 1920 * 1080, "1440p": 2560 * 1440, "4k": 3840 * 2160}
BATCH: Final = 256
"""Cameras of one pipeline at most."""

_MATRIX = "NVIDIA, Video Encode and Decode GPU Support Matrix"
_SHEET = "NVIDIA's data sheet"


@dataclass(frozen=True, slots=True)
class Gpu:
    """What is known of a kind of GPU.

    Attributes:
        decoders: NVDEC engines; `memory_gb`: both published.
        pose_frames_s: 384x640 YOLO11n-pose, from host memory and back.
        published_streams: NVIDIA's own end-to-end figure for a far heavier detector; 0 where there is none.
        decoder_frames_s: 1080p H.264 frames a second of one engine.
        basis: of the two speeds.
    """

    decoders: int
    memory_gb: int
    pose_frames_s: float
    published_streams: int = 0
    decoder_frames_s: float = 600.0
    basis: str = ASSUMED


GPUS: Final[dict[str, Gpu]] = {
    "T4": Gpu(2, 16, 1000.0),
    "L4": Gpu(4, 24, 2000.0),
    "A10": Gpu(2, 24, 2000.0),
    "L40S": Gpu(3, 48, 5000.0, 15),
    "A100": Gpu(5, 80, 5000.0),
    "H100": Gpu(7, 80, 5400.0, 50, 745.0, MEASURED),
}
_SOURCES: Final = {
    ASSUMED: "never run on this kind; measure before buying",
    MEASURED: "docs/performance.md: NVDEC by DeepStream's decoder; pose in torch (fp16, batches of 32); no Triton, no tracker",
}
COSTS: Final[dict[str, UnitCost]] = {
    "probe_frames_s": UnitCost(
        5000.0,
        "frames a second a worker",
        MEASURED,
        "182 us on an EPYC core at a load of 9, in batches of 16 (docs/performance.md)",
    ),
    "stream_memory_mb": UnitCost(
        85.0,
        "MB of GPU memory a 1080p stream",
        MEASURED,
        "H.265 with B-frames on an H100; 33 for H.264, scaling included",
    ),
    "base_memory_gb": UnitCost(4.0, "GB of GPU memory before the first stream", ASSUMED, "CUDA, DeepStream, tracker"),
    "headroom": UNIT_COSTS["headroom"],
}


@dataclass(frozen=True, slots=True)
class GpuPlan:
    """GPUs by each limit, and the largest of them. One worker runs on each GPU."""

    gpu: str
    gpus: int
    limit: str
    by_limit: Mapping[str, float]
    cameras_a_gpu: int


def scaled(resolution: str, stream_fps: float) -> dict[str, UnitCost]:
    """The plan's unit costs for another picture size and rate than the 720p15 they are of. BadInputError for an unknown size."""
    if resolution not in PIXELS:
        raise BadInputError(f"Unknown resolution {resolution!r}; use one of {', '.join(PIXELS)}.")
    factor = PIXELS[resolution] / PIXELS["720p"]
    more = factor * stream_fps / 15
    costs = dict(UNIT_COSTS)
    costs["decode_core_s"] = replace(costs["decode_core_s"], value=costs["decode_core_s"].value * more)
    costs["camera_bits_s"] = replace(costs["camera_bits_s"], value=costs["camera_bits_s"].value * more)
    costs["gpu_decode_streams"] = replace(costs["gpu_decode_streams"], value=costs["gpu_decode_streams"].value / more)
    return costs


def gpus(demand: Demand, name: str, resolution: str, stream_fps: float) -> GpuPlan:
    """GPUs of kind `name` for `demand`. BadInputError for an unknown kind, size or rate."""
    if name not in GPUS:
        raise BadInputError(f"Unknown GPU {name!r}; the table has {', '.join(GPUS)}.")
    if resolution not in PIXELS or not 1 <= stream_fps <= 120:
        raise BadInputError(f"Give a resolution of {', '.join(PIXELS)} and 1 to 120 frames a second of the stream.")
    kind, cost = GPUS[name], {key: each.value for key, each in COSTS.items()}
    cameras, frames = demand.stores * demand.cameras, demand.stores * demand.cameras * demand.fps * demand.busy
    factor, room = PIXELS[resolution] / PIXELS["1080p"], cost["headroom"]
    free_gb = kind.memory_gb - cost["base_memory_gb"]
    loads = {
        "decode": cameras * stream_fps * factor / (kind.decoders * kind.decoder_frames_s) / room,
        "pose": frames / kind.pose_frames_s / room,
        "probes": frames / cost["probe_frames_s"] / room,
        "memory": cameras * factor * cost["stream_memory_mb"] / 1000 / free_gb / room,
        "batch": cameras / BATCH,
    }
    limit = max(loads, key=loads.__getitem__)
    count = max(1, math.ceil(loads[limit] - 1e-9))
    return GpuPlan(name, count, limit, {key: round(load, 2) for key, load in loads.items()}, math.ceil(cameras / count))


def document(made: GpuPlan) -> dict[str, Any]:
    """The GPU part of the plan's document: figures, and where each is from."""
    kind = GPUS[made.gpu]
    table: dict[str, Any] = {
        "decoders": {"value": kind.decoders, "basis": PUBLISHED, "source": _MATRIX},
        "memory_gb": {"value": kind.memory_gb, "basis": PUBLISHED, "source": _SHEET},
        "pose_frames_s": {"value": kind.pose_frames_s, "basis": kind.basis, "source": _SOURCES[kind.basis]},
        "decoder_frames_s": {"value": kind.decoder_frames_s, "basis": kind.basis, "source": _SOURCES[kind.basis]},
    }
    if kind.published_streams:
        source = "NVIDIA VSS 3.1: 1080p30, RT-DETR-R50, tracker on; a far heavier network, so a lower bound"
        table["streams_with_a_heavy_detector"] = {"value": kind.published_streams, "basis": PUBLISHED, "source": source}
    return {**asdict(made), "figures": table, "unit_costs": {name: asdict(each) for name, each in COSTS.items()}}


def with_gpus(made: Plan, chosen: GpuPlan) -> Plan:
    """The plan with the count of this kind in place of the general one."""
    return replace(made, gpus=chosen.gpus)
