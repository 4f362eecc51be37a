"""`/api/v1/audit`: reading it is an act, too."""

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Annotated, Any

import asyncpg
from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from app.audit import repository as audit
from app.audit.formats import as_line
from app.audit.models import Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.dashboard.trail import repository
from app.dashboard.trail.repository import TrailFilter
from app.kit.backends import backends
from app.kit.errors import BadInputError
from app.kit.pages import Limit, Page
from app.kit.postgres import Pool, TenantScope, tenant_transaction

router = guarded_router("audit")
EXPORT_BATCH = 1000
LINES: dict[int | str, Any] = {
    200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}, "description": "One row a line"}
}
Position = Annotated[str | None, Query(max_length=20, description="`next` of the page before.")]


class ActOut(BaseModel):
    """One act. Names are as of today; the record itself holds ids."""

    sequence: int = Field(description="Place in the chain's ledger, without gaps.")
    id: uuid.UUID
    at: datetime
    sealed_at: datetime
    act: str
    actor_kind: str
    actor_id: uuid.UUID | None
    actor_name: str | None
    store_id: uuid.UUID | None
    store_name: str | None
    subject_kind: str
    subject_id: uuid.UUID | None
    subject_name: str | None
    details: dict[str, Any]


class AuditStateOut(BaseModel):
    """How far the record is sealed, and what its last verification found."""

    sealed_rows: int
    sealed_at: datetime | None = Field(description="Of the newest sealed row.")
    waiting: int = Field(description="Acts not sealed yet; normally for less than a second.")
    oldest_waiting: datetime | None
    verified_at: datetime | None
    verified_rows: int
    verified_anchors: int = Field(description="Anchors outside the database that agreed.")
    broken_sequence: int | None = Field(description="The first row that does not hold; null: whole.")
    finding: str


def trail_filter(
    actor_id: uuid.UUID | None = None,
    act: Annotated[list[Act] | None, Query(description="May be given more than once.", max_length=50)] = None,
    subject_id: uuid.UUID | None = None,
    store_id: uuid.UUID | None = None,
    since: Annotated[AwareDatetime | None, Query(description="At or after.")] = None,
    until: Annotated[AwareDatetime | None, Query(description="Before.")] = None,
) -> TrailFilter:
    """The filters that a page and an export share."""
    for name, at in (("since", since), ("until", until)):
        _demand_in_calendar(name, at)
    return TrailFilter(actor_id, tuple(each.value for each in act or ()), subject_id, store_id, since, until)


Wanted = Annotated[TrailFilter, Depends(trail_filter)]


def _demand_in_calendar(name: str, at: datetime | None) -> None:
    """Before an export's first byte: once it streams, no problem document can follow."""
    try:
        _ = at and at.astimezone(UTC)
    except OverflowError as error:
        raise BadInputError(f"`{name}` lies outside the calendar in UTC.", field=name) from error


def _position(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdigit() or int(cursor) >= 1 << 63:
        raise BadInputError("cursor is not one that a page of this list gave; start without it.")
    return int(cursor)


def _entry(act: Act, access: Access, details: dict[str, Any]) -> AuditEntry:
    who = access.principal
    return AuditEntry(act, who.kind, who.id, who.chain_id, subject_kind="audit", details=details)


@router.get("/audit", openapi_extra=audited(Act.AUDIT_READ))
async def list_acts(
    request: Request,
    access: Annotated[Access, require(Permission.AUDIT_READ)],
    wanted: Wanted,
    cursor: Position = None,
    limit: Limit = 100,
) -> Page[ActOut]:
    """Who did what to what, newest first, as soon as it is sealed."""
    before, scope = _position(cursor), access.scope
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        rows = await repository.list_acts(connection, scope.chain_id, wanted, before, limit)
        await audit.append(connection, _entry(Act.AUDIT_READ, access, wanted.details()))
    following = str(rows[limit - 1]["sequence"]) if len(rows) > limit else None
    return Page(items=[ActOut(**row) for row in rows[:limit]], next=following)


@router.get(
    "/audit/state", openapi_extra=unaudited("Shows counts and times, not one act; the page asks for it every few seconds.")
)
async def audit_state(request: Request, access: Annotated[Access, require(Permission.AUDIT_READ)]) -> AuditStateOut:
    """Whether the record is whole, as of the last verification, and how far it is sealed."""
    scope = access.scope
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        found = await repository.state(connection, scope.chain_id)
    return AuditStateOut(
        sealed_rows=found["sequence"] or 0,
        sealed_at=found["sealed_at"],
        waiting=found["waiting"],
        oldest_waiting=found["oldest_waiting"],
        verified_at=found["checked_at"],
        verified_rows=found["rows"] or 0,
        verified_anchors=found["anchors"] or 0,
        broken_sequence=found["broken_sequence"],
        finding=found["finding"] or "",
    )


@router.get("/audit/export", response_class=StreamingResponse, responses=LINES, openapi_extra=audited(Act.AUDIT_EXPORTED))
async def export_acts(
    request: Request,
    access: Annotated[Access, require(Permission.AUDIT_EXPORT)],
    wanted: Wanted,
) -> StreamingResponse:
    """Whole sealed rows with their hashes, oldest first, up to the moment of asking."""
    scope, pool = access.scope, backends(request).postgres
    async with tenant_transaction(pool, scope) as connection:
        last = (await repository.state(connection, scope.chain_id))["sequence"] or 0
        await audit.append(connection, _entry(Act.AUDIT_EXPORTED, access, {**wanted.details(), "up_to": last}))
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="audit-{last}.jsonl"'}
    return StreamingResponse(_lines(pool, scope, wanted, last), media_type="application/jsonl", headers=headers)


async def _lines(pool: "Pool[asyncpg.Record]", scope: TenantScope, wanted: TrailFilter, last: int) -> AsyncIterator[bytes]:
    after = 0
    while True:
        async with tenant_transaction(pool, scope) as connection:  # one a batch: a slow reader holds no snapshot
            rows = await repository.rows_after(connection, scope.chain_id, wanted, after, last, EXPORT_BATCH)
        if not rows:
            return
        yield b"".join(as_line(scope.chain_id, row) for row in rows)
        after = rows[-1].sequence
