"""`/api/v1/stores/{id}/policy`: as it stands, proposing, deciding, switching off, its history."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Request

from app.audit.models import NO_STORE_DATA, SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import PennyError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.policy import repository, service
from app.tenancy.policy.packs import current_pack
from app.tenancy.policy.schemas import (
    DecisionIn,
    JurisdictionIn,
    OffIn,
    PackOut,
    PolicyIn,
    RevisionOut,
    StandingOut,
    pack_out,
    revision_out,
    standing_out,
)

router = guarded_router("policy")
Reads = Annotated[Access, require(Permission.POLICY_READ)]
Writes = Annotated[Access, require(Permission.POLICY_WRITE)]
Approves = Annotated[Access, require(Permission.POLICY_APPROVE)]


@asynccontextmanager
async def acting(request: Request, access: Access, store_id: uuid.UUID, act: str) -> AsyncIterator[TenantConnection]:
    """The act's transaction; a refusal rolls it back and leaves an audit row of its own."""
    pool = backends(request).postgres
    try:
        async with tenant_transaction(pool, access.scope) as connection:
            yield connection
    except PennyError as error:
        if error.status in (403, 409):
            async with tenant_transaction(pool, access.scope) as connection:
                await service.audit_refusal(connection, access.principal, store_id, act, error)
        raise


@router.get("/jurisdictions", openapi_extra=unaudited(NO_STORE_DATA))
async def list_jurisdictions(access: Reads) -> PackOut:
    """The jurisdiction pack in force: where biometrics are denied, need counsel, or may be proposed."""
    return pack_out(current_pack())


@router.get("/stores/{store_id}/policy", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_policy(request: Request, access: Reads, store_id: uuid.UUID) -> StandingOut:
    """What is on, what is proposed, and what each switch lacks."""
    return await _standing(request, access, store_id)


@router.put("/stores/{store_id}/policy", openapi_extra=audited(Act.POLICY_PROPOSED))
async def propose_policy(request: Request, access: Writes, store_id: uuid.UUID, body: PolicyIn) -> StandingOut:
    """Propose switches and papers. 409 with `missing`, field by field, while a wanted switch lacks something."""
    async with acting(request, access, store_id, "propose") as connection:
        await service.propose(connection, access.principal, store_id, body.wanted(), body.papers(), current_pack(), now())
    return await _standing(request, access, store_id)


@router.post("/stores/{store_id}/policy/approve", openapi_extra=audited(Act.POLICY_APPROVED))
async def approve_policy(request: Request, access: Approves, store_id: uuid.UUID, body: DecisionIn) -> StandingOut:
    """Approve somebody else's proposal; 403 for one's own, 409 when it is decided, expired or overtaken."""
    async with acting(request, access, store_id, "approve") as connection:
        await service.approve(connection, access.principal, store_id, body.proposal_id, current_pack(), now())
    return await _standing(request, access, store_id)


@router.post("/stores/{store_id}/policy/reject", openapi_extra=audited(Act.POLICY_REJECTED))
async def reject_policy(request: Request, access: Writes, store_id: uuid.UUID, body: DecisionIn) -> StandingOut:
    """Reject a proposal, or take one's own back."""
    async with acting(request, access, store_id, "reject") as connection:
        await service.reject(connection, access.principal, store_id, body.proposal_id, body.reason, now())
    return await _standing(request, access, store_id)


@router.post("/stores/{store_id}/policy/off", openapi_extra=audited(Act.POLICY_OFF))
async def switch_off(request: Request, access: Writes, store_id: uuid.UUID, body: OffIn) -> StandingOut:
    """Switch off at once, without a second person. Workers stop within five seconds."""
    async with acting(request, access, store_id, "off") as connection:
        await service.switch_off(connection, access.principal, store_id, frozenset(body.switches), body.reason, now())
    return await _standing(request, access, store_id)


@router.put("/stores/{store_id}/jurisdiction", openapi_extra=audited(Act.JURISDICTION_CHANGED))
async def move_store(request: Request, access: Writes, store_id: uuid.UUID, body: JurisdictionIn) -> StandingOut:
    """Say where the store stands. What was on was signed for the old place, so it goes off."""
    async with acting(request, access, store_id, "move") as connection:
        await service.move(connection, access.principal, store_id, body.jurisdiction, current_pack(), now())
    return await _standing(request, access, store_id)


@router.get("/stores/{store_id}/policy/history", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_revisions(
    request: Request, access: Reads, store_id: uuid.UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[RevisionOut]:
    """Revisions, newest first."""
    place = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_site(connection, store_id)
        before = None if place is None else min(place[1].int, 2**31 - 1)
        found = await repository.list_policies(connection, store_id, before, limit)
        people = {person for each in found for person in (each.proposed_by, each.made_by) if person is not None}
        names = await repository.usernames(connection, people)
    shown, following = cut(found, limit, lambda each: (each.created_at, uuid.UUID(int=each.revision)))
    return Page(items=[revision_out(each, names) for each in shown], next=following)


async def _standing(request: Request, access: Access, store_id: uuid.UUID) -> StandingOut:
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        standing = await service.stands(connection, store_id, current_pack(), now())
    return standing_out(standing, current_pack())
