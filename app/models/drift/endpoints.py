"""`/api/v1/models/drift`: cameras of which a version does not answer as it used to."""

import uuid
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field

from app.audit.models import SETTINGS_SHOWN, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.models.drift.service import of_chain

router = guarded_router("models")


class DriftOut(BaseModel):
    """One measure of one version at one camera."""

    camera_id: uuid.UUID
    model: str
    version: int
    measure: str = Field(description="persons-a-frame, score, quality or embedding-norm.")
    usual: float = Field(description="Median of the days before, at most 14.")
    now: float = Field(description="Of the last 24 hours.")
    spreads: float = Field(description="How many usual spreads of a day that is off; signed.")


class DriftsOut(BaseModel):
    """The furthest off first."""

    items: list[DriftOut]
    watched: int = Field(description="Cameras and versions with at least three days to compare with.")
    waiting: int = Field(description="Those without, yet.")
    left_out: int = Field(description="Those beyond the 5000 that are looked at.")


@router.get("/models/drift", openapi_extra=unaudited(SETTINGS_SHOWN))
async def drift(request: Request, access: Annotated[Access, require(Permission.MODELS_READ)]) -> DriftsOut:
    """Where a version's detection rate, scores, quality or embeddings are far from what they were at this camera."""
    found = await of_chain(backends(request).postgres, access)
    items = [
        DriftOut(
            camera_id=each.camera_id,
            model=each.model,
            version=each.version,
            measure=each.drift.measure,
            usual=each.drift.usual,
            now=each.drift.now,
            spreads=each.drift.spreads,
        )
        for each in found.found
    ]
    return DriftsOut(items=items, watched=found.watched, waiting=found.waiting, left_out=found.left_out)
