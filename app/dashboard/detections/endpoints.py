"""`/api/v1/detections`."""

import uuid
from datetime import datetime
from typing import Annotated

import numpy as np
from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.dashboard.detections import repository
from app.dashboard.detections.models import Tracklet
from app.dashboard.detections.repository import TrackletFilter
from app.kit.backends import backends
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction

router = guarded_router("detections")


class DetectionOut(BaseModel):
    """One person's track on one camera; never keypoints."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    epoch: int
    track_id: str = Field(description="As text: 64 bits.")
    started_at: datetime
    ended_at: datetime
    frames: int
    mean_score: float
    width: int = Field(description="Of the frame the boxes are in, pixels.")
    height: int
    boxes: list[list[float]] = Field(description="Once a second: [seconds since started_at, x1, y1, x2, y2].")


def _out(tracklet: Tracklet) -> DetectionOut:
    return DetectionOut(
        id=tracklet.id,
        store_id=tracklet.store_id,
        camera_id=tracklet.camera_id,
        epoch=tracklet.epoch,
        track_id=str(tracklet.track_id),
        started_at=tracklet.started_at,
        ended_at=tracklet.ended_at,
        frames=tracklet.frames,
        mean_score=round(tracklet.mean_score, 4),
        width=tracklet.width,
        height=tracklet.height,
        boxes=np.round(tracklet.boxes.astype(np.float64), 2).tolist(),
    )


@router.get("/detections", openapi_extra=audited(Act.DETECTIONS_SEARCHED))
async def list_detections(
    request: Request,
    access: Annotated[Access, require(Permission.DETECTIONS_READ)],
    store_id: uuid.UUID | None = None,
    camera_id: uuid.UUID | None = None,
    since: Annotated[AwareDatetime | None, Query(description="Begun at or after.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Begun before.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[DetectionOut]:
    """Tracks that ended, newest first."""
    before = decode_cursor(cursor)
    wanted = TrackletFilter(store_id, camera_id, since, until)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_tracklets(connection, wanted, before, limit)
        given = {"camera_id": camera_id, "since": since, "until": until}
        details = {name: str(value) for name, value in given.items() if value is not None}
        who = access.principal
        entry = AuditEntry(Act.DETECTIONS_SEARCHED, who.kind, who.id, who.chain_id, store_id, "detections", details=details)
        await audit.append(connection, entry)
    shown, following = cut(found, limit, lambda tracklet: (tracklet.started_at, tracklet.id))
    return Page(items=[_out(tracklet) for tracklet in shown], next=following)
