"""`/api/v1/complaints`: what people complain about, until when they must hear, and what was found."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.compliance.complaints import repository
from app.compliance.complaints.models import Complaint, ComplaintOutcome, ComplaintState, acknowledge, decide, demand_times
from app.identity.enrolment import erasure
from app.identity.enrolment import repository as enrolments
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.keys.models import COMPLAINANT
from app.kit.keys.vault import Vault
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.reach import CHAIN, Place, held_at
from app.tenancy.repository import demand_store

router = guarded_router("complaints")
Reads = Annotated[Access, require(Permission.COMPLAINTS_READ)]
Writes = Annotated[Access, require(Permission.COMPLAINTS_WRITE)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]


class ComplaintIn(BaseModel):
    """A complaint as it came in."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    happened_at: AwareDatetime
    received_at: AwareDatetime | None = Field(default=None, description="The clocks count from it; default: now.")
    alert_id: uuid.UUID | None = None
    match_id: uuid.UUID | None = Field(default=None, description="The lead it is about.")
    summary: Text
    contact: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=r"^[^\x00]*$")] = ""


class DecisionIn(BaseModel):
    """What was found, and what the person is answered."""

    model_config = ConfigDict(extra="forbid")

    outcome: ComplaintOutcome
    answer: Text
    correct: bool = Field(default=False, description="Erase the enrolment behind the match, for every store that searches it.")


class ComplaintOut(BaseModel):
    """A complaint with its clocks."""

    id: uuid.UUID
    store_id: uuid.UUID
    received_at: datetime
    happened_at: datetime
    alert_id: uuid.UUID | None
    match_id: uuid.UUID | None
    summary: str
    state: ComplaintState
    acknowledge_by: datetime
    answer_by: datetime
    overdue: bool
    recorded_at: datetime
    acknowledged_at: datetime | None
    outcome: ComplaintOutcome | None
    answer: str | None
    corrected: bool
    decided_at: datetime | None


class ComplaintFileOut(BaseModel):
    """One complaint with what only its handlers see."""

    complaint: ComplaintOut
    contact: str | None = Field(description="Who complains and how to answer; null: unknown, forgotten, or not yours to see.")
    held_evidence: int = Field(description="Pieces that it keeps from deletion while it is open.")


