"""The worker's side of the control plane: a heartbeat up, a leased desired state down, and what may run by it."""

import asyncio
import contextlib
import fcntl
import os
import ssl
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Self

import aiohttp
import msgspec

from app.contracts.control import BIOMETRICS_STOP_S, HEARTBEAT_S, DesiredCamera, DesiredState, Heartbeat
from app.kit.backoff import Backoff
from app.kit.decoding import one_error
from app.kit.ids import new_id
from app.kit.logs import logger
from app.kit.tls import trust
from app.settings import Settings

HEARTBEAT_TIMEOUT_S: Final = 3.0
RELAYED: Final = ("rtsp://", "rtsps://")
"""Cameras that a relay pulls; files and simulated ones are read by the worker itself."""
EMPTY: Final = DesiredState(revision="", lease_s=0.0, cameras=[])

log = logger(__name__)
_decode_desired = one_error(msgspec.json.Decoder(DesiredState).decode)


@dataclass(frozen=True, slots=True)
class Grant:
    """The last desired state, and when it was asked for (monotonic seconds).

    Counted from the request and not from the reply: the service's own count started no earlier.
    """

    state: DesiredState = EMPTY
    asked_at: float = 0.0


def cameras_to_run(grant: Grant, now: float) -> dict[uuid.UUID, DesiredCamera]:
    """The cameras this worker may run at `now`; none once the lease has run out."""
    if now - grant.asked_at >= grant.state.lease_s:
        return {}
    return {camera.camera_id: camera for camera in grant.state.cameras}


def biometrics_allowed(grant: Grant, now: float) -> bool:
    """Whether face and gait may run at all: only under a recently renewed policy."""
    return now - grant.asked_at < BIOMETRICS_STOP_S


Switch = Literal["face", "gait"]


def permitted(grant: Grant, camera_id: uuid.UUID, revision: int, now: float, switch: Switch = "face") -> DesiredCamera | None:
    """The camera, when a fresh grant of this very policy revision says that its faces (or gait) may be looked at; else None."""
    if not biometrics_allowed(grant, now):
        return None
    for camera in grant.state.cameras:
        if camera.camera_id == camera_id:
            return camera if getattr(camera, switch) is True and camera.policy_revision == revision else None
    return None


def wanted(grant: Grant, now: float, switch: Switch = "face") -> bool:
    """Whether any camera's faces (or gait) may be looked at."""
    return biometrics_allowed(grant, now) and any(getattr(camera, switch) is True for camera in grant.state.cameras)


class ControlLoop:
    """Asks the service every 2 s what to do.

    Args:
        running: the cameras this worker runs now.
        on_change: called in the event loop with what may run, whenever that may have changed.
        trusted: whom to trust for an https service; None for the system's authorities.
        relay: address of the MediaMTX that cameras are read through, with its credentials; "" for the cameras' own addresses.
    """

    def __init__(
        self,
        service_url: str,
        key: str,
        worker_id: uuid.UUID,
        kind: str,
        capacity: int,
        running: Callable[[], list[uuid.UUID]],
        on_change: Callable[[dict[uuid.UUID, DesiredCamera]], None],
        trusted: ssl.SSLContext | None = None,
        relay: str = "",
    ) -> None:
        self._trusted, self._relay = trusted or True, relay
        self._url = service_url.rstrip("/") + "/api/v1/workers/heartbeat"
        self._key, self._worker_id, self._kind, self._capacity = key, worker_id, kind, capacity
        self._running, self._on_change = running, on_change
        self._grant = Grant()
        self._told: dict[uuid.UUID, DesiredCamera] = {}

    @classmethod
    def of(
        cls,
        settings: Settings,
        worker_id: uuid.UUID,
        kind: str,
        running: Callable[[], list[uuid.UUID]],
        on_change: Callable[[dict[uuid.UUID, DesiredCamera]], None],
    ) -> Self:
        """The loop of a worker that these settings describe."""
        key, trusted = settings.worker_key.get_secret_value(), trust(settings.ca_file)
        where, capacity, relay = settings.service_address, settings.worker_capacity, settings.relay_source
        return cls(where, key, worker_id, kind, capacity, running, on_change, trusted, relay)

    @property
    def grant(self) -> Grant:
        """The last desired state."""
        return self._grant

    async def run(self, stop: asyncio.Event) -> None:
        """Beat until `stop`."""
        retry, failures = Backoff(first_s=0.5, longest_s=HEARTBEAT_S), 0
        timeout = aiohttp.ClientTimeout(total=HEARTBEAT_TIMEOUT_S)
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            while not stop.is_set():
                problem = await self._beat(session)
                if problem and failures == 0:
                    log.warning("the service does not answer the heartbeat", problem=problem)
                failures = failures + 1 if problem else 0
                if stop.is_set():
                    return  # an answer that comes now would start again what was just let go
                self._tell()
                await self._pause(stop, retry.delay_s(failures - 1) if failures else HEARTBEAT_S)

    async def _beat(self, session: aiohttp.ClientSession) -> str:
        """One heartbeat; what went wrong, or ""."""
        asked_at = time.monotonic()
        beat = Heartbeat(
            worker_id=self._worker_id,
            host=os.uname().nodename,
            kind=self._kind,
            capacity=self._capacity,
            running=self._running(),
            revision=self._grant.state.revision,
        )
        try:
            async with session.post(self._url, data=msgspec.json.encode(beat), ssl=self._trusted) as reply:
                body = await reply.read()
                if reply.status in (401, 403):
                    return "the worker key is refused; check PENNYPROTECT_WORKER_KEY"
                if reply.status != 200:
                    return f"status {reply.status}"
                self._grant = Grant(through_relay(_decode_desired(body), self._relay), asked_at)
        except (aiohttp.ClientError, TimeoutError, OSError, msgspec.DecodeError) as error:
            return type(error).__name__
        return ""

    async def _pause(self, stop: asyncio.Event, seconds: float) -> None:
        """Wait, but wake when the lease runs out in the meantime."""
        until = time.monotonic() + seconds
        expiry = self._grant.asked_at + self._grant.state.lease_s
        if self._told and expiry < until:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, expiry - time.monotonic()))
                return
            self._tell()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), max(0.0, until - time.monotonic()))

    def _tell(self) -> None:
        """Say what may run when that changed, or when a camera that may run does not: its loop failed."""
        allowed = cameras_to_run(self._grant, time.monotonic())
        if allowed != self._told or not allowed.keys() <= set(self._running()):
            self._told = allowed
            self._on_change(allowed)


def through_relay(state: DesiredState, relay: str) -> DesiredState:
    """The same with RTSP cameras read at `relay`, whose paths are camera ids: it alone pulls each of them, once."""
    if not relay:
        return state
    base = relay.rstrip("/")
    cameras = [
        msgspec.structs.replace(each, url=f"{base}/{each.camera_id}") if each.url.lower().startswith(RELAYED) else each
        for each in state.cameras
    ]
    return msgspec.structs.replace(state, cameras=cameras)


def worker_identity(file: Path) -> tuple[uuid.UUID, int | None]:
    """This worker's id, kept in `file` so that a restarted worker gets its cameras back at once, and the lock on it.

    A second worker on the same file gets an id of its own and no descriptor.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return new_id(), None
    with contextlib.suppress(ValueError):
        return uuid.UUID(os.read(descriptor, 64).decode("ascii", "replace").strip()), descriptor
    fresh = new_id()
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(fresh).encode(), 0)
    return fresh, descriptor
