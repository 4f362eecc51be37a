"""`POST /api/v1/ingest/...`: what workers say that cannot reach Redis, written to the streams that they would write.

`tracked-frames` takes frames alone; `messages` takes all that a worker says, and answers which cameras somebody watches.
"""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from fastapi import Request
from pydantic import BaseModel, Field
from redis.exceptions import ResponseError

from app.audit.models import MACHINES, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.cameras.workers import allowed_cameras, stores_of_worker
from app.contracts.biometrics import KEEP_PROBES_MS, LARGEST_PICTURE, ProbeEmbedding, probes_stream
from app.contracts.live import (
    LARGEST_LIVE_PICTURE,
    WatchedPicture,
    camera_channel,
    pack_picture,
    picture_channel,
    watch_key,
)
from app.contracts.tracked import (
    HEALTH_KEPT,
    KEEP_FRAMES_MS,
    TRACKLETS_KEPT,
    CameraHealth,
    TrackedFrame,
    TrackletClosed,
    frames_stream,
    health_stream,
    tracklets_stream,
)
from app.contracts.wire import FIELD, WireError, as_floats, encode
from app.kit.backends import backends
from app.kit.clock import now_us
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.ids import shard_of
from app.kit.redis import Redis

router = guarded_router("ingest")
LARGEST_BATCH = 8 << 20
MOST_FRAMES = 500
MOST_PERSONS = 500
REMEMBER_S = 120


def _body(what: str) -> dict[str, Any]:
    content = {"application/vnd.msgpack": {"schema": {"type": "string", "format": "binary"}}}
    return {"requestBody": {"required": True, "description": f"MessagePack array of {what}.", "content": content}}


Said = TrackedFrame | TrackletClosed | CameraHealth | ProbeEmbedding | WatchedPicture
_decode = msgspec.msgpack.Decoder(list[TrackedFrame]).decode
_decode_said = msgspec.msgpack.Decoder(list[Said]).decode


class IngestedOut(BaseModel):
    """What became of a batch."""

    accepted: int
    repeated: int = Field(description="Frames that came before (camera, epoch, sequence).")


class TakenOut(BaseModel):
    """What became of a batch, and which of its cameras somebody watches now."""

    accepted: int
    repeated: int = Field(description="Frames that came before.")
    refused: int = Field(description="Of cameras that are not leased with this key, or that the servers did not take.")
    watched: list[uuid.UUID] = Field(description="Cameras of this batch whose pictures somebody wants.")


@router.post("/ingest/tracked-frames", openapi_extra=_body("TrackedFrame") | unaudited(MACHINES), max_body_size=LARGEST_BATCH)
async def ingest_tracked_frames(request: Request, access: Annotated[Access, require(Permission.WORKER)]) -> IngestedOut:
    """Take a batch of at most 500 frames. Sending it again changes nothing; cameras not leased with this key are refused."""
    stores_of_worker(access)
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


@router.post("/ingest/messages", openapi_extra=_body("whatever a worker says") | unaudited(MACHINES), max_body_size=LARGEST_BATCH)
async def ingest_messages(request: Request, access: Annotated[Access, require(Permission.WORKER)]) -> TakenOut:
    """Take frames, ended tracks, states of cameras, faces and watched pictures, at most 500. Sending it again changes nothing."""
    stores_of_worker(access)
    said, servers = read_messages(await request.body()), backends(request)
    cameras = sorted({each.camera_id for each in said})
    allowed = await allowed_cameras(servers.memory, access.principal.id, cameras)
    taken = [each for each in said if each.camera_id in allowed]
    frames = [each for each in taken if isinstance(each, TrackedFrame)]
    accepted = await _write(servers.memory, frames)
    refused = await _write_others(servers.memory, [each for each in taken if isinstance(each, ProbeEmbedding | WatchedPicture)])
    refused += await _write_others(servers.bus, [each for each in taken if isinstance(each, TrackletClosed | CameraHealth)])
    wanted = await servers.memory.mget([watch_key(camera) for camera in sorted(allowed)]) if allowed else []
    return TakenOut(
        accepted=accepted + len(taken) - len(frames) - refused,
        repeated=len(frames) - accepted,
        refused=refused + len(said) - len(taken),
        watched=[camera for camera, value in zip(sorted(allowed), wanted, strict=True) if value is not None],
    )


