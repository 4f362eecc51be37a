"""Writes posted messages where a worker's own outlets write them (`workers.emitter`)."""

import uuid
from collections.abc import Sequence
from typing import Any, Final

from redis.exceptions import ResponseError

from app.cameras.ingested import Said
from app.contracts.biometrics import KEEP_PROBES_MS, GaitEmbedding, ProbeEmbedding, probes_stream
from app.contracts.live import WatchedPicture, camera_channel, pack_picture, picture_channel
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
from app.contracts.wire import FIELD, encode
from app.kit.clock import now_us
from app.kit.ids import shard_of
from app.kit.redis import Redis

REMEMBER_S: Final = 120


async def write_frames(memory: Redis, frames: Sequence[TrackedFrame]) -> int:
    """How many were new: one of the epoch that came last of its camera, and not beyond its sequence, came before.

    Frames and what is remembered of them are written together or not at all.

    Raises:
        ResponseError: the server does not take them.
    """
    if not frames:
        return 0
    cameras = sorted({frame.camera_id for frame in frames})
    marks = await memory.mget([_mark(camera) for camera in cameras])
    latest = {camera: _place(mark) for camera, mark in zip(cameras, marks, strict=True)}
    fresh = []
    for frame in frames:
        epoch, sequence = latest[frame.camera_id]
        if frame.epoch != epoch or frame.sequence > sequence:
            latest[frame.camera_id] = (frame.epoch, frame.sequence)
            fresh.append(frame)
    if not fresh:
        return 0
    oldest = f"{now_us() // 1000 - KEEP_FRAMES_MS}-0"
    async with memory.pipeline(transaction=True) as pipe:
        for frame in fresh:
            message = encode(frame)
            pipe.xadd(frames_stream(shard_of(frame.camera_id)), {FIELD: message}, minid=oldest, approximate=True)
            pipe.publish(camera_channel(frame.camera_id), message)
        for camera in {frame.camera_id for frame in fresh}:
            epoch, sequence = latest[camera]
            pipe.set(_mark(camera), f"{epoch}:{sequence}", ex=REMEMBER_S)
        await pipe.execute()
    return len(fresh)


async def write_others(server: Redis, said: Sequence[Said]) -> int:
    """How many the server took. What comes twice is written twice: its readers know each by its own words."""
    if not said:
        return 0
    async with server.pipeline(transaction=False) as pipe:
        commands = [_add(pipe, each) for each in said]
        replies = await pipe.execute(raise_on_error=False)
    firsts = (replies[sum(commands[:place])] for place in range(len(said)))
    return sum(not isinstance(reply, ResponseError) for reply in firsts)


def _add(pipe: Any, said: Said) -> int:
    """As a worker's own outlets write it; how many commands that is."""
    shard = shard_of(said.camera_id)
    match said:
        case TrackletClosed():
            pipe.xadd(tracklets_stream(shard), {FIELD: encode(said)}, maxlen=TRACKLETS_KEPT, approximate=True)
        case CameraHealth():
            pipe.xadd(health_stream(shard), {FIELD: encode(said)}, maxlen=HEALTH_KEPT, approximate=True)
        case ProbeEmbedding() | GaitEmbedding():
            oldest = now_us() // 1000 - KEEP_PROBES_MS
            pipe.xadd(probes_stream(shard), {FIELD: encode(said)}, minid=oldest, approximate=False)
            pipe.pexpire(probes_stream(shard), KEEP_PROBES_MS)
            return 2
        case WatchedPicture():
            pipe.publish(picture_channel(said.camera_id), pack_picture(said.captured_at_us, said.jpeg))
    return 1


def _mark(camera: uuid.UUID) -> str:
    return f"limit:frames:{camera}"


def _place(mark: Any) -> tuple[int, int]:
    """(epoch, sequence) of the last frame that came, of its mark as the server holds it; (-1, -1) for none."""
    epoch, _, sequence = (mark or b"-1:-1").partition(b":")
    return int(epoch), int(sequence)
