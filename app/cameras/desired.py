"""The workers' control plane: leases renewed by a heartbeat, answered with all the worker should be doing."""

import hashlib
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec

from app.cameras import repository
from app.cameras.recordings import wanted_recordings
from app.cameras.urls import join_credentials
from app.contracts.control import LEASE_S, DesiredCamera, DesiredState, Heartbeat, Recording, RelayedStream
from app.inference.face_client import FACE_VERSION
from app.kit.errors import UnavailableError
from app.kit.keys.models import CAMERA
from app.kit.keys.vault import Vault
from app.kit.logs import logger
from app.kit.postgres import Pool
from app.models.models import POSE_MODEL
from app.models.uses import RELEASED, PoseUse, faces_of_worker, uses_of_worker

MOST_CAPACITY = 1000

log = logger(__name__)


async def answer_heartbeat(
    pool: "Pool[asyncpg.Record]", vault: Vault, heartbeat: Heartbeat, stores: list[uuid.UUID] | None, key_id: uuid.UUID
) -> DesiredState:
    """Renew the worker's leases, give it free cameras (of these stores; None: of all) up to its capacity, say what to run.

    Raises:
        ConflictError: the worker of this id speaks with another key.
    """
    capacity = min(heartbeat.capacity, MOST_CAPACITY)
    rows = await repository.lease_cameras(pool, heartbeat.worker_id, capacity, timedelta(seconds=LEASE_S), stores, key_id)
    uses = await uses_of_worker(pool, heartbeat.worker_id, repository.ACQUIRE_S)
    faces = await faces_of_worker(pool, heartbeat.worker_id, repository.ACQUIRE_S)
    cameras = [camera for row in rows if (camera := await _camera(vault, row, uses, faces)) is not None]
    recordings = await wanted_recordings(pool, heartbeat.worker_id)
    return DesiredState(revision_of(cameras, recordings), LEASE_S, cameras, recordings)


async def relayed_streams(
    pool: "Pool[asyncpg.Record]", vault: Vault, stores: list[uuid.UUID] | None = None
) -> list[RelayedStream]:
    """What a MediaMTX pulls: enabled RTSP cameras, with credentials. One whose password cannot be read is left out."""
    streams = []
    for row in await repository.relayed_cameras(pool, stores):
        try:
            streams.append(RelayedStream(row["camera_id"], await _address(vault, row)))
        except UnavailableError as error:
            log.error("a camera is left out", camera=str(row["camera_id"]), error=error.detail)
    return streams


async def _address(vault: Vault, row: dict[str, Any]) -> str:
    """A camera's URL with its credentials. UnavailableError where they cannot be read."""
    sealed = row["credentials"]
    return join_credentials(row["url"], None if sealed is None else await vault.open(CAMERA, row["camera_id"], sealed))


def revision_of(cameras: Sequence[DesiredCamera], recordings: Sequence[Recording] = ()) -> str:
    """Changes when anything that a worker should do changes; says nothing about it."""
    named = [each.evidence_id for each in recordings]
    return hashlib.sha256(msgspec.msgpack.encode([cameras, named] if named else cameras)).hexdigest()[:16]


async def _camera(
    vault: Vault, row: dict[str, Any], uses: dict[uuid.UUID, PoseUse], faces: dict[uuid.UUID, int]
) -> DesiredCamera | None:
    """One camera; None, and a line in the log, where its password cannot be read: the others go on."""
    try:
        url = await _address(vault, row)
    except UnavailableError as error:
        log.error("a camera is left out", camera=str(row["camera_id"]), error=error.detail)
        return None
    use = uses.get(row["camera_id"], RELEASED)
    return DesiredCamera(
        camera_id=row["camera_id"],
        store_id=row["store_id"],
        url=url,
        analysis_fps=float(row["analysis_fps"]),
        pose_model=POSE_MODEL,
        pose_version=str(use.version),
        policy_revision=row["policy_revision"],
        face=row["face"],
        gait=row["gait"],
        re_identification=row["re_identification"],
        masks=[[(float(x), float(y)) for x, y in polygon] for polygon in row["masks"]],
        shadow_version=str(use.shadow or ""),
        face_version=str(faces.get(row["camera_id"], FACE_VERSION)),
    )
