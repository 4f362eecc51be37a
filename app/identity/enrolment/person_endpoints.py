"""`/api/v1/persons`: whom lists are about."""

import uuid
from typing import Annotated, Any

from fastapi import Request

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.enrolment import repository, service
from app.identity.enrolment.schemas import ListedPersonIn, ListedPersonOut, person_out
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.policy.packs import current_pack
from app.tenancy.repository import demand_store

router = guarded_router("persons")
Reads = Annotated[Access, require(Permission.WATCHLISTS_READ)]
Writes = Annotated[Access, require(Permission.ENROLMENTS_WRITE)]


@router.get("/persons", openapi_extra=audited(Act.WATCHLIST_SEARCHED))
async def list_persons(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[ListedPersonOut]:
    """Persons, newest first."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_persons(connection, store_id, decode_cursor(cursor), limit)
        await note(connection, access, Act.WATCHLIST_SEARCHED, store_id, "person", None, {"shown": min(limit, len(found))})
    shown, following = cut(found, limit, lambda each: (each.created_at, each.id))
    return Page(items=[person_out(each, named=True) for each in shown], next=following)


@router.post("/persons", status_code=201, openapi_extra=audited(Act.PERSON_CREATED))
async def add_person(
    request: Request, access: Writes, body: ListedPersonIn, idempotency_key: IdempotencyKey = None
) -> ListedPersonOut:
    """Somebody to enrol; 409 with what is missing while the store's face switch is off."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ListedPersonOut:
            moment = now()
            await demand_store(connection, body.store_id)
            await service.demand_face_on(connection, body.store_id, current_pack(), moment.date())
            return person_out(await service.add_person(connection, who, body.store_id, body.name, moment), named=True)

        return await once(connection, who.id, idempotency_key, "POST /persons", body, make, ListedPersonOut)


@router.get("/persons/{person_id}", openapi_extra=audited(Act.WATCHLIST_SEARCHED))
async def get_person(request: Request, access: Reads, person_id: uuid.UUID) -> ListedPersonOut:
    """One person."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.get_person(connection, person_id)
        await note(connection, access, Act.WATCHLIST_SEARCHED, found.store_id, "person", found.id)
    return person_out(found, named=True)


async def note(
    connection: TenantConnection, access: Access, act: Act, store_id: uuid.UUID | None, kind: str, subject: uuid.UUID | None,
    details: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """One audit row of the caller."""
    who = access.principal
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, store_id, kind, subject, details or {}))
