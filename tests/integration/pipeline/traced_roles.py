"""The two ends of a trace as processes: a worker's analysis of a person who stays, and a service's hub with one viewer.

`worker CAMERA` sends 5 frames a second through the real `Analysis` and `Emitter`; `service CAMERA STORE` prints each text that a
viewer is sent.
"""

import asyncio
import itertools
import sys
import uuid
from types import SimpleNamespace
from typing import Any

import msgspec

from app.dashboard.hub import Hub
from app.dashboard.viewer import Viewer
from app.kit.clock import now_us
from app.kit.redis import connect_redis
from app.kit.tracing import configure_tracing
from app.perception.detections import Detections
from app.settings import settings
from app.workers.cpu.analysis import Analysis
from app.workers.emitter import Emitter, RedisEmitter
from app.workers.telemetry import WorkerMetrics
from tests.builders import make_tracked_frame


class Person:
    """A pose model."""

    async def detect(self, _frames: Any) -> list[Detections]:
        return [Detections.empty()]


class StayingLane:
    """A camera whose tracker sees one person on one spot, whatever the model says."""

    def __init__(self, camera: uuid.UUID, emitter: Emitter) -> None:
        self.camera = SimpleNamespace(camera_id=camera, url="rtsp://root:s3cret@camera.example/stream", pose_version="1")
        self.has_frame = self.busy = self.watched = False
        self.served_at = self.waits_since = 0.0
        self.yielded, self.overloaded = 0, False
        self._emitter, self._sequence, self._epoch = emitter, itertools.count(), now_us()

    def take(self) -> Any:
        self.busy, self.has_frame = True, False
        return SimpleNamespace(picture=None, captured_at_us=now_us())

    def rests(self, _frame: Any) -> bool:
        return False

    def accept(self, frame: Any, _found: Detections, trace_parent: str) -> None:
        made = make_tracked_frame(
            [(1, 0.5, 0.8)],
            camera=self.camera.camera_id,
            epoch=self._epoch,
            sequence=next(self._sequence),
            start_us=frame.captured_at_us,
        )
        self._emitter.frame(msgspec.structs.replace(made, trace_parent=trace_parent))

    def lose(self) -> None:
        raise AssertionError


async def worker(camera: uuid.UUID) -> None:
    chosen, stop = settings(), asyncio.Event()
    emitter = RedisEmitter(chosen.memory_redis_url.get_secret_value(), chosen.redis_url.get_secret_value())
    lane: Any = StayingLane(camera, emitter)
    analysis = Analysis(lambda: [lane], lambda _lane: Person(), emitter, WorkerMetrics())
    async with asyncio.TaskGroup() as group:
        group.create_task(emitter.run(stop))
        group.create_task(analysis.run(stop))
        while True:
            lane.has_frame = True
            analysis.wake()
            await asyncio.sleep(0.2)


async def service(camera: uuid.UUID, store: uuid.UUID) -> None:
    chosen, viewer = settings(), Viewer()
    bus = connect_redis(chosen.redis_url.get_secret_value(), role="service")
    hub = Hub(bus, connect_redis(chosen.memory_redis_url.get_secret_value(), role="service"))
    async with asyncio.TaskGroup() as group:
        group.create_task(hub.run())
        hub.subscribe(viewer, camera, store)
        await hub.join(viewer, store)
        sys.stdout.write("joined\n")
        sys.stdout.flush()
        while True:
            sys.stdout.write(await viewer.take() + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    role, *ids = sys.argv[1:]
    configure_tracing(role, settings().otlp_endpoint)
    asyncio.run({"worker": worker, "service": service}[role](*map(uuid.UUID, ids)))