@router.get("/complaints", openapi_extra=audited(Act.COMPLAINTS_SEARCHED))
async def list_complaints(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    state: Annotated[list[ComplaintState] | None, Query(description="Only these.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ComplaintOut]:
    """Complaints, newest first."""
    before, states = decode_cursor(cursor), [each.value for each in state or ()]
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_complaints(connection, store_id, states, before, limit)
        await _note(connection, Act.COMPLAINTS_SEARCHED, access, store_id, None, {"shown": min(limit, len(found))})
    shown, following = cut(found, limit, lambda each: (each.received_at, each.id))
    return Page(items=[_out(each) for each in shown], next=following)


@router.post("/complaints", status_code=201, openapi_extra=audited(Act.COMPLAINT_RECORDED))
async def add_complaint(
    request: Request, access: Writes, body: ComplaintIn, idempotency_key: IdempotencyKey = None
) -> ComplaintOut:
    """Record a complaint. From now on evidence of what it is about is kept until it is decided."""
    who, moment = access.principal, now()
    _demand_person(access)
    received_at = body.received_at or moment
    demand_times(received_at, body.happened_at, moment)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ComplaintOut:
            await demand_store(connection, body.store_id)
            await repository.demand_subjects(connection, body.store_id, body.alert_id, body.match_id)
            made, vault, chain = new_id(), _vault(request), access.scope.chain_id
            contact = await vault.seal(connection, chain, COMPLAINANT, made, body.contact) if body.contact else None
            subjects = (body.happened_at, body.alert_id, body.match_id, body.summary)
            complaint = Complaint(made, body.store_id, received_at, *subjects, contact, who.id, moment)
            await repository.add_complaint(connection, chain, complaint)
            details = {"alert": str(body.alert_id or ""), "match": str(body.match_id or "")}
            await _note(connection, Act.COMPLAINT_RECORDED, access, complaint.store_id, complaint.id, details)
            return _out(complaint)

        return await once(connection, who.id, idempotency_key, "POST /complaints", body, make, ComplaintOut)


@router.get("/complaints/{complaint_id}", openapi_extra=audited(Act.COMPLAINT_SHOWN))
async def get_complaint(request: Request, access: Reads, complaint_id: uuid.UUID) -> ComplaintFileOut:
    """One complaint and, for its handlers, who complains."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        complaint = await repository.get_complaint(connection, complaint_id)
        held = await repository.held_evidence(connection, complaint) if complaint.state is not ComplaintState.DECIDED else 0
        await _note(connection, Act.COMPLAINT_SHOWN, access, complaint.store_id, complaint.id, {})
    handles = Permission.COMPLAINTS_WRITE in held_at(access.principal, Place(complaint.store_id))
    contact = await _vault(request).open_left(COMPLAINANT, complaint.id, complaint.contact) if handles else None
    return ComplaintFileOut(complaint=_out(complaint), contact=contact, held_evidence=held)


@router.post("/complaints/{complaint_id}/acknowledge", openapi_extra=audited(Act.COMPLAINT_ACKNOWLEDGED))
async def acknowledge_complaint(request: Request, access: Writes, complaint_id: uuid.UUID) -> ComplaintOut:
    """The person was told that it arrived."""
    _demand_person(access)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        complaint = await repository.get_complaint(connection, complaint_id, lock=True)
        after = acknowledge(complaint, access.principal.id, now())
        await _store(connection, access, after, Act.COMPLAINT_ACKNOWLEDGED, {})
    return _out(after)


@router.post("/complaints/{complaint_id}/decide", openapi_extra=audited(Act.COMPLAINT_DECIDED))
async def decide_complaint(request: Request, access: Writes, complaint_id: uuid.UUID, body: DecisionIn) -> ComplaintOut:
    """Answer it, for good. What it held is due by the retention rules again; a correction reaches every store at once."""
    _demand_person(access)
    if body.correct and not {Permission.ENROLMENTS_WRITE, Permission.COMPLAINTS_WRITE} <= held_at(access.principal, CHAIN):
        raise ForbiddenError("A correction reaches every store; ask somebody whose role covers the whole chain.")
    scope, moment = access.everywhere if body.correct else access.scope, now()
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        complaint = await repository.get_complaint(connection, complaint_id, lock=True)
        after = decide(complaint, body.outcome, body.answer, access.principal.id, moment, corrected=body.correct)
        if body.correct:
            await _correct(connection, access, complaint, moment)
        await _store(connection, access, after, Act.COMPLAINT_DECIDED, {"outcome": body.outcome.value, "corrected": body.correct})
    return _out(after)


async def _correct(connection: TenantConnection, access: Access, complaint: Complaint, at: datetime) -> None:
    assert complaint.match_id is not None  # noqa: S101 - `decide` refuses others
    enrolment_id = await repository.enrolment_of_match(connection, complaint.match_id)
    if enrolment_id is None:
        raise BadInputError("The match of this complaint is gone.")
    enrolment = await enrolments.get_enrolment(connection, enrolment_id, lock=True)
    await erasure.erase(connection, access.principal, enrolment, f"complaint {complaint.id}", at)


async def _store(connection: TenantConnection, access: Access, after: Complaint, act: Act, details: dict[str, Any]) -> None:
    if not await repository.change_complaint(connection, after):
        raise ConflictError("Somebody else changed this complaint just now; look again.")
    await _note(connection, act, access, after.store_id, after.id, details)


def _demand_person(access: Access) -> None:
    if access.principal.session_id is None:
        raise ForbiddenError("Complaints are handled by people, not by API keys.")


def _vault(request: Request) -> Vault:
    vault = request.app.state.vault
    assert isinstance(vault, Vault)  # noqa: S101 - set once by main
    return vault


def _out(complaint: Complaint) -> ComplaintOut:
    shown = {name: getattr(complaint, name) for name in ComplaintOut.model_fields if name != "overdue"}
    return ComplaintOut(**shown, overdue=complaint.overdue(now()))


async def _note(
    connection: TenantConnection,
    act: Act,
    access: Access,
    store_id: uuid.UUID | None,
    complaint_id: uuid.UUID | None,
    details: dict[str, Any],
) -> None:
    who = access.principal
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "complaint", complaint_id, details))
