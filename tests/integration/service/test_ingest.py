"""What workers post: from whom it is taken, what becomes of each message, and that readers cannot tell it from Redis's own."""

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from app.cameras.ingested import MOST_DURABLE
from app.contracts.biometrics import ProbeEmbedding, decode_probe, probes_stream
from app.contracts.live import WatchedPicture, camera_channel, pack_picture, picture_channel, watch_key
from app.contracts.tracked import (
    CameraHealth,
    TrackedFrame,
    TrackletClosed,
    decode_frame,
    decode_health,
    decode_tracklet,
    frames_stream,
    health_stream,
    tracklets_stream,
)
from app.contracts.wire import encode
from app.kit.clock import now_us
from app.kit.ids import shard_of
from app.workers.emitter import Emitter, RedisEmitter
from app.workers.posting import Poster, PostingEmitter
from tests.builders import make_health, make_probe, make_tracked_frame, make_tracklet
from tests.integration.conftest import Database, Valkey
from tests.integration.service.conftest import WORKER_KEY, Product
from tests.integration.service.test_commands import document
from tests.integration.service.test_store_workers import camera_in, cameras_of, second_store, until

INGEST = "/api/v1/ingest/messages"


@pytest.fixture
def faces_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face is gone after five seconds, and a machine under load may look later."""
    for module in ("cameras.streams", "workers.emitter"):
        monkeypatch.setattr(f"app.{module}.KEEP_PROBES_MS", 600_000)


async def lease(product: Product, key: str, camera: uuid.UUID) -> None:
    """A worker with this key holds the camera, for as long as a test takes."""
    assert str(camera) in await cameras_of(product, key, str(uuid.uuid4()))
    assert await product.memory.expire(f"presence:ingest:{camera}", 600)


async def kept(server: Any, stream: str, decode: Callable[[bytes], Any], camera: uuid.UUID) -> list[Any]:
    """A stream's messages of one camera."""
    return [one for _, fields in await server.xrange(stream) if (one := decode(fields[b"m"])).camera_id == camera]


async def everything_of(product: Product, camera: uuid.UUID) -> list[list[Any]]:
    """Frames, faces, states and ended tracks of a camera."""
    shard, memory, bus = shard_of(camera), product.memory, product.bus
    return [
        await kept(memory, frames_stream(shard), decode_frame, camera),
        await kept(memory, probes_stream(shard), decode_probe, camera),
        await kept(bus, health_stream(shard), decode_health, camera),
        await kept(bus, tracklets_stream(shard), decode_tracklet, camera),
    ]


def each_of(camera: uuid.UUID, at_us: int) -> tuple[TrackedFrame, ProbeEmbedding, CameraHealth, TrackletClosed]:
    """One message of each kind that is kept."""
    probe = msgspec.structs.replace(make_probe(), camera_id=camera, captured_at_us=at_us)
    return (
        make_tracked_frame([(1, 0.5, 0.5)], camera=camera, start_us=at_us), probe, make_health(camera=camera, start_us=at_us),
        make_tracklet(7, 1.0, camera=camera, start_us=at_us),
    )  # fmt: skip


@pytest.mark.usefixtures("faces_stay")
async def test_no_key_speaks_for_a_camera_of_another_s(product: Product, database: Database) -> None:
    harbour = await second_store(product)
    here, there = (uuid.UUID(each["id"]) for each in (await product.camera(), await camera_in(product, harbour)))
    made = await document(product, database.url("owner"), "workers", "create", "harbour", "--store", harbour)
    keys = {here: WORKER_KEY, there: made["worker_key"]}
    for camera, key in keys.items():
        await lease(product, key, camera)
    at_us = now_us()
    for camera, key in keys.items():
        foreign = WORKER_KEY if key != WORKER_KEY else made["worker_key"]
        for message in (*each_of(camera, at_us), WatchedPicture(camera, at_us, b"\xff\xd8")):
            status, answer = await product.ask("POST", INGEST, token=foreign, data=msgspec.msgpack.encode([message]))
            assert (status, answer) == (200, {"accepted": 0, "repeated": 0, "refused": 1, "watched": []})
        assert await everything_of(product, camera) == [[], [], [], []]
        frames = msgspec.msgpack.encode([each_of(camera, at_us)[0]])
        status, _ = await product.ask("POST", "/api/v1/ingest/tracked-frames", token=foreign, data=frames)
        assert status == 403
        status, answer = await product.ask("POST", INGEST, token=key, data=msgspec.msgpack.encode(each_of(camera, at_us)))
        assert (status, answer["accepted"], answer["refused"]) == (200, 4, 0)
        assert await everything_of(product, camera) == [[each] for each in each_of(camera, at_us)]


