"""The workers' control plane: a heartbeat up, the revisioned desired state down. JSON over `POST /api/v1/workers/heartbeat`."""

import uuid

import msgspec

HEARTBEAT_S = 2.0
LEASE_S = 10.0
BIOMETRICS_STOP_S = 4.0
"""Without a renewed desired state for this long a worker stops face and gait."""


class Heartbeat(msgspec.Struct, frozen=True):
    """What a worker says every 2 s.

    Attributes:
        capacity: cameras it is willing to run.
        running: cameras it runs now.
        revision: revision of the desired state it obeys, "" at first.
    """

    worker_id: uuid.UUID
    host: str
    kind: str
    capacity: int
    running: list[uuid.UUID]
    revision: str


class DesiredCamera(msgspec.Struct, frozen=True):
    """One camera this worker holds a lease on.

    Attributes:
        url: with credentials; never log it (`kit.logs.redact`).
        analysis_fps: frames a second to analyse at most.
        face, gait, re_identification: what may be computed; nothing after `BIOMETRICS_STOP_S` without a renewal.
        policy_revision: of the site policy that says so; messages carry it.
        masks: polygons in 0..1 of the picture, blackened right after decoding.
    """

    camera_id: uuid.UUID
    store_id: uuid.UUID
    url: str
    analysis_fps: float
    pose_model: str
    pose_version: str
    policy_revision: int
    face: bool
    gait: bool
    re_identification: bool = False
    masks: list[list[tuple[float, float]]] = []


class DesiredState(msgspec.Struct, frozen=True):
    """All a worker should be doing. It stops what is not named here.

    Attributes:
        revision: opaque; changes when anything here changes.
        lease_s: seconds this grant holds; without a renewal the worker stops its cameras when it runs out.
    """

    revision: str
    lease_s: float
    cameras: list[DesiredCamera]
