"""`/api/v1/incidents`: cases over alerts."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.audit.models import Act, AuditEntry, audited, unaudited
from app.audit.repository import append
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.incidents import repository, service
from app.incidents.lifecycle import IncidentAct
from app.incidents.models import CaseFile, EntryKind, Incident, IncidentState
from app.incidents.schemas import (
    AlertRefIn,
    CaseFileOut,
    CloseIn,
    IncidentChange,
    IncidentIn,
    IncidentOut,
    NoteIn,
    NoteOut,
    StaffIn,
    case_file_out,
    incident_out,
    note_out,
)
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store

router = guarded_router("incidents")
Reads = Annotated[Access, require(Permission.INCIDENTS_READ)]
Writes = Annotated[Access, require(Permission.INCIDENTS_WRITE)]
WORKED_ON = "What people work on, without pictures; each act on it and each report of it leaves a row."
PDF: dict[int | str, dict[str, Any]] = {200: {"content": {"application/pdf": {}}, "description": "The report"}}


@router.get("/incidents", openapi_extra=unaudited(WORKED_ON))
async def list_incidents(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    state: Annotated[list[IncidentState] | None, Query(max_length=3)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[IncidentOut]:
    """Incidents, newest first."""
    before = decode_cursor(cursor)
    states = [each.value for each in state or ()]
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_incidents(connection, store_id, states, before, limit)
    shown, following = cut(found, limit, lambda each: (each.opened_at, each.id))
    return Page(items=[incident_out(each) for each in shown], next=following)


@router.post("/incidents", status_code=201, openapi_extra=audited(Act.INCIDENT_OPENED, Act.INCIDENT_ALERT_JOINED))
async def open_incident(
    request: Request, access: Writes, body: IncidentIn, idempotency_key: IdempotencyKey = None
) -> IncidentOut:
    """Open an incident, with alerts of the same store."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> IncidentOut:
            await demand_store(connection, body.store_id)
            draft = service.Draft(body.store_id, body.kind, body.title, body.description, tuple(body.alert_ids))
            return incident_out(await service.open_incident(connection, who, draft, now()))

        return await once(connection, who.id, idempotency_key, "POST /incidents", body, make, IncidentOut)


@router.get("/incidents/{incident_id}", openapi_extra=unaudited(WORKED_ON))
async def get_incident(request: Request, access: Reads, incident_id: uuid.UUID) -> CaseFileOut:
    """The whole case file."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return case_file_out(await service.case_file(connection, incident_id))


@router.patch("/incidents/{incident_id}", openapi_extra=audited(Act.INCIDENT_CHANGED))
async def change_incident(request: Request, access: Writes, incident_id: uuid.UUID, body: IncidentChange) -> IncidentOut:
    """Other words, the loss, the police's reference."""
    changes = body.model_dump(exclude_unset=True)
    if any(changes.get(name, "") is None for name in ("title", "description")):
        raise BadInputError("title and description cannot be null.")
    if ("loss_value" in changes) != ("loss_currency" in changes) or (
        (changes.get("loss_value") is None) != (changes.get("loss_currency") is None)
    ):
        raise BadInputError("Give loss_value and loss_currency together.")
    return await _do(request, access, lambda each: service.change(each, access.principal, incident_id, changes, now()))


@router.post("/incidents/{incident_id}/review", openapi_extra=audited(Act.INCIDENT_REVIEWED))
async def review_incident(request: Request, access: Writes, incident_id: uuid.UUID) -> IncidentOut:
    """Take it into review."""
    return await _move(request, access, incident_id, IncidentAct.REVIEW)


@router.post("/incidents/{incident_id}/close", openapi_extra=audited(Act.INCIDENT_CLOSED))
async def close_incident(request: Request, access: Writes, incident_id: uuid.UUID, body: CloseIn) -> IncidentOut:
    """Close it with what came of it."""
    return await _move(request, access, incident_id, IncidentAct.CLOSE, body.conclusion)


@router.post("/incidents/{incident_id}/reopen", openapi_extra=audited(Act.INCIDENT_REOPENED))
async def reopen_incident(request: Request, access: Writes, incident_id: uuid.UUID) -> IncidentOut:
    """Open it again."""
    return await _move(request, access, incident_id, IncidentAct.REOPEN)


