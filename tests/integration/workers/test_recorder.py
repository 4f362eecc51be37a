"""What the worker does with a finished recording: storage is away, the disk is full, what arrived is not what was sent."""

import asyncio
import contextlib
import hashlib
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web

from app.contracts.control import Recording, UploadWish
from app.workers import clips
from app.workers.spool import Spool, Waiting
from app.workers.telemetry import WorkerMetrics
from app.workers.uploads import Uploads

BODY = b"a clip" * 1000
WISH = UploadWish(len(BODY), hashlib.sha256(BODY).hexdigest(), "video/mp4", 1, 2, False, [])


@dataclass
class Storage:
    """The service's side: `plan` says what each PUT is answered, `said` what each registration is."""

    plan: list[int] = field(default_factory=list)
    said: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    puts: int = 0
    bodies: list[bytes] = field(default_factory=list)
    registered: asyncio.Event = field(default_factory=asyncio.Event)

    async def grant(self, _request: web.Request) -> web.Response:
        return web.json_response({"url": "/uploads/x", "headers": {}})

    async def put(self, request: web.Request) -> web.Response:
        self.puts += 1
        body = await request.read()
        status = self.plan.pop(0) if self.plan else 204
        if status < 300:
            self.bodies.append(body)
        return web.Response(status=status)

    async def uploaded(self, _request: web.Request) -> web.Response:
        status, answer = self.said.pop(0) if self.said else (200, {"state": "present"})
        if status == 200:
            self.registered.set()
        return web.json_response(answer, status=status)


@contextlib.asynccontextmanager
async def storing(storage: Storage) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/api/v1/workers/evidence/{id}/upload", storage.grant)
    app.router.add_put("/uploads/x", storage.put)
    app.router.add_post("/api/v1/workers/evidence/{id}/uploaded", storage.uploaded)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@contextlib.asynccontextmanager
async def recording(url: str, spool: Spool, wanted: list[Recording] | None = None) -> AsyncIterator[None]:
    """A recorder that keeps one camera's packets."""
    ring = SimpleNamespace(newest_us=10, masks_of=lambda *_: [])
    cameras: dict[uuid.UUID, Any] = {each.camera_id: SimpleNamespace(ring=ring, sightings=[]) for each in wanted or ()}
    recorder = clips.Recorder(lambda: wanted or [], lambda: cameras, Uploads(url, "key"), spool, WorkerMetrics())
    stop = asyncio.Event()
    task = asyncio.create_task(recorder.run(stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


@pytest.fixture
def hours(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that goes on by ten minutes with each pause."""
    passed = [0.0]

    async def pause(_attempt: int) -> None:
        passed[0] += 600
        await asyncio.sleep(0)

    monkeypatch.setattr(clips, "pause", pause)
    monkeypatch.setattr(clips, "time", SimpleNamespace(monotonic=lambda: passed[0]))
    return passed


async def test_storage_that_is_away_for_an_hour_loses_nothing(tmp_path: Path, hours: list[float]) -> None:
    storage, spool, evidence = Storage(plan=[503, 500, 502, 503, 403, 503]), Spool(tmp_path / "spool"), uuid.uuid4()
    assert spool.keep(Waiting(evidence, WISH, BODY))  # an earlier process left it: that one was killed while it uploaded
    async with storing(storage) as url, recording(url, spool):
        await asyncio.wait_for(storage.registered.wait(), 20)
        async with asyncio.timeout(20):
            while spool.held_bytes():
                await asyncio.sleep(0.01)
    assert (storage.bodies, hours[0]) == ([BODY], 3600.0)
    assert spool.left() == []


async def test_what_was_changed_on_its_way_is_uploaded_again(tmp_path: Path, hours: list[float]) -> None:
    again = (409, {"title": "Conflict", "detail": "It has another hash.", "again": True})
    storage, spool = Storage(said=[again]), Spool(tmp_path / "spool")
    spool.keep(Waiting(uuid.uuid4(), WISH, BODY))
    async with storing(storage) as url, recording(url, spool):
        await asyncio.wait_for(storage.registered.wait(), 20)
    assert (storage.puts, hours[0]) == (2, 600.0)


async def test_what_nobody_wants_any_more_is_let_go(tmp_path: Path) -> None:
    storage, spool = Storage(said=[(409, {"title": "Conflict", "detail": "This piece is deleted."})]), Spool(tmp_path / "spool")
    spool.keep(Waiting(uuid.uuid4(), WISH, BODY))
    async with storing(storage) as url, recording(url, spool):
        async with asyncio.timeout(20):
            while spool.held_bytes():
                await asyncio.sleep(0.01)
    assert storage.puts == 1


async def test_a_full_disk_keeps_a_recording_in_memory_until_it_is_stored(
    tmp_path: Path, hours: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spool").write_bytes(b"")  # no folder can be made there: what a full disk says, too
    wish = Recording(uuid.uuid4(), uuid.uuid4(), "clip", 1, 2, 1)
    monkeypatch.setattr(clips, "cut", lambda *_: (SimpleNamespace(body=BODY), WISH))
    storage = Storage(plan=[503, 503])
    async with storing(storage) as url, recording(url, Spool(tmp_path / "spool"), [wish]):
        await asyncio.wait_for(storage.registered.wait(), 20)
    assert (storage.bodies, hours[0]) == ([BODY], 1200.0)
