"""How many machines a deployment needs, from unit costs: a pure function, no I/O.

Each unit cost says whether it was measured (docs/performance.md) or assumed. Of GPUs the H100 alone was measured (`--gpu H100`).
"""

import math
from dataclasses import asdict, dataclass
from typing import Any, Final

from app.kit.errors import BadInputError

MEASURED: Final = "measured"
ASSUMED: Final = "assumed"
HOURS_A_MONTH: Final = 730.0
SECONDS_A_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True)
class UnitCost:
    """What one unit of work costs, and where the figure is from."""

    value: float
    unit: str
    basis: str
    source: str


UNIT_COSTS: Final[dict[str, UnitCost]] = {
    "pose_core_s": UnitCost(0.029, "core-seconds a frame", MEASURED, "pose at 384x640 bf16 on a CPU core (performance.md)"),
    "decode_core_s": UnitCost(0.040, "core-seconds a second of 720p15", MEASURED, "35-45 ms of a core (performance.md)"),
    "worker_core_s": UnitCost(0.003, "core-seconds a frame", MEASURED, "all of the worker but decoding and pose"),
    "pipeline_core_s": UnitCost(1 / 1579, "core-seconds a frame", MEASURED, "`bench pipeline`, every rule on, 8 people"),
    "gpu_frames_s": UnitCost(2000.0, "frames a second a GPU", ASSUMED, "a guess for any kind; an H100 does more (`--gpu`)"),
    "gpu_decode_streams": UnitCost(100.0, "720p15 streams a GPU", ASSUMED, "a guess for any kind; an H100 does more (`--gpu`)"),
    "worker_bytes": UnitCost(
        107e6, "bytes of memory a camera", ASSUMED, "64 MiB of packets for clips; decoder, two frames, tracker"
    ),
    "camera_bits_s": UnitCost(2e6, "bits a second a camera", ASSUMED, "720p15 H.264 of a store camera"),
    "frame_bytes": UnitCost(1300.0, "bytes a tracked frame", ASSUMED, "4 people: 232 bytes each and a head of 100, rounded up"),
    "tracklets_camera_day": UnitCost(2000.0, "tracklets a camera and day", ASSUMED, "depends on the store"),
    "tracklet_bytes": UnitCost(900.0, "bytes a tracklet in PostgreSQL", ASSUMED, "20 bytes a second of 25 s, row, indices"),
    "alert_bytes": UnitCost(6000.0, "bytes an alert in PostgreSQL", ASSUMED, "row, outbox, audit"),
    "alerts_camera_day": UnitCost(5.0, "alerts a camera and day", ASSUMED, "depends on rules and store"),
    "audit_bytes": UnitCost(501.0, "bytes an audit row", MEASURED, "index included (performance.md)"),
    "headroom": UnitCost(0.7, "share of a machine that is planned", ASSUMED, "the rest is for peaks and a lost machine"),
}


@dataclass(frozen=True, slots=True)
class Demand:
    """What is asked for.

    Attributes:
        fps: frames a second analysed of each camera.
        retention_days: days that detections are kept.
        busy: share of due frames that are analysed: still scenes are passed over. 1 plans for the worst.
    """

    stores: int
    cameras: int
    fps: float = 5.0
    retention_days: int = 30
    busy: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What it needs. `basis` of a figure is "assumed" as soon as one of its unit costs is."""

    cameras: int
    frames_s: float
    cpu_only_cores: int
    cores_beside_gpus: int
    gpus: int
    pipeline_cores: int
    worker_memory_gb: float
    store_uplink_mbit_s: float
    camera_network_mbit_s: float
    bus_mbit_s: float
    memory_server_gb: float
    database_gb: float
    database_writes_s: float
    basis: dict[str, str]


FIGURES: Final[dict[str, tuple[str, ...]]] = {
    "frames_s": (),
    "cpu_only_cores": ("pose_core_s", "decode_core_s", "worker_core_s", "headroom"),
    "cores_beside_gpus": ("worker_core_s", "headroom"),
    "gpus": ("gpu_frames_s", "gpu_decode_streams", "headroom"),
    "pipeline_cores": ("pipeline_core_s", "headroom"),
    "worker_memory_gb": ("worker_bytes",),
    "store_uplink_mbit_s": ("frame_bytes",),
    "camera_network_mbit_s": ("camera_bits_s",),
    "bus_mbit_s": ("frame_bytes",),
    "memory_server_gb": ("frame_bytes",),
    "database_gb": ("tracklets_camera_day", "tracklet_bytes", "alerts_camera_day", "alert_bytes", "audit_bytes"),
    "database_writes_s": ("tracklets_camera_day", "alerts_camera_day"),
}
"""Which unit costs each figure rests on."""

_FRAMES_KEPT_S: Final = 60.0
_AUDIT_ROWS_A_DAY: Final = 200.0
"""A store's acts a day; assumed, small beside the rest."""


