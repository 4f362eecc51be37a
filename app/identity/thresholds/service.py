"""Raising a store's threshold: proposed by one, approved by another, each with its audit row in the same transaction."""

import uuid
from datetime import datetime

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.identity.decision.thresholds import Thresholds
from app.identity.gallery.repository import calibrated
from app.identity.thresholds import foreseen, repository
from app.identity.thresholds.foreseen import InUse
from app.identity.thresholds.repository import Footfall, LocalThreshold
from app.inference.face_client import FACE_MODEL
from app.kit.errors import ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.tenancy.acting import may_still
from app.tenancy.changes import models as changes
from app.tenancy.changes import repository as change_rows
from app.tenancy.changes.models import OPEN_FOR, ChangeKind, ProposedChange
from app.tenancy.changes.thresholds import check_local_threshold


async def thresholds_of(connection: TenantConnection) -> tuple[Thresholds, bool]:
    """The measured thresholds as the scope's chain has them; whether anything was measured for the model in use."""
    known, version = await calibrated(connection), await repository.version_in_use(connection)
    chain = next((key[0] for key in known if key[0] is not None), None)
    return Thresholds(known, chain), any(key[1:3] == (FACE_MODEL, version) for key in known)


async def lowest(connection: TenantConnection) -> float:
    """What the model in use has for a single template; a store's own threshold lies there or above."""
    thresholds, _ = await thresholds_of(connection)
    return thresholds.measured(FACE_MODEL, await repository.version_in_use(connection), 1)


async def in_use(connection: TenantConnection, store_id: uuid.UUID) -> tuple[list[InUse], Footfall]:
    """The thresholds of a store's lists with what they mean a day."""
    thresholds, _ = await thresholds_of(connection)
    lists = await repository.searched_lists(connection, store_id)
    key = (FACE_MODEL, await repository.version_in_use(connection))
    footfall = await repository.footfall(connection, store_id, *key)
    standing = await repository.standing(connection, store_id)
    local = {each.watchlist_id: each.threshold for each in standing if (each.model, each.model_version) == key}
    return foreseen.in_use(lists, thresholds, local, footfall, *key), footfall


async def propose(
    connection: TenantConnection,
    who: Principal,
    store_id: uuid.UUID,
    watchlist_id: uuid.UUID | None,
    wanted: float,
    now: datetime,
) -> ProposedChange:
    """An open proposal. BadInputError where it lies below what was measured; ConflictError where one is open."""
    _demand_person(who)
    check_local_threshold(await lowest(connection), wanted)
    version = await repository.version_in_use(connection)
    await _close(connection, store_id, watchlist_id, version, now)
    change = ProposedChange(
        id=new_id(),
        store_id=store_id,
        kind=ChangeKind.MATCH_THRESHOLD,
        subject=_subject(watchlist_id, version),
        base_revision=await _revision(connection, store_id, watchlist_id, version),
        content={
            "watchlist_id": str(watchlist_id) if watchlist_id else None,
            "threshold": wanted,
            "model": FACE_MODEL,
            "model_version": version,
        },
        proposed_by=who.id,
        proposed_at=now,
        expires_at=now + OPEN_FOR,
    )
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    if not await change_rows.add_change(connection, who.chain_id, change):
        raise ConflictError("A proposal for this threshold is open; decide it first.")
    await _audit(connection, Act.THRESHOLD_PROPOSED, who, change)
    return change


async def decide(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, change_id: uuid.UUID, now: datetime, *, approved: bool
) -> ProposedChange:
    """The approved or rejected proposal. Approval wants a second person, and that it still lies above what is measured."""
    _demand_person(who)
    change = await change_rows.get_change(connection, store_id, change_id, ChangeKind.MATCH_THRESHOLD)
    named = change.content["watchlist_id"]
    watchlist_id = None if named is None else uuid.UUID(named)
    version = await repository.version_in_use(connection)
    revision = await _revision(connection, store_id, watchlist_id, version)
    if not approved:
        decided = changes.reject(change, who.id, revision, now, "")
        await change_rows.decide_change(connection, decided)
        await _audit(connection, Act.THRESHOLD_REJECTED, who, change)
        return decided
    decided = changes.approve(change, who.id, revision, now)
    if not await may_still(connection, change.proposed_by, Permission.WATCHLISTS_WRITE, store_id):
        raise ConflictError("Whoever proposed this may not do so any more; propose it again.", state="overtaken")
    if (change.content["model"], change.content["model_version"]) != (FACE_MODEL, version):
        raise ConflictError("Another model version is in use by now; propose it again.", state="overtaken")
    threshold = check_local_threshold(await lowest(connection), float(change.content["threshold"]))
    await change_rows.decide_change(connection, decided)
    made = LocalThreshold(watchlist_id, FACE_MODEL, version, revision + 1, threshold, change.proposed_by, who.id, now)
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    await repository.add_threshold(connection, who.chain_id, change, made)
    await _audit(connection, Act.THRESHOLD_APPROVED, who, change)
    return decided


async def _close(
    connection: TenantConnection, store_id: uuid.UUID, watchlist_id: uuid.UUID | None, version: str, now: datetime
) -> None:
    """A proposal that expired or was overtaken makes room."""
    before = await change_rows.open_change(connection, store_id, ChangeKind.MATCH_THRESHOLD, _subject(watchlist_id, version))
    if before is None:
        return
    ended = changes.stand(before, await _revision(connection, store_id, watchlist_id, version), now)
    if ended.state is not changes.ChangeState.OPEN:
        await change_rows.decide_change(connection, ended)


async def _revision(connection: TenantConnection, store_id: uuid.UUID, watchlist_id: uuid.UUID | None, version: str) -> int:
    found = await repository.standing(connection, store_id)
    key = (watchlist_id, FACE_MODEL, version)
    return max((each.revision for each in found if (each.watchlist_id, each.model, each.model_version) == key), default=0)


def _subject(watchlist_id: uuid.UUID | None, version: str) -> str:
    return f"{watchlist_id or 'all'}/{FACE_MODEL}/{version}"


def _demand_person(who: Principal) -> None:
    if who.kind is not ActorKind.USER:
        raise ForbiddenError("Thresholds are raised by people, not by API keys.")


async def _audit(connection: TenantConnection, act: Act, who: Principal, change: ProposedChange) -> None:
    details = {"threshold": change.content["threshold"], "watchlist_id": change.content["watchlist_id"]}
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, change.store_id, "match-threshold", change.id, details)
    await audit.append(connection, entry)