async def test_what_cannot_be_costs_only_itself_and_nobody_trims_a_shard_s_streams(product: Product) -> None:
    camera = uuid.UUID((await product.camera())["id"])
    await lease(product, WORKER_KEY, camera)
    at_us = now_us()
    frame, _, health, tracklet = each_of(camera, at_us)
    wrong = [
        1, [3, str(camera)], msgspec.structs.replace(health, at_us=2**62), msgspec.structs.replace(tracklet, ended_at_us=2**62),
        msgspec.structs.replace(frame, captured_at_us=at_us - 3 * 86_400_000_000, sequence=1), WatchedPicture(camera, -1, b"x"),
    ]  # fmt: skip
    status, answer = await product.ask("POST", INGEST, token=WORKER_KEY, data=msgspec.msgpack.encode([*wrong, frame, health]))
    assert (status, answer["accepted"], answer["refused"]) == (200, 2, len(wrong))
    assert await everything_of(product, camera) == [[frame], [], [health], []]
    status, answer = await product.ask("POST", INGEST, token=WORKER_KEY, data=msgspec.msgpack.encode([health, tracklet] * 250))
    assert (status, answer["accepted"], answer["refused"]) == (200, MOST_DURABLE, 500 - MOST_DURABLE)
    # A frame that comes again was known, one of a sequence before it too; after a new epoch all are new.
    later = [msgspec.structs.replace(frame, sequence=number) for number in (0, 1, 1, 2)]
    again = [msgspec.structs.replace(frame, epoch=frame.epoch + 1, sequence=0)]
    for batch, accepted in ((later, 2), (later, 0), (again, 1), (again, 0)):
        status, answer = await product.ask("POST", INGEST, token=WORKER_KEY, data=msgspec.msgpack.encode(batch))
        assert (status, answer["accepted"], answer["repeated"]) == (200, accepted, len(batch) - accepted)
    assert len(await product.memory.keys(f"limit:frame*{camera}*")) == 1


async def test_who_says_too_much_waits(product: Product, database: Database) -> None:
    harbour = await second_store(product)
    camera = uuid.UUID((await camera_in(product, harbour))["id"])
    made = await document(product, database.url("owner"), "workers", "create", "harbour", "--store", harbour)
    await lease(product, made["worker_key"], camera)
    window = int(time.time() / 10)
    for each in range(window, window + 60):  # ten minutes of them, so that none ends the test
        await product.memory.set(f"limit:messages:{made['id']}:{each}", 10_000_000)
    said = msgspec.msgpack.encode([each_of(camera, now_us())[0]])
    status, answer = await product.ask("POST", INGEST, token=made["worker_key"], data=said)
    assert (status, answer["title"]) == (429, "Too many requests")
    assert await everything_of(product, camera) == [[], [], [], []]
    for each in range(window - 1, window + 60):
        await product.memory.delete(f"limit:messages:{made['id']}:{each}")
    status, answer = await product.ask("POST", INGEST, token=made["worker_key"], data=said)
    assert (status, answer["accepted"]) == (200, 1)
    # Nor does one camera fill the streams that are trimmed by number, and its frames go on.
    for each in range(window, window + 60):
        await product.memory.set(f"limit:kept:{camera}:{each}", 10_000_000)
    _, _, health, tracklet = each_of(camera, now_us())
    for message in (health, tracklet):
        batch = msgspec.msgpack.encode([message])
        assert (await product.ask("POST", INGEST, token=made["worker_key"], data=batch))[0] == 429
    later = msgspec.msgpack.encode([msgspec.structs.replace(each_of(camera, now_us())[0], sequence=1)])
    assert (await product.ask("POST", INGEST, token=made["worker_key"], data=later))[1]["accepted"] == 1
    assert [len(each) for each in await everything_of(product, camera)] == [2, 0, 0, 0]


