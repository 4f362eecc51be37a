"""From the frame that completes an act to `alert-raised` on the store's live stream, under steady load: for `bench pipeline`.

Real pipeline, dispatcher, PostgreSQL and Valkeys. In each camera's zone that nobody may enter somebody new stands now and then,
each camera at a time of its own; no cool-down joins their alerts. `captured_at` of a frame is the moment it is sent, and an
alert says which frame made it, so the delay is read off the message itself.
"""

import asyncio
import contextlib
import struct
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg
import msgspec
import numpy as np
import redis.asyncio

from app.contracts.live import store_stream
from app.contracts.tracked import TrackedFrame, decode_frame, frames_stream
from app.contracts.wire import FIELD, encode
from app.kit.clock import now_us
from app.kit.errors import SetupError
from app.kit.ids import new_id, shard_of
from app.kit.operations import socket_path
from benchmarks.held_up import Watch
from benchmarks.own_servers import OwnServers

FPS: Final = 5.0
ENTERS_EVERY_S: Final = 35.0
"""Longer than a lost person is remembered: whoever came back sooner would go on with the act before."""
STAYS_S: Final = 2.0
GOLDEN: Final = 0.618034
"""Multiples of it spread evenly over 0..1: no two cameras have their visitors at once."""
SETTLE_S: Final = 6.0
STARTS_S: Final = 120.0
ZONE: Final = "[[0.0,0.0],[0.12,0.0],[0.12,0.3],[0.0,0.3]]"
"""A corner that nobody of the bench's scene comes to."""


async def add_cameras(admin: Any, count: int) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """(store, cameras), each with a zone that nobody may enter."""
    chain, store = new_id(), new_id()
    await admin.execute("INSERT INTO chains (id, name) VALUES ($1, 'Delay')", chain)
    await admin.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, 'Delay')", store, chain)
    await admin.execute(
        "INSERT INTO rules (id, chain_id, store_id, kind, cool_down_s) VALUES ($1, $2, $3, 'entry', 0)", new_id(), chain, store
    )
    cameras = [uuid.UUID(int=(new_id().int & ~0xFF) | (index % 64)) for index in range(count)]
    for camera in cameras:
        await admin.execute(
            "INSERT INTO cameras (id, chain_id, store_id, name, url) VALUES ($1, $2, $3, 'c', 'rtsp://127.0.0.1/')",
            camera, chain, store,
        )  # fmt: skip
        await admin.execute(
            "INSERT INTO zones (id, chain_id, store_id, camera_id, name, kind, polygon)"
            " VALUES ($1, $2, $3, $4, 'z', 'entry', $5)",
            new_id(), chain, store, camera, ZONE,
        )  # fmt: skip
    return store, cameras


def start_dispatcher(env: dict[str, str], checkout: Path) -> "subprocess.Popen[bytes]":
    """The product's own dispatcher."""
    code = (
        "import asyncio, signal, uvloop\nfrom app.kit.logs import configure\nfrom app.pipeline.dispatcher import run\n"
        "from app.settings import settings\n"
        "async def main():\n stop = asyncio.Event()\n"
        " asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)\n await run(settings(), stop)\n"
        "configure('dispatcher', level='WARNING')\nuvloop.run(main())\n"
    )
    return subprocess.Popen([sys.executable, "-c", code], cwd=checkout, env=env)


async def _runs(dispatcher: "subprocess.Popen[bytes]", home: Path) -> None:
    """Wait until it does: on a busy machine that takes longer than all that is measured, and no alert would come.

    Raises:
        SetupError: it ended, or needs too long.
    """
    end = time.monotonic() + STARTS_S
    while not socket_path(home, "dispatcher").exists():
        if dispatcher.poll() is not None or time.monotonic() > end:
            raise SetupError(f"The dispatcher did not start within {STARTS_S:.0f} s: this machine is far too busy to measure on.")
        await asyncio.sleep(0.05)


def with_visitor(frame: TrackedFrame, track: int) -> TrackedFrame:
    """The frame with one more person, whose feet are in the zone."""
    x, y, body = 0.06 * frame.width, 0.28 * frame.height, 0.24 * frame.height
    points = [value for joint in range(17) for value in (x, y - body * (1 - joint / 17), 0.9)]
    return msgspec.structs.replace(
        frame,
        track_ids=[*frame.track_ids, track],
        boxes=frame.boxes + struct.pack("<4f", x - body / 6, y - body, x + body / 6, y),
        scores=frame.scores + struct.pack("<f", 0.9),
        keypoints=frame.keypoints + struct.pack("<51f", *points),
    )


async def _send(memory: redis.asyncio.Redis, cameras: list[uuid.UUID], samples: list[bytes], seconds: float) -> int:
    """Every camera 5 frames a second, spread evenly; how many frames."""
    frames, start, sent, steps = [decode_frame(sample) for sample in samples], time.monotonic(), 0, 20
    sequence = dict.fromkeys(cameras, 0)
    while (passed := time.monotonic() - start) < seconds:
        turn = int(passed * FPS * steps)
        first = turn % steps
        due = cameras[first::steps]
        async with memory.pipeline(transaction=False) as pipeline:
            for index, camera in enumerate(due):
                number = sequence[camera] = sequence[camera] + 1
                apart = (first + index * steps) * GOLDEN % 1
                visit, second = divmod(passed + apart * ENTERS_EVERY_S, ENTERS_EVERY_S)
                frame = frames[number % len(frames)]
                if second < STAYS_S:
                    frame = with_visitor(frame, 1000 + int(visit))
                frame = msgspec.structs.replace(frame, camera_id=camera, sequence=number, captured_at_us=now_us())
                pipeline.xadd(frames_stream(shard_of(camera)), {FIELD: encode(frame)}, maxlen=5000, approximate=True)
            await pipeline.execute()
        sent += len(due)
        await asyncio.sleep(max(0.0, start + (turn + 1) / (FPS * steps) - time.monotonic()))
    return sent


