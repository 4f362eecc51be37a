"""Work on lists, each act with its audit row in the same transaction."""

import dataclasses
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.identity.lists import models, repository
from app.identity.models import Assignment, AssignmentState, Reach, Watchlist
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.tenancy.acting import may_still
from app.tenancy.sharing.models import SHAREABLE, Category


@dataclass(frozen=True, slots=True)
class ListDraft:
    """A list to make."""

    store_id: uuid.UUID
    name: str
    category: Category
    reach: Reach
    region_id: uuid.UUID | None
    purpose: str


def chain_of(who: Principal) -> uuid.UUID:
    """The chain; ForbiddenError for a key of the platform."""
    if who.chain_id is None:
        raise ForbiddenError("A key of the platform holds no lists.")
    return who.chain_id


async def make_list(connection: TenantConnection, who: Principal, draft: ListDraft, now: datetime) -> Watchlist:
    """A new list, searched in its home store.

    Raises:
        BadInputError: its category stays in its store and the reach is wider, the region is missing, or there are too many.
    """
    if draft.reach is not Reach.STORE and draft.category not in SHAREABLE:
        raise BadInputError(f"Lists of the category {draft.category.value} stay in their store.", field="reach")
    if (draft.reach is Reach.REGION) != (draft.region_id is not None):
        raise BadInputError("Name the region exactly where the reach is a region.", field="region_id")
    if await repository.count_lists(connection, draft.store_id) >= repository.MOST_LISTS:
        raise BadInputError(f"A store has at most {repository.MOST_LISTS} lists; retire one first.")
    made = Watchlist(id=new_id(), created_by=who.id, created_at=now, **dataclasses.asdict(draft))
    await repository.add_list(connection, chain_of(who), made)
    home = Assignment(
        new_id(), made.id, made.store_id, made.store_id, "home", now, None, AssignmentState.APPROVED, who.id, now, who.id, now
    )
    await repository.add_assignment(connection, chain_of(who), home)
    await _audit(connection, Act.WATCHLIST_CREATED, who, made, {"category": made.category.value, "reach": made.reach.value})
    return made


async def change_list(connection: TenantConnection, who: Principal, list_id: uuid.UUID, changes: dict[str, str]) -> Watchlist:
    """Another name or purpose; what a list is for (its category) and its reach never change."""
    if not changes:
        raise BadInputError("Say what to change.")
    made = await _standing(connection, list_id)
    changed = dataclasses.replace(made, **changes)  # type: ignore[arg-type]
    await repository.change_list(connection, changed)
    await _audit(connection, Act.WATCHLIST_CHANGED, who, made, {"fields": sorted(changes)})
    return changed


async def retire_list(connection: TenantConnection, who: Principal, list_id: uuid.UUID, now: datetime) -> Watchlist:
    """The list is searched nowhere from now on. Its enrolments have to be erased first: nothing is kept that nothing uses."""
    made = await _standing(connection, list_id)
    if await repository.count_living(connection, list_id):
        raise ConflictError("People are on this list; erase their enrolments first.")
    retired = dataclasses.replace(made, retired_at=now)
    await repository.change_list(connection, retired)
    await repository.end_assignments(connection, list_id, now)
    await _audit(connection, Act.WATCHLIST_RETIRED, who, made, {})
    return retired


@dataclass(frozen=True, slots=True)
class AssignmentDraft:
    """A list to be searched in another store."""

    store_id: uuid.UUID
    reason: str
    starts_at: datetime
    ends_at: datetime


async def propose_assignment(
    connection: TenantConnection, who: Principal, list_id: uuid.UUID, draft: AssignmentDraft, now: datetime
) -> Assignment:
    """A proposal that somebody else approves. The scope must hold the home store; ConflictError where one is open or stands."""
    made = await _standing(connection, list_id)
    in_reach = await repository.store_in_reach(connection, made, draft.store_id)
    models.demand_assignable(made, draft.store_id, draft.starts_at, draft.ends_at, in_reach=in_reach)
    wanted = Assignment(
        new_id(), made.id, made.store_id, draft.store_id, draft.reason, draft.starts_at, draft.ends_at, AssignmentState.PROPOSED,
        who.id, now,
    )  # fmt: skip
    if not await repository.add_assignment(connection, chain_of(who), wanted):
        raise ConflictError("This list is assigned to that store already, or a proposal is open.")
    await _audit(connection, Act.ASSIGNMENT_PROPOSED, who, made, {"store_id": str(draft.store_id)})
    return wanted


async def decide_assignment(
    connection: TenantConnection, who: Principal, list_id: uuid.UUID, assignment_id: uuid.UUID, now: datetime, *, approved: bool
) -> Assignment:
    """The approved or rejected assignment. Who proposed must still be allowed to."""
    made = await repository.get_list(connection, list_id)
    assignment = await repository.get_assignment(connection, list_id, assignment_id)
    decided = models.decide(assignment, who.id, now, approved=approved)
    if approved:
        if not await may_still(connection, who.id, Permission.WATCHLISTS_SHARE, assignment.store_id):
            raise ForbiddenError("Your roles do not allow this at that store.")
        if not await may_still(connection, assignment.proposed_by, Permission.WATCHLISTS_WRITE, assignment.home_store_id):
            raise ConflictError("Whoever proposed this may not do so any more; propose it again.", state="overtaken")
    await repository.change_assignment(connection, decided)
    act = Act.ASSIGNMENT_APPROVED if approved else Act.ASSIGNMENT_REJECTED
    await _audit(connection, act, who, made, {"store_id": str(assignment.store_id)})
    return decided


async def end_assignment(
    connection: TenantConnection, who: Principal, list_id: uuid.UUID, assignment_id: uuid.UUID, now: datetime
) -> Assignment:
    """The list is not searched there any more; one person does that."""
    made = await repository.get_list(connection, list_id)
    ended = models.end(await repository.get_assignment(connection, list_id, assignment_id), now)
    await repository.change_assignment(connection, ended)
    await _audit(connection, Act.ASSIGNMENT_ENDED, who, made, {"store_id": str(ended.store_id)})
    return ended


async def _standing(connection: TenantConnection, list_id: uuid.UUID) -> Watchlist:
    made = await repository.get_list(connection, list_id, lock=True)
    if made.retired_at is not None:
        raise ConflictError("This list was retired.")
    return made


async def _audit(connection: TenantConnection, act: Act, who: Principal, made: Watchlist, details: dict[str, Any]) -> None:
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, made.store_id, "watchlist", made.id, details)
    await audit.append(connection, entry)
