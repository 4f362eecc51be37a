"""Proposing, approving and switching off, each with its audit row in the same transaction.

Switching on takes two people and everything on paper; switching off takes one and nothing.
"""

import dataclasses
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.kit.errors import BadInputError, ConflictError, ForbiddenError, PennyError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.tenancy.acting import may_still
from app.tenancy.changes import models as changes
from app.tenancy.changes import repository as change_rows
from app.tenancy.changes.models import OPEN_FOR, ChangeKind, ProposedChange
from app.tenancy.policy import repository
from app.tenancy.policy.content import read_content, write_content
from app.tenancy.policy.coverage import Coverage, coverage
from app.tenancy.policy.models import Cause, Gap, Papers, Site, SitePolicy, Switch, Switches, gaps, lapsed, switched_off
from app.tenancy.policy.packs import Pack


class IncompleteError(ConflictError):
    """A switch cannot be turned on yet; the problem document lists what is missing, field by field."""

    title = "Not everything is there yet"


@dataclass(frozen=True, slots=True)
class Standing:
    """A site as it stands: the newest revision, the open proposal, what each switch lacks."""

    site: Site
    policy: SitePolicy
    proposal: ProposedChange | None
    gaps: Mapping[Switch, list[Gap]]
    names: Mapping[uuid.UUID, str]


def nothing_on(site: Site, now: datetime) -> SitePolicy:
    """What holds before the first revision."""
    return SitePolicy(site.store_id, 0, Switches(), Papers(), site.jurisdiction, "", None, Cause.INSTALL, "", None, None, now)


async def current(connection: TenantConnection, site: Site, now: datetime) -> SitePolicy:
    """The newest revision, or everything off."""
    return await repository.current_policy(connection, site.store_id) or nothing_on(site, now)


async def stands(connection: TenantConnection, store_id: uuid.UUID, pack: Pack, now: datetime) -> Standing:
    """A site as it stands at `now`; NotFoundError for one out of scope."""
    site = await repository.get_site(connection, store_id)
    policy = await current(connection, site, now)
    proposal = await change_rows.open_change(connection, store_id, ChangeKind.SITE_POLICY)
    if proposal is not None and changes.stand(proposal, policy.revision, now).state is not changes.ChangeState.OPEN:
        proposal = None
    papers = policy.papers if proposal is None else read_content(proposal.content)[1]
    people = {policy.proposed_by, policy.made_by, proposal.proposed_by if proposal else None} - {None}
    names = await repository.usernames(connection, {each for each in people if each is not None})
    found = {switch: gaps(switch, site, papers, pack, now.date()) for switch in Switch}
    return Standing(site, policy, proposal, found, names)


async def covers(connection: TenantConnection, store_id: uuid.UUID, now: datetime) -> Coverage:
    """What else may change in a site before something is switched off; NotFoundError for one out of scope."""
    site = await repository.get_site(connection, store_id)
    newest, *before = await repository.list_policies(connection, store_id, None, 1) or [nothing_on(site, now)]
    return coverage(site, newest, before[0] if before else None)


async def propose(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, wanted: Switches, papers: Papers, pack: Pack, now: datetime
) -> ProposedChange:
    """An open proposal in place of the one before it.

    Raises:
        IncompleteError: something that a wanted switch needs is missing.
        ForbiddenError: an API key asks; a proposal is a person's.
    """
    demand_person(who)
    site = await repository.get_site(connection, store_id, lock=True)
    policy = await current(connection, site, now)
    if (wanted, papers) == (policy.switches, policy.papers):
        raise BadInputError("This is how it stands already.")
    if _only_off(policy.switches, wanted) and papers == policy.papers:
        raise BadInputError("Switching off needs no second person: POST to `off`.")
    _demand_complete(wanted, site, papers, pack, now)
    await _close_open(connection, who, store_id, policy, now)
    change = ProposedChange(
        id=new_id(),
        store_id=store_id,
        kind=ChangeKind.SITE_POLICY,
        subject="",
        base_revision=policy.revision,
        content=write_content(wanted, papers, site),
        proposed_by=who.id,
        proposed_at=now,
        expires_at=now + OPEN_FOR,
    )
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    if not await change_rows.add_change(connection, who.chain_id, change):
        raise ConflictError("Somebody else proposed at the same moment; look at their proposal first.")
    await _audit(connection, Act.POLICY_PROPOSED, who, store_id, change.id, {"switches": sorted(wanted.on())})
    return change


