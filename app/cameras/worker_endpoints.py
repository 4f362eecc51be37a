"""`/api/v1/workers`: what workers say and are told. For API keys with the permission `worker` only."""

import uuid
from typing import Annotated

import msgspec
from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field

from app.audit.models import MACHINES, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras.desired import answer_heartbeat, relayed_streams
from app.cameras.endpoints import vault_of
from app.cameras.workers import note_worker, stores_of_worker
from app.contracts.control import Heartbeat
from app.kit.backends import backends

router = guarded_router("workers")
Works = Annotated[Access, require(Permission.WORKER)]


class HeartbeatIn(BaseModel):
    """What a worker says every 2 s (`contracts.control.Heartbeat`). Unknown members of a newer worker are passed over."""

    model_config = ConfigDict(extra="ignore")

    worker_id: uuid.UUID
    host: str = Field(max_length=300)
    kind: str = Field(max_length=50)
    capacity: int = Field(ge=0, le=100_000)
    running: list[uuid.UUID] = Field(max_length=10_000)
    revision: str = Field(max_length=200)


class DesiredCameraOut(BaseModel):
    """One camera to run (`contracts.control.DesiredCamera`)."""

    camera_id: uuid.UUID
    store_id: uuid.UUID
    url: str = Field(description="With credentials.")
    analysis_fps: float
    pose_model: str
    pose_version: str
    policy_revision: int
    face: bool
    gait: bool
    re_identification: bool
    masks: list[list[tuple[float, float]]] = Field(description="Polygons in 0..1 of the picture, to be blackened.")
    shadow_version: str = Field(description="Compared without effects on some frames; empty for none.")


class RecordingOut(BaseModel):
    """A piece of evidence to record (`contracts.control.Recording`)."""

    evidence_id: uuid.UUID
    camera_id: uuid.UUID
    type: str
    from_us: int
    to_us: int
    moment_us: int


class DesiredStateOut(BaseModel):
    """All a worker should be doing (`contracts.control.DesiredState`)."""

    revision: str
    lease_s: float
    cameras: list[DesiredCameraOut]
    recordings: list[RecordingOut]


class RelayedStreamOut(BaseModel):
    """A camera that a relay pulls (`contracts.control.RelayedStream`)."""

    camera_id: uuid.UUID
    url: str = Field(description="With credentials.")


class RelayedStreamsOut(BaseModel):
    """All that a relay pulls; its paths are the ids."""

    streams: list[RelayedStreamOut]


@router.get("/workers/streams", response_model=RelayedStreamsOut, openapi_extra=unaudited(MACHINES))
async def streams(request: Request, access: Works) -> Response:
    """What the MediaMTX beside the workers pulls, so that each camera is pulled once."""
    found = await relayed_streams(backends(request).postgres, vault_of(request), stores_of_worker(access))
    return Response(msgspec.json.encode({"streams": found}), media_type="application/json", headers={"Cache-Control": "no-store"})


@router.post("/workers/heartbeat", response_model=DesiredStateOut, openapi_extra=unaudited(MACHINES))
async def heartbeat(request: Request, access: Works, body: HeartbeatIn) -> Response:
    """Renew this worker's cameras and learn what to do. Cameras not renewed for 10 s go to another worker.

    A key of named stores gets cameras of those alone, and they go to nobody else.
    """
    stores, servers = stores_of_worker(access), backends(request)
    said = Heartbeat(body.worker_id, body.host, body.kind, body.capacity, body.running, body.revision)
    desired = await answer_heartbeat(servers.postgres, vault_of(request), said, stores, access.principal.id)
    cameras = [camera.camera_id for camera in desired.cameras]
    await note_worker(servers.memory, said.worker_id, access.principal.id, cameras)
    return Response(msgspec.json.encode(desired), media_type="application/json", headers={"Cache-Control": "no-store"})
