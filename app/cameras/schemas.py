"""What the camera endpoints take and answer."""

import uuid
from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from app.cameras.models import Camera, ShownState, StreamSession, shown_state
from app.perception.ground import LONGEST_M, SHORTEST_M, ground_of
from app.tracking.limits import USUAL_FPS

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]
Url = Annotated[str, Field(max_length=2000, description="rtsp, rtsps, http or https; may hold user:password.")]
Share = Annotated[float, Field(ge=0, le=1)]
Fps = Annotated[float, Field(gt=0, le=30, description="Frames a second to analyse at most.")]


class FloorIn(BaseModel):
    """A rectangle on the floor, as this camera sees it: rules then measure metres instead of body heights."""

    model_config = ConfigDict(extra="forbid")

    corners: list[tuple[Share, Share]] = Field(
        min_length=4, max_length=4, description="[x, y] in 0..1 of the picture, in their order around the rectangle."
    )
    first_m: float = Field(ge=SHORTEST_M, le=LONGEST_M, description="Metres from the first corner to the second.")
    second_m: float = Field(ge=SHORTEST_M, le=LONGEST_M, description="Metres from the second corner to the third.")

    @model_validator(mode="after")
    def _is_seen(self) -> Self:
        ground_of(self.corners, self.first_m, self.second_m)
        return self


class FloorOut(BaseModel):
    """A rectangle on the floor, as the camera sees it."""

    corners: list[tuple[float, float]]
    first_m: float
    second_m: float


class CameraIn(BaseModel):
    """A camera to add."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    name: Name
    url: Url
    analysis_fps: Fps = USUAL_FPS
    enabled: bool = True


class CameraChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    url: Url | None = None
    analysis_fps: Fps | None = None
    enabled: bool | None = None
    floor: FloorIn | None = Field(default=None, description="null: it is not known any more.")


class CameraOut(BaseModel):
    """A camera with the state of its stream; never its password."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str
    url: str = Field(description="Without credentials.")
    has_credentials: bool
    analysis_fps: float
    enabled: bool
    state: ShownState
    reason: str = Field(description="One sentence when the state is not live, else empty.")
    width: int
    height: int
    codec: str
    fps_in: float
    fps_analysed: float
    dropped: int
    reconnects: int
    last_frame_at: datetime | None
    reported_at: datetime | None
    created_at: datetime
    floor: FloorOut | None = Field(description="Null where it was not told.")


class SessionOut(BaseModel):
    """One connection to a camera."""

    id: uuid.UUID
    camera_id: uuid.UUID
    epoch: int
    status: str = Field(description="active, ended or error.")
    reason: str
    width: int
    height: int
    codec: str
    started_at: datetime
    ended_at: datetime | None


class ProbeIn(BaseModel):
    """An address to try, with its credentials in it."""

    model_config = ConfigDict(extra="forbid")

    url: Url


class ProbeOut(BaseModel):
    """What answered, with one picture."""

    ok: bool
    width: int
    height: int
    fps: float
    codec: str
    snapshot: str = Field(description="Base64 of a JPEG.")


def camera_out(camera: Camera, now: datetime) -> CameraOut:
    """A camera as the API shows it at `now`."""
    state, reason = shown_state(camera, now)
    status = camera.status
    live = status is not None and state is not ShownState.WAITING
    return CameraOut(
        id=camera.id,
        store_id=camera.store_id,
        name=camera.name,
        url=camera.url,
        has_credentials=camera.credentials is not None,
        analysis_fps=round(camera.analysis_fps, 3),
        enabled=camera.enabled,
        state=state,
        reason=reason,
        width=status.width if status else 0,
        height=status.height if status else 0,
        codec=status.codec if status else "",
        fps_in=round(status.fps_in, 2) if status and live else 0.0,
        fps_analysed=round(status.fps_analysed, 2) if status and live else 0.0,
        dropped=status.dropped if status else 0,
        reconnects=status.reconnects if status else 0,
        last_frame_at=status.last_frame_at if status else None,
        reported_at=status.reported_at if status else None,
        created_at=camera.created_at,
        floor=None if camera.floor is None else FloorOut.model_validate(camera.floor),
    )


def session_out(session: StreamSession) -> SessionOut:
    """A stream session as the API shows it."""
    return SessionOut.model_validate(session, from_attributes=True)