def read_messages(raw: bytes) -> list[Said]:
    """What a worker says; BadInputError when the bytes are none of it, or an array does not fit."""
    try:
        said: list[Said] = _decode_said(raw)
        for each in said:
            _check(each)
    except (msgspec.DecodeError, WireError) as error:
        raise BadInputError(f"This is no batch of a worker's messages: {error}.") from error
    if len(said) > MOST_FRAMES:
        raise BadInputError(f"A batch holds at most {MOST_FRAMES} messages; this one has {len(said)}.")
    return said


def _check(said: Said) -> None:
    match said:
        case TrackedFrame():
            _check_frame(said)
        case TrackletClosed():
            as_floats(said.boxes, -1, 5)
        case ProbeEmbedding():
            said.quality_array(), said.embedding_array()
            if len(said.picture) > LARGEST_PICTURE:
                raise WireError("the head's picture is too large")
        case WatchedPicture():
            if len(said.jpeg) > LARGEST_LIVE_PICTURE:
                raise WireError("the picture is too large")


def _check_frame(frame: TrackedFrame) -> None:
    if len(frame.track_ids) > MOST_PERSONS:
        raise WireError(f"more than {MOST_PERSONS} persons")
    frame.box_array(), frame.score_array(), frame.keypoint_array()


def read_batch(raw: bytes) -> list[TrackedFrame]:
    """The frames; BadInputError when the bytes are none, or a frame's arrays do not fit its persons."""
    try:
        frames = _decode(raw)
        for frame in frames:
            _check_frame(frame)
    except (msgspec.DecodeError, WireError) as error:
        raise BadInputError(f"This is no batch of tracked frames: {error}.") from error
    if len(frames) > MOST_FRAMES:
        raise BadInputError(f"A batch holds at most {MOST_FRAMES} frames; this one has {len(frames)}.")
    return frames


async def _write_others(server: Redis, said: Sequence[Said]) -> int:
    """How many the server did not take. What comes twice is written twice: its readers know each by its own words."""
    if not said:
        return 0
    async with server.pipeline(transaction=False) as pipe:
        for each in said:
            _add(pipe, each)
        replies = await pipe.execute(raise_on_error=False)
    return sum(isinstance(reply, ResponseError) for reply in replies)


def _add(pipe: Any, said: Said) -> None:
    """As a worker's own outlets write it."""
    shard = shard_of(said.camera_id)
    match said:
        case TrackletClosed():
            pipe.xadd(tracklets_stream(shard), {FIELD: encode(said)}, maxlen=TRACKLETS_KEPT, approximate=True)
        case CameraHealth():
            pipe.xadd(health_stream(shard), {FIELD: encode(said)}, maxlen=HEALTH_KEPT, approximate=True)
        case ProbeEmbedding():
            oldest = now_us() // 1000 - KEEP_PROBES_MS
            pipe.xadd(probes_stream(shard), {FIELD: encode(said)}, minid=oldest, approximate=False)
            pipe.pexpire(probes_stream(shard), KEEP_PROBES_MS)
        case WatchedPicture():
            pipe.publish(picture_channel(said.camera_id), pack_picture(said.captured_at_us, said.jpeg))


async def _write(memory: Redis, frames: list[TrackedFrame]) -> int:
    """How many were new. A crash between mark and write loses a frame, which frames in memory may be; none comes twice."""
    if not frames:
        return 0
    async with memory.pipeline(transaction=False) as pipe:
        for frame in frames:
            pipe.set(_mark(frame.camera_id, frame.epoch, frame.sequence), b"1", nx=True, ex=REMEMBER_S)
        fresh = [frame for frame, new in zip(frames, await pipe.execute(), strict=True) if new]
    oldest = f"{now_us() // 1000 - KEEP_FRAMES_MS}-0"
    async with memory.pipeline(transaction=False) as pipe:
        for frame in fresh:
            message = encode(frame)
            pipe.xadd(frames_stream(shard_of(frame.camera_id)), {FIELD: message}, minid=oldest, approximate=True)
            pipe.publish(camera_channel(frame.camera_id), message)
        await pipe.execute()
    return len(fresh)


def _mark(camera: uuid.UUID, epoch: int, sequence: int) -> str:
    return f"limit:frame:{camera}:{epoch}:{sequence}"
