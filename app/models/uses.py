"""What each camera of a worker asks: the version it uses, and the one that is compared with it."""

import uuid
from dataclasses import dataclass
from typing import Any, Final

import asyncpg

from app.kit.postgres import Pool
from app.models.models import FACE_EMBEDDING, OWN_FACES, POSE_MODEL, RELEASED_VERSION, Pointer, version_for
from app.models.shadows.models import shadow_of


@dataclass(frozen=True, slots=True)
class PoseUse:
    """`shadow`: asked beside `version` without effects; None for none."""

    version: int
    shadow: int | None = None


RELEASED: Final = PoseUse(RELEASED_VERSION)
"""Of a camera whose chain promoted nothing and shadows nothing."""


async def uses_of_worker(pool: "Pool[asyncpg.Record]", worker_id: uuid.UUID, acquire_s: float) -> dict[uuid.UUID, PoseUse]:
    """By camera, across chains; one that uses the released version alone may be left out."""
    async with pool.acquire(timeout=acquire_s) as connection:
        rows: list[Any] = await connection.fetch("SELECT * FROM model_use_of_worker($1)", worker_id)
    return {row["camera_id"]: _use(row) for row in rows}


async def faces_of_worker(pool: "Pool[asyncpg.Record]", worker_id: uuid.UUID, acquire_s: float) -> dict[uuid.UUID, int]:
    """Version of the face embedding by camera, across chains; one that uses the installation's own version is left out."""
    if OWN_FACES:
        return {}
    async with pool.acquire(timeout=acquire_s) as connection:
        rows: list[Any] = await connection.fetch("SELECT * FROM face_use_of_worker($1)", worker_id)
    pointers = {
        row["camera_id"]: Pointer(FACE_EMBEDDING, row["stable"], row["candidate"], row["share"], row["previous"]) for row in rows
    }
    return {camera_id: version_for(pointer, camera_id) for camera_id, pointer in pointers.items()}


def _use(row: Any) -> PoseUse:
    pointer = Pointer(POSE_MODEL, RELEASED_VERSION)
    if row["stable"] is not None:
        pointer = Pointer(POSE_MODEL, row["stable"], row["candidate"], row["share"], row["previous"])
    shadow = None
    if row["shadow"] is not None:
        shadow = shadow_of(pointer, row["shadow"], row["shadow_share"], row["camera_id"])
    return PoseUse(version_for(pointer, row["camera_id"]), shadow)
