"""`POST /api/v1/ingest/tracked-frames`: frames of a cell that cannot reach Redis, written to the streams it would write."""

import uuid
from typing import Annotated

import msgspec
from fastapi import Request
from pydantic import BaseModel, Field

from app.audit.models import MACHINES, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras.workers import allowed_cameras, demand_platform_key
from app.contracts.live import camera_channel
from app.contracts.tracked import TrackedFrame, frames_stream
from app.contracts.wire import FIELD, WireError, encode
from app.kit.backends import backends
from app.kit.clock import now_us
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.ids import shard_of
from app.kit.redis import Redis

router = guarded_router("ingest")
LARGEST_BATCH = 8 << 20
MOST_FRAMES = 500
MOST_PERSONS = 500
KEPT_S = 60
REMEMBER_S = 120
BODY = {
    "requestBody": {
        "required": True,
        "description": "MessagePack array of TrackedFrame.",
        "content": {"application/vnd.msgpack": {"schema": {"type": "string", "format": "binary"}}},
    }
}
_decode = msgspec.msgpack.Decoder(list[TrackedFrame]).decode


class IngestedOut(BaseModel):
    """What became of a batch."""

    accepted: int
    repeated: int = Field(description="Frames that came before (camera, epoch, sequence).")


@router.post("/ingest/tracked-frames", openapi_extra=BODY | unaudited(MACHINES), max_body_size=LARGEST_BATCH)
async def ingest_tracked_frames(request: Request, access: Annotated[Access, require(Permission.WORKER)]) -> IngestedOut:
    """Take a batch of at most 500 frames. Sending it again changes nothing; cameras not leased with this key are refused."""
    demand_platform_key(access)
    frames = read_batch(await request.body())
    memory = backends(request).memory
    cameras = sorted({frame.camera_id for frame in frames})
    foreign = set(cameras) - await allowed_cameras(memory, access.principal.id, cameras)
    if foreign:
        raise ForbiddenError(
            "These cameras are not leased with this key; send a heartbeat first.", cameras=[str(c) for c in sorted(foreign)]
        )
    accepted = await _write(memory, frames)
    return IngestedOut(accepted=accepted, repeated=len(frames) - accepted)


def read_batch(raw: bytes) -> list[TrackedFrame]:
    """The frames; BadInputError when the bytes are none, or a frame's arrays do not fit its persons."""
    try:
        frames = _decode(raw)
        for frame in frames:
            if len(frame.track_ids) > MOST_PERSONS:
                raise WireError(f"more than {MOST_PERSONS} persons")
            frame.box_array(), frame.score_array(), frame.keypoint_array()
    except (msgspec.DecodeError, WireError) as error:
        raise BadInputError(f"This is no batch of tracked frames: {error}.") from error
    if len(frames) > MOST_FRAMES:
        raise BadInputError(f"A batch holds at most {MOST_FRAMES} frames; this one has {len(frames)}.")
    return frames


async def _write(memory: Redis, frames: list[TrackedFrame]) -> int:
    """How many were new. A crash between mark and write loses a frame, which frames in memory may be; none comes twice."""
    async with memory.pipeline(transaction=False) as pipe:
        for frame in frames:
            pipe.set(_mark(frame.camera_id, frame.epoch, frame.sequence), b"1", nx=True, ex=REMEMBER_S)
        fresh = [frame for frame, new in zip(frames, await pipe.execute(), strict=True) if new]
    oldest = f"{now_us() // 1000 - KEPT_S * 1000}-0"
    async with memory.pipeline(transaction=False) as pipe:
        for frame in fresh:
            message = encode(frame)
            pipe.xadd(frames_stream(shard_of(frame.camera_id)), {FIELD: message}, minid=oldest, approximate=True)
            pipe.publish(camera_channel(frame.camera_id), message)
        await pipe.execute()
    return len(fresh)


def _mark(camera: uuid.UUID, epoch: int, sequence: int) -> str:
    return f"limit:frame:{camera}:{epoch}:{sequence}"
