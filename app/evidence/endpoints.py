"""`/api/v1/evidence` and the evidence of incidents: look, hold, follow the chain of custody."""

import re
import uuid
from typing import Annotated, Any, Final

from fastapi import Header, Request, Response

from app.audit.models import Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.evidence import repository, service
from app.evidence.custody import broken_at
from app.evidence.models import Evidence
from app.evidence.schemas import (
    BoxesOut,
    CustodyListOut,
    EvidenceOut,
    HoldIn,
    PlaybackIn,
    RecordingIn,
    SightingOut,
    custody_out,
    evidence_out,
)
from app.evidence.worker_endpoints import storage_of
from app.incidents import repository as incidents
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("evidence")
Reads = Annotated[Access, require(Permission.EVIDENCE_READ)]
Plays = Annotated[Access, require(Permission.EVIDENCE_PLAY)]
Holds = Annotated[Access, require(Permission.EVIDENCE_HOLD)]
Records = Annotated[Access, require(Permission.EVIDENCE_RECORD)]
Span = Annotated[str | None, Header(alias="Range", max_length=60)]
LISTED: Final = (
    "Says which pieces there are and where they stand, no pictures; looking at one leaves a row and a link of custody."
)
MOST_OF_INCIDENT: Final = 500
CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"video/mp4": {}, "image/jpeg": {}}, "description": "The piece"},
    206: {"content": {"video/mp4": {}, "image/jpeg": {}}, "description": "A part of it"},
}
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")


@router.get("/evidence", openapi_extra=unaudited(LISTED))
async def list_evidence(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    alert_id: uuid.UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[EvidenceOut]:
    """Evidence, newest first."""
    before = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_evidence(connection, store_id, alert_id, before, limit)
    shown, following = cut(found, limit, lambda each: (each.created_at, each.id))
    return Page(items=[evidence_out(each) for each in shown], next=following)


@router.get("/incidents/{incident_id}/evidence", openapi_extra=unaudited(LISTED))
async def list_incident_evidence(request: Request, access: Reads, incident_id: uuid.UUID) -> Page[EvidenceOut]:
    """What was recorded for it and for its alerts, oldest moment first."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await incidents.get_incident(connection, incident_id)
        found = await repository.evidence_of_incident(connection, incident_id, MOST_OF_INCIDENT)
    return Page(items=[evidence_out(each) for each in found], next=None)


@router.post("/incidents/{incident_id}/evidence", status_code=201, openapi_extra=audited(Act.EVIDENCE_ASKED_FOR))
async def ask_for_recording(
    request: Request, access: Records, incident_id: uuid.UUID, body: RecordingIn, idempotency_key: IdempotencyKey = None
) -> EvidenceOut:
    """Keep a stretch of a camera's last ten minutes with the incident."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> EvidenceOut:
            span = (body.begins, body.ends)
            return evidence_out(await service.ask_for_recording(connection, who, incident_id, body.camera_id, span, now()))

        address = f"POST /incidents/{incident_id}/evidence"
        return await once(connection, who.id, idempotency_key, address, body, make, EvidenceOut)


@router.post("/cameras/{camera_id}/playback", status_code=201, openapi_extra=audited(Act.EVIDENCE_ASKED_FOR))
async def ask_for_playback(
    request: Request, access: Plays, camera_id: uuid.UUID, body: PlaybackIn, idempotency_key: IdempotencyKey = None
) -> EvidenceOut:
    """Look back at a stretch of a camera's last ten minutes: a piece that is there within seconds, and goes after a day."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> EvidenceOut:
            return evidence_out(await service.ask_for_playback(connection, who, camera_id, (body.begins, body.ends), now()))

        return await once(connection, who.id, idempotency_key, f"POST /cameras/{camera_id}/playback", body, make, EvidenceOut)


@router.get("/evidence/{evidence_id}", openapi_extra=unaudited(LISTED))
async def get_evidence(request: Request, access: Reads, evidence_id: uuid.UUID) -> EvidenceOut:
    """One piece: where it stands, its hash, its hold."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return evidence_out(await repository.get_evidence(connection, evidence_id))


@router.get(
    "/evidence/{evidence_id}/content", response_class=Response, responses=CONTENT, openapi_extra=audited(Act.EVIDENCE_PLAYED)
)
async def play_evidence(request: Request, access: Plays, evidence_id: uuid.UUID, span: Span = None) -> Response:
    """The bytes, or a part of them (`Range: bytes=a-b`)."""
    store = await storage_of(request).open()
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        piece = await service.play(connection, access.principal, evidence_id, now())
    return await _content(store, piece, span)


@router.get("/evidence/{evidence_id}/boxes", openapi_extra=unaudited(LISTED))
async def get_boxes(request: Request, access: Reads, evidence_id: uuid.UUID) -> BoxesOut:
    """Who was where in it, for an overlay: boxes and track ids, no names, no keypoints."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        piece = await repository.get_evidence(connection, evidence_id)
        boxes = await repository.boxes_of(connection, evidence_id)
        subjects = await repository.tracks_of_alert(connection, piece.alert_id)
    return BoxesOut(subjects=[str(each) for each in subjects], frames=[SightingOut.model_validate(each) for each in boxes])


@router.get("/evidence/{evidence_id}/custody", openapi_extra=unaudited(LISTED))
async def get_custody(request: Request, access: Reads, evidence_id: uuid.UUID) -> CustodyListOut:
    """Who had it in hand, as a hash chain that is recomputed here."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_evidence(connection, evidence_id)
        chain = await repository.custody_of(connection, evidence_id)
    return CustodyListOut(whole=broken_at(evidence_id, chain) is None, items=[custody_out(each) for each in chain])


@router.post("/evidence/{evidence_id}/hold", openapi_extra=audited(Act.EVIDENCE_HELD, Act.EVIDENCE_RELEASED))
async def hold_evidence(request: Request, access: Holds, evidence_id: uuid.UUID, body: HoldIn) -> EvidenceOut:
    """Put a legal hold on it: nothing deletes it until the hold is lifted (`held` false)."""
    moment = now()
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        piece = await service.set_hold(connection, access.principal, evidence_id, body.reason, moment, held=body.held)
    await service.protect(await storage_of(request).open(), piece, moment)
    return evidence_out(piece)


async def _content(store: Any, piece: Evidence, span: str | None) -> Response:
    size, headers = piece.size or 0, {"Cache-Control": "no-store", "Accept-Ranges": "bytes", "X-Content-Type-Options": "nosniff"}
    start, end, status = 0, size, 200
    if span is not None:
        match = _RANGE.fullmatch(span)
        if match is None or int(match[1]) >= size:
            raise BadInputError("Range is one span of bytes inside the piece, like bytes=0-1023.")
        start, end, status = int(match[1]), min(size, int(match[2]) + 1) if match[2] else size, 206
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    return Response(await store.read(piece.s3_key, start, end), status, headers, piece.media_type)