async def approve(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, change_id: uuid.UUID, pack: Pack, now: datetime
) -> SitePolicy:
    """The revision that an approved proposal makes.

    Raises:
        OwnApprovalError: the caller proposed it, or (ForbiddenError) may not approve any more.
        ConflictError: decided, expired, overtaken, or its author may not propose any more; IncompleteError: a paper ran out.
    """
    demand_person(who)
    site = await repository.get_site(connection, store_id, lock=True)
    policy = await current(connection, site, now)
    change = await change_rows.get_change(connection, store_id, change_id, ChangeKind.SITE_POLICY)
    decided = changes.approve(change, who.id, policy.revision, now)
    await _demand_both(connection, who, change)
    wanted, papers = read_content(change.content)
    if change.content.get("jurisdiction") != site.jurisdiction:
        raise ConflictError("The store's jurisdiction was changed since this was proposed; propose it again.", state="overtaken")
    _demand_complete(wanted, site, papers, pack, now)
    made = SitePolicy(
        store_id=store_id,
        revision=policy.revision + 1,
        switches=wanted,
        papers=papers,
        jurisdiction=site.jurisdiction,
        pack=pack.version,
        sign_photo_id=site.photo.id if site.photo else None,
        cause=Cause.APPROVED,
        reason="",
        proposed_by=change.proposed_by,
        made_by=who.id,
        created_at=now,
    )
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    await change_rows.decide_change(connection, decided)
    await repository.add_policy(connection, who.chain_id, made)
    details = {"revision": made.revision, "switches": sorted(wanted.on()), "pack": pack.version}
    await _audit(connection, Act.POLICY_APPROVED, who, store_id, change_id, details)
    return made


async def reject(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, change_id: uuid.UUID, reason: str, now: datetime
) -> ProposedChange:
    """The rejected proposal; who proposed it may take it back."""
    demand_person(who)
    site = await repository.get_site(connection, store_id, lock=True)
    policy = await current(connection, site, now)
    change = await change_rows.get_change(connection, store_id, change_id, ChangeKind.SITE_POLICY)
    decided = changes.reject(change, who.id, policy.revision, now, reason)
    await change_rows.decide_change(connection, decided)
    await _audit(connection, Act.POLICY_REJECTED, who, store_id, change_id, {})
    return decided


async def switch_off(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, off: frozenset[Switch], reason: str, now: datetime
) -> SitePolicy:
    """Switches off at once, by one person; off already is no error."""
    site = await repository.get_site(connection, store_id, lock=True)
    policy = await current(connection, site, now)
    if not policy.switches.on() & off:
        return policy
    return await _make_off(connection, who, policy, off, Cause.SWITCHED_OFF, reason, now)


async def move(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, jurisdiction: str, pack: Pack, now: datetime
) -> SitePolicy:
    """The store stands elsewhere from now on; what may not run there is off in the same transaction."""
    demand_person(who)
    if not pack.find(jurisdiction).name:
        raise BadInputError(f"The jurisdiction pack {pack.version} has no place {jurisdiction[:40]!r}; choose one of its list.")
    site = await repository.get_site(connection, store_id, lock=True)
    policy = await current(connection, site, now)
    if site.jurisdiction == jurisdiction:
        return policy
    await repository.set_jurisdiction(connection, store_id, jurisdiction)
    await _close_open(connection, who, store_id, policy, now)
    await _audit(connection, Act.JURISDICTION_CHANGED, who, store_id, store_id, {"from": site.jurisdiction, "to": jurisdiction})
    on = policy.switches.on()
    if not on:
        return policy
    # What was signed was signed for the old place: everything goes off, wherever the new place is.
    return await _make_off(connection, who, policy, on, Cause.JURISDICTION, f"The store moved to {jurisdiction}.", now)