@pytest.mark.usefixtures("faces_stay")
@pytest.mark.parametrize("way", ["redis", "posted"])
async def test_both_ways_out_say_the_same(product: Product, memory: Valkey, bus: Valkey, way: str) -> None:
    """A conformance test of the emitter: whoever reads cannot tell by which way a worker spoke."""
    camera, other = uuid.UUID((await product.camera())["id"]), uuid.uuid4()
    await lease(product, WORKER_KEY, camera)
    emitter: Emitter = (
        RedisEmitter(memory.url("worker"), bus.url("worker"))
        if way == "redis"
        else PostingEmitter(Poster(product.base, WORKER_KEY))
    )
    await product.memory.set(watch_key(camera), b"1", ex=600)
    pubsub = product.memory.pubsub()
    await pubsub.subscribe(picture_channel(camera), camera_channel(camera))
    at_us, stop = now_us(), asyncio.Event()
    running = asyncio.create_task(emitter.run(stop))
    try:
        frame, probe, health, tracklet = each_of(camera, at_us)
        frames = [msgspec.structs.replace(frame, sequence=number) for number in range(5)]
        for each in frames:
            emitter.frame(each)
        emitter.picture(camera, at_us, b"\xff\xd8picture")
        emitter.probe(probe, lambda: True)
        emitter.probe(probe, lambda: False)
        emitter.health(health)
        emitter.tracklet(tracklet)

        async def heard() -> bool:
            return await everything_of(product, camera) == [frames, [probe], [health], [tracklet]]

        await until(heard, 60)
        messages: list[bytes] = []
        async with asyncio.timeout(60):
            while len(messages) < 6:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)
                messages += [] if message is None else [message["data"]]
        assert sorted(messages) == sorted([*map(encode, frames), pack_picture(at_us, b"\xff\xd8picture")])
        assert await emitter.watched([camera, other]) == [True, False]
    finally:
        stop.set()
        await asyncio.wait_for(running, 30)
        await pubsub.aclose()


async def test_all_that_a_worker_says_arrives_where_its_own_redis_would_have_it(product: Product) -> None:
    camera, foreign = uuid.UUID((await product.camera())["id"]), uuid.uuid4()
    await lease(product, WORKER_KEY, camera)
    shard, at_us = shard_of(camera), now_us()
    frame, probe, health, tracklet = each_of(camera, at_us)
    picture = WatchedPicture(camera, at_us, b"\xff\xd8picture")
    elsewhere = make_tracked_frame([], camera=foreign, start_us=at_us)
    said = msgspec.msgpack.encode([frame, health, tracklet, probe, picture, elsewhere])
    pubsub = product.memory.pubsub()
    await pubsub.subscribe(picture_channel(camera))
    await product.memory.set(watch_key(camera), b"1", ex=60)
    status, answer = await product.ask("POST", INGEST, token=WORKER_KEY, data=said)
    assert (status, answer) == (200, {"accepted": 5, "repeated": 0, "refused": 1, "watched": [str(camera)]})
    status, answer = await product.ask("POST", INGEST, token=WORKER_KEY, data=msgspec.msgpack.encode([frame]))
    assert (answer["accepted"], answer["repeated"]) == (0, 1)
    assert 0 < await product.memory.pttl(probes_stream(shard)) <= 5_000
    assert await everything_of(product, camera) == [[frame], [probe], [health], [tracklet]]
    async with asyncio.timeout(20):
        while (heard := await pubsub.get_message(ignore_subscribe_messages=True, timeout=1.0)) is None:
            pass
    assert heard["data"] == pack_picture(at_us, b"\xff\xd8picture")
    await pubsub.aclose()
    for wrong in (said[:-3], b"", msgspec.msgpack.encode({}), b"\x91" * 100_000, msgspec.msgpack.encode([frame] * 501)):
        assert (await product.ask("POST", INGEST, token=WORKER_KEY, data=wrong))[0] == 422
