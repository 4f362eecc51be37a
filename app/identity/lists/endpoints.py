"""`/api/v1/watchlists`: lists, where they are searched, and what a chain allows itself."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity import settings_repository
from app.identity.lists import repository, service
from app.identity.models import Assignment, AssignmentState, IdentitySettings, Reach, Watchlist
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, ForbiddenError, NotFoundError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store
from app.tenancy.sharing.models import Category

router = guarded_router("watchlists")
Reads = Annotated[Access, require(Permission.WATCHLISTS_READ)]
Writes = Annotated[Access, require(Permission.WATCHLISTS_WRITE)]
Shares = Annotated[Access, require(Permission.WATCHLISTS_SHARE)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Purpose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
NO_ASSIGNMENT = "There is no such assignment, or you may not see it."


class WatchlistIn(BaseModel):
    """A list to make. It is searched in its home store; elsewhere only by an assignment that two people make."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID = Field(description="The home store, which answers for the list.")
    name: Name
    category: Category
    purpose: Purpose
    reach: Reach = Field(default=Reach.STORE, description="Where it may be assigned, not where it is.")
    region_id: uuid.UUID | None = None


class WatchlistChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    purpose: Purpose | None = None


class WatchlistOut(BaseModel):
    """A list."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str
    category: Category
    reach: Reach
    region_id: uuid.UUID | None
    purpose: str
    created_by: uuid.UUID
    created_at: datetime
    retired_at: datetime | None


class AssignmentIn(BaseModel):
    """A list to be searched in another store, with an end."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000, pattern=r"^[^\x00]*$")]
    starts_at: datetime
    ends_at: datetime


class AssignmentOut(BaseModel):
    """Where a list is searched, or shall be; `ends_at` null: the home store."""

    id: uuid.UUID
    watchlist_id: uuid.UUID
    home_store_id: uuid.UUID
    store_id: uuid.UUID
    reason: str
    starts_at: datetime
    ends_at: datetime | None
    state: AssignmentState
    proposed_by: uuid.UUID
    proposed_at: datetime
    decided_by: uuid.UUID | None
    decided_at: datetime | None


class IdentitySettingsIn(BaseModel):
    """What a chain allows itself. `revision` is the one that was read."""

    model_config = ConfigDict(extra="forbid")

    longest_days: int = Field(ge=1, le=730, description="An enrolment's longest life.")
    review_days: int = Field(ge=1, le=365, description="It is looked at again after this many days at the latest.")
    second_reviewer: bool = Field(description="A confirmed match needs two people.")
    false_match_share: float = Field(gt=0, le=1)
    false_match_least: int = Field(ge=1, le=1000)
    revision: int = Field(ge=0)


class IdentitySettingsOut(BaseModel):
    """What a chain allows itself."""

    longest_days: int
    review_days: int
    second_reviewer: bool
    false_match_share: float
    false_match_least: int
    revision: int


def _list(made: Watchlist) -> WatchlistOut:
    return WatchlistOut.model_validate(made, from_attributes=True)


def _assignment(made: Assignment) -> AssignmentOut:
    return AssignmentOut.model_validate(made, from_attributes=True)


def _settings(settings: IdentitySettings) -> IdentitySettingsOut:
    return IdentitySettingsOut.model_validate(settings, from_attributes=True)


