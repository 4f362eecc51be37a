"""`/api/v1/live/pictures` and snapshots."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any

from fastapi import Query, Request
from fastapi.responses import Response, StreamingResponse

from app.audit.models import Act, audited
from app.auth.access import guarded_router, identifier_of, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.auth.tokens import AccessClaims
from app.cameras.models import ShownState, shown_state
from app.dashboard.analysis import captured_at_text
from app.dashboard.endings import Endings, View
from app.dashboard.hub import Hub
from app.dashboard.outflow import PicturesResponse
from app.dashboard.pictures import BOUNDARY, CONTENT_TYPE, Pictures, picture_part
from app.dashboard.visibility import see_cameras, still_sees
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, PennyError
from app.kit.problems import UNREACHABLE

router = guarded_router("live")
Views = Annotated[Access, require(Permission.LIVE_VIEW)]
SNAPSHOT_S = 6.0
RECHECK_S = 2.0
MOST_CAMERAS = 64
Cameras = Annotated[Sequence[uuid.UUID], Query(max_length=MOST_CAMERAS)]
JPEG: dict[int | str, Any] = {200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}}
STREAM: dict[int | str, Any] = {
    200: {"content": {"multipart/x-mixed-replace": {"schema": {"type": "string", "format": "binary"}}}}
}


class NoPictureError(PennyError):
    """The camera gave no picture in time."""

    status = 504
    title = "No picture"


def pictures_of(request: Request) -> Pictures:
    """The application's picture side."""
    found = request.app.state.pictures
    assert isinstance(found, Pictures)  # noqa: S101 - set once by main
    return found


@router.get("/cameras/{camera_id}/snapshot", response_class=Response, responses=JPEG, openapi_extra=audited(Act.SNAPSHOT))
async def snapshot(request: Request, access: Views, camera_id: uuid.UUID) -> Response:
    """The next analysed picture as a JPEG; 504 with a reason when none comes."""
    (camera,) = await see_cameras(backends(request).postgres, access.principal, [camera_id], Act.SNAPSHOT)
    async with pictures_of(request).watch([camera_id]) as newest:
        try:
            _, captured_at_us, jpeg = await asyncio.wait_for(newest.take(), SNAPSHOT_S)
        except TimeoutError as error:
            state, reason = shown_state(camera, now())
            why = reason if state is not ShownState.LIVE and reason else f"No picture came within {SNAPSHOT_S:g} s."
            raise NoPictureError(f"{camera.name}: {why}", state=state.value) from error
    headers = {
        "Cache-Control": "no-store",
        "X-Captured-At-Us": str(captured_at_us),
        "X-Captured-At": captured_at_text(captured_at_us),
    }
    return Response(jpeg, media_type="image/jpeg", headers=headers)


@router.get(
    "/live/pictures",
    response_class=StreamingResponse,
    responses=STREAM,
    openapi_extra=audited(Act.LIVE_VIEW, Act.LIVE_VIEW_ENDED),
)
async def live_pictures(request: Request, access: Views, camera_id: Cameras = (), still_id: Cameras = ()) -> StreamingResponse:
    """Pictures of several cameras on one connection, newest first, each with X-Camera-Id and X-Captured-At-Us.

    Those of `still_id` come once in two seconds at most, for thumbnails; 64 cameras in all.
    """
    who = access.principal
    wanted = list(dict.fromkeys((*camera_id, *still_id)))
    if not 0 < len(wanted) <= MOST_CAMERAS:
        raise BadInputError(f"Name between one and {MOST_CAMERAS} cameras by camera_id or still_id.")
    found = await see_cameras(backends(request).postgres, who, wanted)
    places = {camera.id: camera.store_id for camera in found}
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    endings: Endings = request.app.state.endings
    views = [View.of(who, camera, store) for camera, store in places.items()]

    def ended() -> None:
        for view in views:
            endings.note(view)

    stills = frozenset(still_id) - frozenset(camera_id)
    return PicturesResponse(_parts(request, who, places, stills), ended=ended, media_type=CONTENT_TYPE, headers=headers)


async def _parts(
    request: Request, who: Principal, places: dict[uuid.UUID, uuid.UUID], stills: frozenset[uuid.UUID]
) -> AsyncIterator[bytes]:
    """Parts until the viewer leaves, its rights end, or the service stops."""
    hub: Hub = request.app.state.hub
    loop = asyncio.get_running_loop()
    yield b"\r\n"  # headers go out now, not with the first picture
    async with pictures_of(request).watch(places, stills) as newest:
        check_at = loop.time() + RECHECK_S
        while not hub.stopping.is_set():
            if loop.time() >= check_at:
                if not await _still_allowed(request, who, places):
                    break
                check_at = loop.time() + RECHECK_S
            try:
                picture = await asyncio.wait_for(newest.take(), 0.5)
            except TimeoutError:
                continue
            yield picture_part(picture)
    yield f"--{BOUNDARY}--\r\n".encode()


async def _still_allowed(request: Request, who: Principal, places: dict[uuid.UUID, uuid.UUID]) -> bool:
    """Whether the viewer still may see all of these; not when that cannot be asked."""
    try:
        if who.session_id is None or who.chain_id is None:
            now_is = await identifier_of(request).identify(request.headers.get("authorization"))
        else:
            claims = AccessClaims(who.id, who.session_id, who.chain_id, who.token_expires_at or now())
            now_is = await identifier_of(request).of_session(claims)
    except (PennyError, *UNREACHABLE):
        return False
    return all(still_sees(now_is, Permission.LIVE_VIEW, store) for store in set(places.values()))
