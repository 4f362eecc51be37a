"""The end of an enrolment: rejected, expired or erased. Vector, picture and index row go in one transaction (rule 8).

Vectors and their index rows are unreachable once it commits; their bytes stay on the pages until PostgreSQL's autovacuum.
"""

import uuid
from datetime import datetime
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Principal
from app.identity import lifecycle
from app.identity.enrolment import image_repository as images
from app.identity.enrolment import repository
from app.identity.enrolment.image_repository import Erasure
from app.identity.models import Enrolment, EnrolmentState
from app.kit.errors import ConflictError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection

ACTS = {
    EnrolmentState.REJECTED: Act.ENROLMENT_REJECTED,
    EnrolmentState.EXPIRED: Act.ENROLMENT_EXPIRED,
    EnrolmentState.ERASED: Act.ENROLMENT_ERASED,
}


async def reject(connection: TenantConnection, who: Principal, enrolment: Enrolment, reason: str, now: datetime) -> Enrolment:
    """The rejected enrolment, or an approved one without its renewal."""
    after = lifecycle.reject(enrolment, who.id, reason, now)
    if after.state is EnrolmentState.REJECTED:
        await _end(connection, who, after, now)
        return after
    if not await repository.change_enrolment(connection, after):
        raise ConflictError("This enrolment was changed by somebody else or ended just now; look again.")
    await _audit(connection, Act.ENROLMENT_REJECTED, who, after, {"renewal": True})
    return after


async def erase(
    connection: TenantConnection, who: Principal, enrolment: Enrolment, reason: str, now: datetime
) -> tuple[Enrolment, Erasure]:
    """The erased enrolment and the proof. The scope must be the whole chain: leads lie in every store."""
    after = lifecycle.end(enrolment, EnrolmentState.ERASED, now)
    proof = await _end(connection, who, after, now, reason)
    await repository.blank_enrolment(connection, after.id)
    return await repository.get_enrolment(connection, after.id), proof


async def expire(connection: TenantConnection, chain_id: uuid.UUID, enrolment_id: uuid.UUID, now: datetime) -> bool:
    """End an enrolment whose time is over; False where somebody renewed or ended it meanwhile."""
    enrolment = await repository.get_enrolment(connection, enrolment_id, lock=True)
    if not lifecycle.expired(enrolment, now):
        return False
    system = Principal(ActorKind.SYSTEM, uuid.UUID(int=0), "expiry", chain_id, ())
    await _end(connection, system, lifecycle.end(enrolment, EnrolmentState.EXPIRED, now), now)
    return True


async def _end(connection: TenantConnection, who: Principal, after: Enrolment, now: datetime, reason: str = "") -> Erasure:
    if not await repository.change_enrolment(connection, after):
        raise ConflictError("This enrolment was changed by somebody else or ended just now; look again.")
    removed = await images.remove_biometrics(connection, after.id)
    withdrawn = await images.withdraw_leads(connection, after.id, now)
    forgotten = await repository.forget_person(connection, after.person_id, now)
    receipt: dict[str, Any] = {
        "removed": removed,
        "remaining": await images.count_biometrics(connection, after.id),
        "leads_withdrawn": withdrawn,
        "name_forgotten": forgotten,
    }
    if after.state is EnrolmentState.ERASED:
        receipt["links"] = await images.forget_links(connection, after.id)
    by = who.id if who.kind is ActorKind.USER else None
    proof = Erasure(new_id(), after.id, after.state.value, by, now, receipt)
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    await images.add_erasure(connection, who.chain_id, after.store_id, proof)
    await _audit(connection, ACTS[after.state], who, after, {**receipt, "reason": reason} if reason else receipt)
    return proof


async def _audit(connection: TenantConnection, act: Act, who: Principal, after: Enrolment, details: dict[str, Any]) -> None:
    actor = None if who.kind is ActorKind.SYSTEM else who.id
    entry = AuditEntry(act, who.kind, actor, who.chain_id, after.store_id, "enrolment", after.id, details)
    await audit.append(connection, entry)