@router.post("/incidents/{incident_id}/alerts", status_code=204, openapi_extra=audited(Act.INCIDENT_ALERT_JOINED))
async def join_alert(request: Request, access: Writes, incident_id: uuid.UUID, body: AlertRefIn) -> None:
    """Join an alert; a second time changes nothing."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await service.join_alert(connection, access.principal, incident_id, body.alert_id, now())


@router.delete("/incidents/{incident_id}/alerts/{alert_id}", status_code=204, openapi_extra=audited(Act.INCIDENT_ALERT_LEFT))
async def part_alert(request: Request, access: Writes, incident_id: uuid.UUID, alert_id: uuid.UUID) -> None:
    """Take an alert out."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await service.part_alert(connection, access.principal, incident_id, alert_id, now())


@router.post("/incidents/{incident_id}/staff", openapi_extra=audited(Act.INCIDENT_STAFF_JOINED))
async def name_staff(request: Request, access: Writes, incident_id: uuid.UUID, body: StaffIn) -> IncidentOut:
    """Name a member of staff who was there or works on it."""
    who = access.principal
    return await _do(request, access, lambda each: service.set_staff(each, who, incident_id, body.user_id, now(), there=True))


@router.delete("/incidents/{incident_id}/staff/{user_id}", openapi_extra=audited(Act.INCIDENT_STAFF_LEFT))
async def unname_staff(request: Request, access: Writes, incident_id: uuid.UUID, user_id: uuid.UUID) -> IncidentOut:
    """Take a name out; the timeline keeps that it was there."""
    who = access.principal
    return await _do(request, access, lambda each: service.set_staff(each, who, incident_id, user_id, now(), there=False))


@router.get("/incidents/{incident_id}/notes", openapi_extra=unaudited(WORKED_ON))
async def list_notes(request: Request, access: Reads, incident_id: uuid.UUID) -> Page[NoteOut]:
    """Notes, oldest first."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_incident(connection, incident_id)
        entries = await repository.entries_of(connection, incident_id)
    return Page(items=[note_out(each) for each in entries if each.kind is EntryKind.NOTE], next=None)


@router.post("/incidents/{incident_id}/notes", status_code=201, openapi_extra=audited(Act.INCIDENT_NOTED))
async def add_note(
    request: Request, access: Writes, incident_id: uuid.UUID, body: NoteIn, idempotency_key: IdempotencyKey = None
) -> NoteOut:
    """Add a note."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> NoteOut:
            return note_out(await service.add_note(connection, who, incident_id, body.text, now()))

        address = f"POST /incidents/{incident_id}/notes"
        return await once(connection, who.id, idempotency_key, address, body, make, NoteOut)


@router.get(
    "/incidents/{incident_id}/report", response_class=Response, responses=PDF, openapi_extra=audited(Act.INCIDENT_REPORTED)
)
async def report_incident(request: Request, access: Reads, incident_id: uuid.UUID) -> Response:
    """The report as PDF; the same as JSON is `GET /incidents/{id}`."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        case = await service.case_file(connection, incident_id)
        entry = AuditEntry(Act.INCIDENT_REPORTED, who.kind, who.id, who.chain_id, case.incident.store_id, "incident", incident_id)
        await append(connection, entry)
    pdf = await asyncio.to_thread(_pdf, case, now(), who.name)
    headers = {"Content-Disposition": f'attachment; filename="incident-{incident_id}.pdf"', "Cache-Control": "no-store"}
    return Response(pdf, media_type="application/pdf", headers=headers)


def _pdf(case: CaseFile, made_at: datetime, made_by: str) -> bytes:
    """The report; what draws it is imported when the first is asked for."""
    from app.incidents.report import report_pdf

    return report_pdf(case, made_at, made_by)


async def _move(request: Request, access: Access, incident_id: uuid.UUID, act: IncidentAct, conclusion: str = "") -> IncidentOut:
    return await _do(request, access, lambda each: service.move(each, access.principal, incident_id, act, now(), conclusion))


async def _do(request: Request, access: Access, act: Callable[[TenantConnection], Awaitable[Incident]]) -> IncidentOut:
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return incident_out(await act(connection))