def plan(demand: Demand, costs: dict[str, UnitCost] | None = None) -> Plan:
    """The machines for `demand`.

    Raises:
        BadInputError: a number that makes no sense.
    """
    _check(demand)
    known = costs or UNIT_COSTS
    cost = {name: each.value for name, each in known.items()}
    cameras = demand.stores * demand.cameras
    due = cameras * demand.fps
    frames = due * demand.busy
    room = cost["headroom"]
    decoding = cameras * cost["decode_core_s"]
    on_cpu = frames * (cost["pose_core_s"] + cost["worker_core_s"]) + decoding
    by_frames, by_streams = frames / cost["gpu_frames_s"], cameras / cost["gpu_decode_streams"]
    bits = frames * cost["frame_bytes"] * 8
    rows_a_day = cameras * (cost["tracklets_camera_day"] + cost["alerts_camera_day"])
    return Plan(
        cameras=cameras,
        frames_s=frames,
        cpu_only_cores=_machines(on_cpu, room),
        cores_beside_gpus=_machines(frames * cost["worker_core_s"], room),
        gpus=_machines(max(by_frames, by_streams), room),
        pipeline_cores=_machines(frames * cost["pipeline_core_s"], room),
        worker_memory_gb=cameras * cost["worker_bytes"] / 1e9,
        store_uplink_mbit_s=bits / demand.stores / 1e6,
        camera_network_mbit_s=cameras * cost["camera_bits_s"] / 1e6,
        bus_mbit_s=bits / 1e6,
        memory_server_gb=frames * cost["frame_bytes"] * _FRAMES_KEPT_S / 1e9,
        database_gb=_stored_bytes(demand, cameras, cost) / 1e9,
        database_writes_s=rows_a_day / SECONDS_A_DAY,
        basis={figure: _basis(names, known) for figure, names in FIGURES.items()},
    )


def _check(demand: Demand) -> None:
    if not 1 <= demand.stores <= 1_000_000 or not 1 <= demand.cameras <= 10_000:
        raise BadInputError("Stores must be 1 to 1000000 and cameras a store 1 to 10000.")
    if not 0.1 <= demand.fps <= 60 or not 0 < demand.busy <= 1 or not 1 <= demand.retention_days <= 3650:
        raise BadInputError("fps must be 0.1 to 60, busy above 0 and at most 1, retention 1 to 3650 days.")


def _machines(load: float, room: float) -> int:
    """Whole units for a load, each planned to `room` of what it can do."""
    return max(1, math.ceil(load / room - 1e-9))


def _stored_bytes(demand: Demand, cameras: int, cost: dict[str, float]) -> float:
    """Of the database after the retention: detections go, alerts and audit of a year are taken as kept."""
    detections = cameras * cost["tracklets_camera_day"] * cost["tracklet_bytes"] * demand.retention_days
    alerts = cameras * cost["alerts_camera_day"] * cost["alert_bytes"] * 365
    return detections + alerts + demand.stores * _AUDIT_ROWS_A_DAY * cost["audit_bytes"] * 365


def _basis(names: tuple[str, ...], costs: dict[str, UnitCost]) -> str:
    return ASSUMED if any(costs[name].basis == ASSUMED and name != "headroom" for name in names) else MEASURED


def document(demand: Demand, made: Plan) -> dict[str, Any]:
    """Everything as one JSON document: the demand, the figures, the unit costs with their sources."""
    costs = {name: asdict(each) for name, each in UNIT_COSTS.items()}
    return {"demand": asdict(demand), "plan": asdict(made), "unit_costs": costs, "gpu_figures_measured": False}
