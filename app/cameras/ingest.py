"""`POST /api/v1/ingest/...`: what workers say that cannot reach Redis, written to the streams that they would write.

`tracked-frames` takes frames alone; `messages` takes all that a worker says, and answers which cameras somebody watches.
"""

import uuid
from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, Field
from redis.exceptions import ResponseError

from app.audit.models import MACHINES, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras.ingested import Said, bounded, count_of, durable_of, read_batch, read_messages
from app.cameras.streams import write_frames, write_others
from app.cameras.workers import allowed_cameras, stores_of_worker
from app.contracts.biometrics import Probe
from app.contracts.live import WatchedPicture, watch_key
from app.contracts.tracked import CameraHealth, TrackedFrame, TrackletClosed
from app.kit.backends import Backends, backends
from app.kit.errors import ForbiddenError

router = guarded_router("ingest")
LARGEST_BATCH = 8 << 20


def _body(what: str) -> dict[str, Any]:
    content = {"application/vnd.msgpack": {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": f"MessagePack array of {what}.", "content": content}}


class IngestedOut(BaseModel):
    """What became of a batch."""

    accepted: int
    repeated: int = Field(description="Frames that came before (camera, epoch, sequence).")


class TakenOut(BaseModel):
    """What became of a batch, and which of its cameras somebody watches now."""

    accepted: int
    repeated: int = Field(description="Frames that came before.")
    refused: int = Field(
        description="Unreadable, of a time that is not now, of cameras that are not leased with this key, too many of one camera,"
        " or not taken by the servers."
    )
    watched: list[uuid.UUID] = Field(description="Cameras of this batch whose pictures somebody wants.")


@router.post("/ingest/tracked-frames", openapi_extra=_body("TrackedFrame") | unaudited(MACHINES), max_body_size=LARGEST_BATCH)
async def ingest_tracked_frames(request: Request, access: Annotated[Access, require(Permission.WORKER)]) -> IngestedOut:
    """Take a batch of at most 500 frames. Sending it again changes nothing; cameras not leased with this key are refused."""
    stores_of_worker(access)
    frames = read_batch(await _counted_body(request, access))
    memory = backends(request).memory
    cameras = sorted({frame.camera_id for frame in frames})
    foreign = set(cameras) - await allowed_cameras(memory, access.principal.id, cameras)
    if foreign:
        raise ForbiddenError(
            "These cameras are not leased with this key; send a heartbeat first.", cameras=[str(c) for c in sorted(foreign)]
        )
    accepted = await write_frames(memory, frames)
    return IngestedOut(accepted=accepted, repeated=len(frames) - accepted)


@router.post("/ingest/messages", openapi_extra=_body("whatever a worker says") | unaudited(MACHINES), max_body_size=LARGEST_BATCH)
async def ingest_messages(request: Request, access: Annotated[Access, require(Permission.WORKER)]) -> TakenOut:
    """Take at most 500 frames, ended tracks, states, faces and pictures, each by itself. Sending it again changes nothing."""
    # Of what comes twice, frames are known here (and by the pipeline once more), the rest by its readers.
    stores_of_worker(access)
    said, unreadable = read_messages(await _counted_body(request, access))
    servers = backends(request)
    cameras = sorted({each.camera_id for each in said})
    allowed = await allowed_cameras(servers.memory, access.principal.id, cameras)
    taken = bounded([each for each in said if each.camera_id in allowed])
    if access.principal.chain_id is not None:
        await request.app.state.limiter.spend_kept(durable_of(taken))
    written, repeated = await _write(servers, taken)
    wanted = await servers.memory.mget([watch_key(camera) for camera in sorted(allowed)]) if allowed else []
    return TakenOut(
        accepted=written,
        repeated=repeated,
        refused=unreadable + len(said) - written - repeated,
        watched=[camera for camera, value in zip(sorted(allowed), wanted, strict=True) if value is not None],
    )


async def _counted_body(request: Request, access: Access) -> bytes:
    """The body, once the messages that it holds were spent of what this key may send; those of the platform have no bound."""
    raw = await request.body()
    messages = count_of(raw)
    if access.principal.chain_id is not None:
        await request.app.state.limiter.spend_messages(str(access.principal.id), messages)
    return raw


async def _write(servers: Backends, taken: list[Said]) -> tuple[int, int]:
    """(written, repeated); the others the servers did not take: their memory is full, or they do not permit it."""
    frames = [each for each in taken if isinstance(each, TrackedFrame)]
    fleeting = [each for each in taken if isinstance(each, Probe | WatchedPicture)]
    durable = [each for each in taken if isinstance(each, TrackletClosed | CameraHealth)]
    try:
        written = await write_frames(servers.memory, frames)
        repeated = len(frames) - written
    except ResponseError:
        written = repeated = 0
    written += await write_others(servers.memory, fleeting)
    written += await write_others(servers.bus, durable)
    return written, repeated
