"""Cameras, their state as shown, their sessions."""

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.contracts.tracked import CameraState

SILENT_AFTER = timedelta(seconds=30)
"""Health is stored at every change and at most every 10 s; without any for this long nobody runs the camera."""


class ShownState(enum.StrEnum):
    """A camera's state for a person: the worker's own word, or why there is none."""

    CONNECTING = "connecting"
    LIVE = "live"
    FROZEN = "frozen"
    RECONNECTING = "reconnecting"
    REFUSED = "refused"
    STOPPED = "stopped"
    WAITING = "waiting"  # no worker reports on it


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """What the worker last said about a camera's stream."""

    state: str
    reason: str
    width: int
    height: int
    codec: str
    fps_in: float
    fps_analysed: float
    dropped: int
    reconnects: int
    last_frame_at: datetime | None
    reported_at: datetime


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera. `url` carries no credentials; `credentials` are encrypted; `floor` as `FloorIn` takes it, or None."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str
    url: str
    credentials: bytes | None
    analysis_fps: float
    enabled: bool
    revision: int
    created_at: datetime
    status: CameraStatus | None = None
    floor: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class StreamSession:
    """One connection to a camera, as the pipeline saw it."""

    id: uuid.UUID
    camera_id: uuid.UUID
    epoch: int
    status: str
    reason: str
    width: int
    height: int
    codec: str
    started_at: datetime
    ended_at: datetime | None


def shown_state(camera: Camera, now: datetime) -> tuple[ShownState, str]:
    """(state, reason in one sentence or "") to show for a camera."""
    status = camera.status
    if not camera.enabled:
        return ShownState.STOPPED, "This camera is switched off."
    if status is None:
        return ShownState.WAITING, "No worker has reported on this camera yet."
    if now - status.reported_at > SILENT_AFTER:
        return ShownState.WAITING, "No worker reports on this camera any more."
    return ShownState(CameraState(status.state).value), status.reason
