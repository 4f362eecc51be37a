"""A worker of simulated cameras only, over HTTP: heartbeats for cameras, then all it says by `POST /api/v1/ingest/messages`.

It plays one script on every camera it is given, whatever the address says: give it a service of its own, or one whose other
workers have no free place. It needs a worker's key.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from typing import Final

import aiohttp

from app.contracts.control import DesiredCamera
from app.kit.ids import new_id
from app.workers.control import ControlLoop
from app.workers.posting import Poster, PostingEmitter
from app.workers.simulated.acts import Script
from app.workers.simulated.lane import SimulatedLane
from app.workers.uploads import UploadRefusedError, Uploads

NO_PICTURES: Final = "A simulated camera has no pictures to record."
LOOK_S: Final = 1.0


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
        group.create_task(_record_nothing(Uploads(url, key), control, stop))
        group.create_task(emitter.run(stop))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds)
        stop.set()
        want({})
    return emitter


async def _record_nothing(uploads: Uploads, control: ControlLoop, stop: asyncio.Event) -> None:
    """Say of every recording that is wanted that there will be none, so that nobody waits for it."""
    said = set[uuid.UUID]()
    try:
        while not stop.is_set():
            wanted = {each.evidence_id for each in control.grant.state.recordings}
            said &= wanted
            for evidence_id in wanted - said:
                try:
                    await uploads.give_up(evidence_id, NO_PICTURES)
                except UploadRefusedError:
                    pass  # it is settled already
                except (aiohttp.ClientError, TimeoutError, OSError):
                    continue  # again at the next look, as long as it is wanted
                said.add(evidence_id)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), LOOK_S)
    finally:
        await uploads.close()
