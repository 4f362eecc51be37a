"""`/api/v1/models/shadow`: a version beside the one in use, without effects."""

import uuid
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.models.models import POSE_MODEL
from app.models.shadows.schemas import ShadowEndIn, ShadowIn, ShadowOut, ShadowReportOut
from app.models.shadows.service import ShadowService

router = guarded_router("models")
Reads = Annotated[Access, require(Permission.MODELS_READ)]
Writes = Annotated[Access, require(Permission.MODELS_WRITE)]
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "The picture"}}


def _service(request: Request) -> ShadowService:
    found = request.app.state.shadows
    assert isinstance(found, ShadowService)  # noqa: S101 - set once by the lifespan
    return found


@router.post("/models/versions/{model_version_id}/shadow", openapi_extra=audited(Act.MODEL_SHADOW_STARTED))
async def start(request: Request, access: Writes, model_version_id: uuid.UUID, body: ShadowIn) -> ShadowOut:
    """Have a share of the cameras ask this version beside the one in use. Nothing it answers has an effect."""
    return ShadowOut.of(await _service(request).start(access, model_version_id, body.share))


@router.post("/models/shadow/end", openapi_extra=audited(Act.MODEL_SHADOW_ENDED))
async def end(request: Request, access: Writes, body: ShadowEndIn) -> ShadowOut:
    """End it; its report stays."""
    return ShadowOut.of(await _service(request).end(access, body.model))


@router.get("/models/shadow", openapi_extra=unaudited(SETTINGS_SHOWN))
async def report(request: Request, access: Reads, model: Annotated[str, Query(max_length=100)] = POSE_MODEL) -> ShadowReportOut:
    """What the shadow run that goes on, or the last one, showed: agreement, scores, latency, and where the two disagree."""
    return ShadowReportOut.of(await _service(request).report(access, model))


@router.get(
    "/models/disagreements/{disagreement_id}/picture",
    response_class=Response,
    responses=JPEG,
    openapi_extra=audited(Act.MODEL_STILL_SHOWN),
)
async def picture(request: Request, access: Writes, disagreement_id: uuid.UUID) -> Response:
    """The still of a disagreement: heads blurred, boxes of the version in use green, of the other magenta."""
    jpeg = await _service(request).still(access, disagreement_id)
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
