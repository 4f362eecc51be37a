"""A worker of simulated cameras only, over HTTP: heartbeats for cameras, then all it says by `POST /api/v1/ingest/messages`.

It plays one script on every camera it is given, whatever the address says: give it a service of its own, or one whose other
workers have no free place. It needs a worker's key.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable

from app.contracts.control import DesiredCamera
from app.kit.ids import new_id
from app.workers.control import ControlLoop
from app.workers.posting import Poster, PostingEmitter
from app.workers.simulated.acts import Script
from app.workers.simulated.lane import SimulatedLane


async def play(
    url: str, key: str, script: Script, stop: asyncio.Event, *, capacity: int = 1, seconds: float | None = None
) -> PostingEmitter:
    """Play a script on up to `capacity` cameras until `stop`, or for so long; the emitter tells what was sent."""
    emitter, lanes = PostingEmitter(Poster(url, key)), dict[uuid.UUID, SimulatedLane]()
    async with asyncio.TaskGroup() as group:

        def want(wanted: dict[uuid.UUID, DesiredCamera]) -> None:
            for camera_id in [held for held in lanes if held not in wanted]:
                lanes.pop(camera_id).stop()
            for camera_id, camera in wanted.items():
                if camera_id not in lanes:
                    lanes[camera_id] = SimulatedLane(camera, script, emitter)
                    group.create_task(lanes[camera_id].run())

        running: Callable[[], list[uuid.UUID]] = lambda: list(lanes)  # noqa: E731 - typed
        control = ControlLoop(url, key, new_id(), "simulated", capacity, running, want)
        group.create_task(control.run(stop))
        group.create_task(emitter.run(stop))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        stop.set()
        want({})
    return emitter
