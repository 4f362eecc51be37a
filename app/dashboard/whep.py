"""`/api/v1/live/{camera_id}/whep`: WebRTC-HTTP egress, the addresses that MediaMTX serves too."""

import uuid
from functools import partial
from typing import Annotated, Any

from fastapi import Request
from fastapi.responses import Response

from app.audit.models import Act, audited
from app.auth.access import guarded_router, identifier_of, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.auth.tokens import AccessClaims
from app.dashboard.endings import View
from app.dashboard.video import SDP, VideoViews
from app.dashboard.visibility import has_masks, see_cameras
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError

router = guarded_router("live")
Views = Annotated[Access, require(Permission.LIVE_VIEW)]
LARGEST_OFFER = 64 << 10
_SDP_SCHEMA = {"content": {SDP: {"schema": {"type": "string"}}}}
ANSWER: dict[int | str, Any] = {201: {**_SDP_SCHEMA, "headers": {"Location": {"schema": {"type": "string"}}}}}


def views_of(request: Request) -> VideoViews:
    """The application's live views."""
    found = request.app.state.video
    assert isinstance(found, VideoViews)  # noqa: S101 - set once by main
    return found


@router.post(
    "/live/{camera_id}/whep",
    status_code=201,
    response_class=Response,
    responses=ANSWER,
    openapi_extra=audited(Act.LIVE_VIEW, Act.LIVE_VIEW_ENDED) | {"requestBody": {**_SDP_SCHEMA, "required": True}},
)
async def watch(request: Request, access: Views, camera_id: uuid.UUID) -> Response:
    """Answer a WebRTC offer with the camera's own pictures; 409 with `why` where they cannot be passed on."""
    who = access.principal
    (camera,) = await see_cameras(backends(request).postgres, who, [camera_id])
    view = View.of(who, camera.id, camera.store_id)
    try:
        offer = await _offer(request)
    except BadInputError:
        request.app.state.endings.note(view)
        raise
    header, identifier = request.headers.get("authorization"), identifier_of(request)

    async def recheck() -> Principal:
        if who.session_id is None or who.chain_id is None:
            return await identifier.identify(header)
        return await identifier.of_session(AccessClaims(who.id, who.session_id, who.chain_id, who.token_expires_at or now()))

    masked = partial(has_masks, backends(request).postgres, who, camera.id)
    session, answer = await views_of(request).open(view, offer, recheck, masked)
    location = f"/api/v1/live/{camera.id}/whep/{session}"
    return Response(answer, 201, media_type=SDP, headers={"Location": location, "Cache-Control": "no-store"})


@router.delete(
    "/live/{camera_id}/whep/{session_id}",
    status_code=204,
    response_class=Response,
    openapi_extra=audited(Act.LIVE_VIEW_ENDED),
)
async def leave(request: Request, access: Views, camera_id: uuid.UUID, session_id: uuid.UUID) -> Response:
    """End one's own live view."""
    await views_of(request).close(camera_id, session_id, access.principal)
    return Response(status_code=204)


async def _offer(request: Request) -> str:
    """BadInputError unless the body is an SDP offer by its name and size."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != SDP:
        raise BadInputError(f"Send a WebRTC offer as {SDP}.")
    body = await request.body()
    if not 0 < len(body) <= LARGEST_OFFER:
        raise BadInputError(f"A WebRTC offer has at most {LARGEST_OFFER} bytes.")
    return body.decode("utf-8", "replace")
