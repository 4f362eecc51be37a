"""A camera that is let go takes its packets, up to 64 MB, along at once: the collector's next whole look may be far off."""

import asyncio
import gc
import uuid
import weakref
from typing import cast

from app.contracts.control import DesiredCamera
from app.workers.cpu.lane import Lane
from app.workers.emitter import Emitter
from app.workers.telemetry import WorkerMetrics


class Silent:
    """Nobody listens."""

    def health(self, _: object) -> None:
        """Nothing."""


async def test_the_packets_of_a_camera_go_with_it() -> None:
    camera = DesiredCamera(uuid.uuid4(), uuid.uuid4(), "rtsp://127.0.0.1:9/none", 5.0, "yolo_pose", "1", 1, False, False)
    was_on = gc.isenabled()
    gc.disable()
    try:
        lane = Lane(camera, cast(Emitter, Silent()), WorkerMetrics(), lambda: None, ring_bytes=1 << 20)
        packets = weakref.ref(lane.ring)
        running = asyncio.create_task(lane.run())
        await asyncio.sleep(0)
        lane.stop()
        await running
        del lane, running
        async with asyncio.timeout(30):  # the reader's thread may still be refused
            while packets() is not None:
                await asyncio.sleep(0.05)
    finally:
        if was_on:
            gc.enable()
