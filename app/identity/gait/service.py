"""Templates of walks for people enrolled by their face: proposed by one person, approved by another (rules 1, 4 and 5)."""

import uuid
from datetime import datetime
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.identity.enrolment import repository as enrolments
from app.identity.enrolment.service import chain_of, demand_on
from app.identity.gait import repository
from app.identity.gait.models import GaitProfile
from app.identity.models import Enrolment
from app.inference.gait.client import GaitResult
from app.kit.errors import ConflictError, ForbiddenError, NotFoundError
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection
from app.tenancy.acting import may_still
from app.tenancy.changes.models import OwnApprovalError
from app.tenancy.policy.models import Switch
from app.tenancy.policy.packs import current_pack

GONE = "This gait template was removed."
NO_PROFILE = "This entry has no gait template that waits for approval."


async def demand_entry(connection: TenantConnection, enrolment_id: uuid.UUID, now: datetime, *, lock: bool = False) -> Enrolment:
    """The entry, which must stand, in a store whose gait switch is on.

    Raises:
        NotFoundError: not in scope. IncompleteError: the switch is off. ConflictError: not approved, or ended.
    """
    entry = await enrolments.get_enrolment(connection, enrolment_id, lock=lock)
    await demand_on(connection, Switch.GAIT, entry.store_id, current_pack(), now.date())
    if not entry.active(now):
        raise ConflictError(
            "Gait is added to an approved entry only: its grounds, review date and end hold for the walk as well."
        )
    return entry


async def propose(
    connection: TenantConnection,
    vault: Vault,
    who: Principal,
    enrolment_id: uuid.UUID,
    walk: GaitResult,
    source: str,
    now: datetime,
) -> GaitProfile:
    """A template that somebody else has to approve before it is searched."""
    chain = chain_of(who)
    entry = await demand_entry(connection, enrolment_id, now, lock=True)
    made = await repository.add_profile(connection, vault, chain, entry, walk, source, who.id, now)
    if made is None:
        raise ConflictError("This entry has a gait template of this model version; remove it before another one is proposed.")
    details = {"model": made.model, "model_version": made.model_version, "quality": walk.quality.overall}
    await _note(connection, Act.GAIT_PROPOSED, who, entry, details)
    return made


async def approve(
    connection: TenantConnection, who: Principal, enrolment_id: uuid.UUID, reason: str, now: datetime
) -> GaitProfile:
    """The template is searched from now on.

    Raises:
        OwnApprovalError: the same person proposed it. ConflictError: whoever proposed it may not do so any more.
    """
    chain_of(who)
    entry = await demand_entry(connection, enrolment_id, now, lock=True)
    waiting = [each for each in await repository.profiles_of(connection, enrolment_id, lock=True) if each.approved_by is None]
    if not waiting:
        raise NotFoundError(NO_PROFILE)
    (profile, *_) = waiting
    if profile.proposed_by == who.id:
        raise OwnApprovalError("Who proposed this template does not approve it; somebody else has to.")
    if not await may_still(connection, who.id, Permission.ENROLMENTS_APPROVE, entry.store_id):
        raise ForbiddenError("Your roles do not allow this any more.")
    if not await may_still(connection, profile.proposed_by, Permission.ENROLMENTS_WRITE, entry.store_id):
        raise ConflictError("Whoever proposed this may not do so any more; it has to be proposed again.", state="overtaken")
    if not await repository.approve_profile(connection, profile.id, who.id, now):
        raise ConflictError("This template was approved or removed by somebody else just now; look again.")
    await _note(connection, Act.GAIT_APPROVED, who, entry, {"reason": reason, "model_version": profile.model_version})
    return await get_profile(connection, enrolment_id, profile.id)


async def get_profile(connection: TenantConnection, enrolment_id: uuid.UUID, profile_id: uuid.UUID) -> GaitProfile:
    """One of the entry's templates; NotFoundError where it was removed."""
    for each in await repository.profiles_of(connection, enrolment_id):
        if each.id == profile_id:
            return each
    raise NotFoundError(GONE)


async def remove(connection: TenantConnection, who: Principal, enrolment_id: uuid.UUID, reason: str) -> int:
    """Templates and what gait said of the entry's leads go; how many templates. The switch may be off. Scope: the whole chain."""
    entry = await enrolments.get_enrolment(connection, enrolment_id, lock=True)
    removed = await repository.remove_profiles(connection, enrolment_id)
    await _note(connection, Act.GAIT_REMOVED, who, entry, {"reason": reason, "removed": removed})
    return removed


async def _note(connection: TenantConnection, act: Act, who: Principal, entry: Enrolment, details: dict[str, Any]) -> None:
    made = AuditEntry(act, who.kind, who.id, who.chain_id, entry.store_id, "enrolment", entry.id, details)
    await audit.append(connection, made)