async def switch_off_lapsed(
    connection: TenantConnection,
    chain_id: uuid.UUID,
    store_id: uuid.UUID,
    pack: Pack,
    now: datetime,
    *,
    demo_allowed: bool = False,
) -> bool:
    """Switch off what is on without standing on its papers any more: a photo or test too old, a place now denied."""
    site = await repository.get_site(connection, store_id, lock=True)
    policy = await current(connection, site, now)
    gone = lapsed(policy, site, pack, now.date(), demo_allowed=demo_allowed)
    if not gone:
        return False
    system = Principal(ActorKind.SYSTEM, uuid.UUID(int=0), "policy", chain_id, ())
    await _make_off(connection, system, policy, frozenset(gone), Cause.LAPSED, next(iter(gone.values())).why[:500], now)
    return True


async def audit_refusal(connection: TenantConnection, who: Principal, store_id: uuid.UUID, act: str, error: PennyError) -> None:
    """A refused act, in a transaction of its own: the act's was rolled back."""
    details = {"tried": act, "status": error.status, "title": error.title}
    await _audit(connection, Act.POLICY_REFUSED, who, store_id, store_id, details)


def _only_off(before: Switches, wanted: Switches) -> bool:
    return wanted.on() < before.on()


def demand_person(who: Principal) -> None:
    """ForbiddenError for an API key, which may switch off and nothing else."""
    if who.kind is not ActorKind.USER:
        raise ForbiddenError("A site policy and the evidence for it are made by people; an API key may switch off, no more.")


async def _demand_both(connection: TenantConnection, who: Principal, change: ProposedChange) -> None:
    if not await may_still(connection, who.id, Permission.POLICY_APPROVE, change.store_id):
        raise ForbiddenError("Your roles do not allow this any more.")
    if not await may_still(connection, change.proposed_by, Permission.POLICY_WRITE, change.store_id):
        raise ConflictError("Whoever proposed this may not do so any more; propose it again.", state="overtaken")


def _demand_complete(wanted: Switches, site: Site, papers: Papers, pack: Pack, now: datetime) -> None:
    missing = [gap for switch in sorted(wanted.on()) for gap in gaps(switch, site, papers, pack, now.date())]
    if missing:
        listed = [{"switch": gap.switch.value, "field": gap.field.value, "why": gap.why} for gap in missing]
        fields = ", ".join(sorted({gap.field.value.replace("_", " ") for gap in missing}))
        raise IncompleteError(f"This cannot be switched on yet. Still missing: {fields}.", missing=listed)


async def _close_open(
    connection: TenantConnection, who: Principal, store_id: uuid.UUID, policy: SitePolicy, now: datetime
) -> None:
    """End the open proposal: expired, or overtaken by what happens now."""
    before = await change_rows.open_change(connection, store_id, ChangeKind.SITE_POLICY)
    if before is None:
        return
    ended = changes.stand(before, policy.revision, now)
    if ended.state is changes.ChangeState.OPEN:
        ended = dataclasses.replace(before, state=changes.ChangeState.OVERTAKEN, decided_at=now, decided_by=who.id)
    await change_rows.decide_change(connection, ended)


async def _make_off(
    connection: TenantConnection,
    who: Principal,
    policy: SitePolicy,
    off: frozenset[Switch],
    cause: Cause,
    reason: str,
    now: datetime,
) -> SitePolicy:
    by = who.id if who.kind is ActorKind.USER else None
    made = dataclasses.replace(switched_off(policy, off, cause, reason, by), created_at=now)
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    await repository.add_policy(connection, who.chain_id, made)
    await _close_open(connection, who, policy.store_id, made, now)
    details = {"revision": made.revision, "off": sorted(policy.switches.on() & off), "cause": cause.value}
    await _audit(connection, Act.POLICY_OFF, who, policy.store_id, policy.store_id, details)
    return made


async def _audit(
    connection: TenantConnection, act: Act, who: Principal, store_id: uuid.UUID, subject_id: uuid.UUID, details: dict[str, Any]
) -> None:
    actor = None if who.kind is ActorKind.SYSTEM else who.id
    await audit.append(connection, AuditEntry(act, who.kind, actor, who.chain_id, store_id, "site-policy", subject_id, details))