Hops = tuple[float, float, float]
"""Milliseconds from the frame to the rules, and from there by checkpoint, outbox and dispatcher to the live stream; when it was
sent, seconds since 1970."""


async def _listen(bus: redis.asyncio.Redis, store: uuid.UUID, from_s: float, delays: list[Hops]) -> None:
    """Of each `alert-raised` that comes after `from_s` (monotonic), until cancelled."""
    stream, after = store_stream(store), "$"
    while True:
        answer: Any = await bus.xread({stream: after}, count=100, block=1000)
        for _, entries in answer or ():
            for entry, fields in entries:
                after = entry
                arrived = datetime.fromtimestamp(int(entry.split(b"-")[0]) / 1000, UTC)  # by the server, when it took it
                body = msgspec.json.decode(fields[FIELD])
                if body["type"] == "alert-raised" and time.monotonic() >= from_s:
                    sent, judged = (datetime.fromisoformat(body["alert"][name]) for name in ("ended_at", "raised_at"))
                    hops = [(b - a).total_seconds() * 1000 for a, b in ((sent, judged), (judged, arrived))]
                    delays.append((hops[0], hops[1], sent.timestamp()))


async def _stayed(servers: OwnServers, store: uuid.UUID, sent: int, dispatcher: "subprocess.Popen[bytes]") -> dict[str, Any]:
    """How far frames and alerts came: what a run in which none arrived is looked into by."""
    admin = await asyncpg.connect(servers.postgres.url("admin"), timeout=10)
    try:
        row = await admin.fetchrow(
            "SELECT (SELECT count(*) FROM alerts WHERE store_id = $1) AS raised,"
            " (SELECT count(*) FROM outbox WHERE store_id = $1) AS waiting,"
            " (SELECT max(committed_at) FROM checkpoints) AS written,"
            " (SELECT max(split_part(frames_id, '-', 1)::bigint) FROM checkpoints) AS taken_ms",
            store,
            timeout=10,
        )
    finally:
        await admin.close(timeout=5)
    assert row is not None
    moment = now_us() / 1e6
    return {
        "frames_sent": sent,
        "newest_frame_taken_s_ago": round(moment - (row["taken_ms"] or 0) / 1000, 1),
        "last_checkpoint_s_ago": None if row["written"] is None else round(moment - row["written"].timestamp(), 1),
        "alerts_raised": row["raised"],
        "alerts_not_sent": row["waiting"],
        "dispatcher_runs": dispatcher.poll() is None,
    }


async def measure(
    servers: OwnServers, place: tuple[uuid.UUID, list[uuid.UUID]], samples: list[bytes], env: dict[str, str], checkout: Path,
    seconds: float, pid: int,
) -> dict[str, Any]:  # fmt: skip
    """Delays while the pipeline, which runs already as `pid`, takes FPS frames a second of each camera of `place`."""
    store, cameras = place
    memory, bus = (redis.asyncio.Redis.from_url(url) for url in (servers.memory.url, servers.bus.url))
    dispatcher, delays = start_dispatcher(env, checkout), list[Hops]()
    watch, beside = Watch(pid, servers.postgres.url("admin")), list[asyncio.Task[None]]()
    try:
        await _runs(dispatcher, Path(env["PENNYPROTECT_HOME"]))
        beside = [
            asyncio.create_task(_listen(bus, store, time.monotonic() + SETTLE_S, delays)),
            asyncio.create_task(watch.run()),
        ]
        sent = await _send(memory, cameras, samples, SETTLE_S + seconds)
        await asyncio.sleep(1.0)
        stayed = {} if delays else await _stayed(servers, store, sent, dispatcher)
    finally:
        for task in beside:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        dispatcher.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            dispatcher.wait(timeout=10)
        dispatcher.kill()
        await memory.aclose()
        await bus.aclose()
    if not delays:
        return {"not_measured": "No alert came.", "where_they_stayed": stayed}
    hops = np.array(delays)[:, :2]
    slow_ms, on_ms, sent_s = max(delays, key=lambda each: each[0] + each[1])
    whole, to_rules, to_stream = ([round(float(each), 1) for each in np.percentile(ms, [50, 99, 100])]
                                  for ms in (hops.sum(axis=1), hops[:, 0], hops[:, 1]))  # fmt: skip
    return {
        "p50_ms": whole[0],
        "p99_ms": whole[1],
        "most_ms": whole[2],
        "frame_to_rules_p50_p99_most_ms": to_rules,
        "rules_to_live_stream_p50_p99_most_ms": to_stream,
        "alerts": len(delays),
        "frames_per_s": round(sent / (SETTLE_S + seconds)),
        "around_the_slowest": watch.between(sent_s, sent_s + (slow_ms + on_ms) / 1000),
    }