@router.get("/watchlists", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_watchlists(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[WatchlistOut]:
    """Lists at home in the caller's stores or assigned there, oldest first."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_lists(connection, store_id, decode_cursor(cursor), limit)
    shown, following = cut(found, limit, lambda each: (each.created_at, each.id))
    return Page(items=[_list(each) for each in shown], next=following)


@router.post("/watchlists", status_code=201, openapi_extra=audited(Act.WATCHLIST_CREATED))
async def add_watchlist(
    request: Request, access: Writes, body: WatchlistIn, idempotency_key: IdempotencyKey = None
) -> WatchlistOut:
    """Make a list."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> WatchlistOut:
            await demand_store(connection, body.store_id)
            if body.region_id is not None and not await repository.region_there(connection, body.region_id):
                raise NotFoundError("There is no such region, or you may not see it.")
            draft = service.ListDraft(**body.model_dump())
            return _list(await service.make_list(connection, who, draft, now()))

        return await once(connection, who.id, idempotency_key, "POST /watchlists", body, make, WatchlistOut)


@router.get("/watchlists/{watchlist_id}", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_watchlist(request: Request, access: Reads, watchlist_id: uuid.UUID) -> WatchlistOut:
    """One list."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _list(await repository.get_list(connection, watchlist_id))


@router.patch("/watchlists/{watchlist_id}", openapi_extra=audited(Act.WATCHLIST_CHANGED))
async def change_watchlist(request: Request, access: Writes, watchlist_id: uuid.UUID, body: WatchlistChange) -> WatchlistOut:
    """Another name or purpose."""
    changes = body.model_dump(exclude_none=True)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _list(await service.change_list(connection, access.principal, watchlist_id, changes))


@router.post("/watchlists/{watchlist_id}/retire", openapi_extra=audited(Act.WATCHLIST_RETIRED))
async def retire_watchlist(request: Request, access: Writes, watchlist_id: uuid.UUID) -> WatchlistOut:
    """Search it nowhere any more. Nobody may be on it."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _list(await service.retire_list(connection, access.principal, watchlist_id, now()))


@router.get("/watchlists/{watchlist_id}/assignments", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_assignments(request: Request, access: Reads, watchlist_id: uuid.UUID) -> Page[AssignmentOut]:
    """Where a list is searched, was or shall be, newest first, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_list(connection, watchlist_id)
        found = await repository.list_assignments(connection, watchlist_id)
    return Page(items=[_assignment(each) for each in found], next=None)


@router.post("/watchlists/{watchlist_id}/assignments", status_code=201, openapi_extra=audited(Act.ASSIGNMENT_PROPOSED))
async def propose_assignment(
    request: Request, access: Writes, watchlist_id: uuid.UUID, body: AssignmentIn, idempotency_key: IdempotencyKey = None
) -> AssignmentOut:
    """Propose that another store searches this list; somebody else approves it there."""
    if body.starts_at.tzinfo is None or body.ends_at.tzinfo is None:
        raise BadInputError("starts_at and ends_at need a time zone, for example 2026-09-01T00:00:00Z.")
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:

        async def make() -> AssignmentOut:
            listed = await repository.get_list(connection, watchlist_id)
            _demand_reach(access, listed.store_id, repository.NO_LIST)
            draft = service.AssignmentDraft(body.store_id, body.reason, body.starts_at, body.ends_at)
            return _assignment(await service.propose_assignment(connection, who, watchlist_id, draft, now()))

        address = f"POST /watchlists/{watchlist_id}/assignments"
        return await once(connection, who.id, idempotency_key, address, body, make, AssignmentOut)


@router.post("/watchlists/{watchlist_id}/assignments/{assignment_id}/approve", openapi_extra=audited(Act.ASSIGNMENT_APPROVED))
async def approve_assignment(
    request: Request, access: Shares, watchlist_id: uuid.UUID, assignment_id: uuid.UUID
) -> AssignmentOut:
    """Approve at the store that shall search the list; never one's own proposal."""
    return await _decide(request, access, watchlist_id, assignment_id, approved=True)


@router.post("/watchlists/{watchlist_id}/assignments/{assignment_id}/reject", openapi_extra=audited(Act.ASSIGNMENT_REJECTED))
async def reject_assignment(request: Request, access: Shares, watchlist_id: uuid.UUID, assignment_id: uuid.UUID) -> AssignmentOut:
    """Reject a proposal, one's own included."""
    return await _decide(request, access, watchlist_id, assignment_id, approved=False)


@router.post("/watchlists/{watchlist_id}/assignments/{assignment_id}/end", openapi_extra=audited(Act.ASSIGNMENT_ENDED))
async def end_assignment(request: Request, access: Writes, watchlist_id: uuid.UUID, assignment_id: uuid.UUID) -> AssignmentOut:
    """End it at once; either store's manager may."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        found = await repository.get_assignment(connection, watchlist_id, assignment_id)
        _demand_reach(access, None, NO_ASSIGNMENT, found.store_id, found.home_store_id)
        return _assignment(await service.end_assignment(connection, who, watchlist_id, assignment_id, now()))


@router.get("/identity/settings", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_settings(request: Request, access: Reads) -> IdentitySettingsOut:
    """What the chain allows itself."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _settings(await settings_repository.get_settings(connection))


@router.put("/identity/settings", openapi_extra=audited(Act.IDENTITY_SETTINGS_CHANGED))
async def put_settings(request: Request, access: Writes, body: IdentitySettingsIn) -> IdentitySettingsOut:
    """Change them, for the whole chain."""
    who, scope = access.principal, access.whole_chain
    if who.session_id is None:
        raise ForbiddenError("These settings are made by people.")
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        wanted = IdentitySettings(**{**body.model_dump(), "revision": body.revision + 1})
        before = await settings_repository.get_settings(connection)
        stored = before.revision == body.revision and await settings_repository.put_settings(
            connection, scope.chain_id, wanted, who.id, now()
        )
        if not stored:
            raise ConflictError("Somebody else changed these settings; look again.", revision=before.revision)
        fields = [name for name in IdentitySettingsOut.model_fields if getattr(before, name) != getattr(wanted, name)]
        details = {name: getattr(wanted, name) for name in fields}
        entry = AuditEntry(Act.IDENTITY_SETTINGS_CHANGED, who.kind, who.id, who.chain_id, None, "chain", scope.chain_id, details)
        await audit.append(connection, entry)
    return _settings(wanted)


async def _decide(
    request: Request, access: Access, watchlist_id: uuid.UUID, assignment_id: uuid.UUID, *, approved: bool
) -> AssignmentOut:
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        await _demand_there(connection, access, watchlist_id, assignment_id)
        who, moment = access.principal, now()
        return _assignment(
            await service.decide_assignment(connection, who, watchlist_id, assignment_id, moment, approved=approved)
        )


async def _demand_there(connection: TenantConnection, access: Access, watchlist_id: uuid.UUID, assignment_id: uuid.UUID) -> None:
    found = await repository.get_assignment(connection, watchlist_id, assignment_id)
    _demand_reach(access, found.store_id, NO_ASSIGNMENT)


def _demand_reach(access: Access, store_id: uuid.UUID | None, missing: str, *others: uuid.UUID) -> None:
    """NotFoundError unless one of the stores is within the caller's grants; the transaction itself sees the whole chain."""
    stores = access.scope.store_ids
    if stores is not None and not stores & {store_id, *others}:
        raise NotFoundError(missing)
