"""Clients of the pose model's versions, as every worker calls them: one a version in use."""

import asyncio
from collections.abc import Sequence
from typing import Final, Protocol

from app.contracts.control import DesiredCamera
from app.inference.picture import Picture
from app.inference.triton import CallOptions, TritonPose
from app.perception.detections import Detections

DEADLINE_S: Final = 3.0
"""Longer than any queue of ours takes: a model this late is down, or its server has something else to do."""
PATIENCE_S: Final = 5.0
"""For a server that says that it lives, as one that loads a version on the processor of cameras: what it was asked is as good as
done, and a frame that is given up is lost. Age is bounded by the few frames that a camera keeps waiting."""
LONGEST_S: Final = DEADLINE_S + PATIENCE_S + 0.5
"""No request takes longer."""


class PoseModel(Protocol):
    """Finds persons."""

    async def detect(self, frames: Sequence[Picture]) -> list[Detections]:
        """Persons of each frame, in pixels of that frame. Raises PennyError when the model does not answer."""
        ...


class PoseClients:
    """One client a served model and version; the desired state names them camera by camera."""

    def __init__(self, url: str, pose_requests: int) -> None:
        self._url, self.pose_requests = url, pose_requests
        self._clients: dict[tuple[str, str], TritonPose] = {}
        self._leaving: dict[asyncio.Task[None], TritonPose] = {}

    def client(self, model: str, version: str) -> PoseModel:
        """The client of a version."""
        key = (model, version)
        if key not in self._clients:
            options = CallOptions(deadline_s=DEADLINE_S, patience_s=PATIENCE_S, in_flight=self.pose_requests)
            self._clients[key] = TritonPose(self._url, model, version, options=options)
        return self._clients[key]

    def keep(self, used: set[tuple[str, str]]) -> None:
        """Let go of the clients, and their memory, of versions that no camera uses any more: once no request is under way."""
        for key in self._clients.keys() - used:
            client = self._clients.pop(key)
            task = asyncio.create_task(_close_later(client))
            self._leaving[task] = client
            task.add_done_callback(lambda done: self._leaving.pop(done, None))

    async def close(self) -> None:
        """Hang up."""
        leaving = dict(self._leaving)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        for client in (*self._clients.values(), *leaving.values()):
            await client.close()


def versions_of(camera: DesiredCamera) -> set[str]:
    """Those that a camera asks."""
    return {camera.pose_version, camera.shadow_version} - {""}


async def _close_later(client: TritonPose) -> None:
    await asyncio.sleep(LONGEST_S)
    await client.close()
