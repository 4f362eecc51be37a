"""Work on persons and enrolments, each act with its audit row in the same transaction."""

import dataclasses
import uuid
from datetime import date, datetime
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import Permission
from app.identity import lifecycle, settings_repository
from app.identity.enrolment import gate, image_repository, repository
from app.identity.enrolment.pictures import Kept, Looked, keep
from app.identity.lists import repository as lists
from app.identity.models import Enrolment, EnrolmentState, Grounds, Person, Renewal, Watchlist
from app.identity.templates.stored import Neighbours, Vector, add_template
from app.kit.errors import BadInputError, ConflictError, ForbiddenError, PennyError
from app.kit.ids import new_id
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection
from app.tenancy.acting import may_still
from app.tenancy.policy import repository as policies
from app.tenancy.policy.models import Papers, Switch, gaps
from app.tenancy.policy.packs import Pack
from app.tenancy.policy.service import IncompleteError


class PictureError(BadInputError):
    """The quality gate refuses a picture; the problem document lists what is wrong, and where the faces are."""

    title = "This picture cannot be used"


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """An enrolment to make.

    Attributes:
        override_reason: why it shall be made although the gate has findings; "" for none.
    """

    watchlist_id: uuid.UUID
    grounds: Grounds
    override_reason: str = ""
    draft: bool = False


def chain_of(who: Principal) -> uuid.UUID:
    """The chain; ForbiddenError for anybody but a person of one: people are enrolled by people."""
    if who.kind is not ActorKind.USER or who.chain_id is None:
        raise ForbiddenError("People are enrolled by people, not by API keys.")
    return who.chain_id


async def demand_face_on(connection: TenantConnection, store_id: uuid.UUID, pack: Pack, today: date) -> None:
    """As `demand_on`, of faces."""
    await demand_on(connection, Switch.FACE, store_id, pack, today)


async def demand_on(connection: TenantConnection, switch: Switch, store_id: uuid.UUID, pack: Pack, today: date) -> None:
    """IncompleteError listing what the store's switch lacks, or saying that it is off. Nothing biometric is made before."""
    site = await policies.get_site(connection, store_id)
    policy = await policies.current_policy(connection, store_id)
    if policy is not None and getattr(policy.switches, switch.value):
        return
    missing = gaps(switch, site, policy.papers if policy else Papers(), pack, today)
    what, done = _SAID[switch]
    listed = [{"switch": gap.switch.value, "field": gap.field.value, "why": gap.why} for gap in missing]
    listed.append({"switch": switch.value, "field": "switch", "why": f"Two administrators switch {what} on for this store."})
    fields = ", ".join(each["field"].replace("_", " ") for each in listed)
    raise IncompleteError(f"{done} Still missing: {fields}.", missing=listed)


_SAID = {
    Switch.FACE: ("faces", "Face recognition is off in this store, so nobody is enrolled."),
    Switch.GAIT: ("gait", "Gait is off in this store, so nobody's walk is measured."),
    Switch.RE_IDENTIFICATION: ("re-identification", "Re-identification is off in this store."),
}


async def add_person(connection: TenantConnection, who: Principal, store_id: uuid.UUID, name: str, now: datetime) -> Person:
    """A new person of a store."""
    person = Person(new_id(), store_id, name, who.id, now)
    await repository.add_person(connection, chain_of(who), person)
    await _audit(connection, Act.PERSON_CREATED, who, store_id, "person", person.id)
    return person


async def compare(
    connection: TenantConnection, neighbours: Neighbours, looked: Looked, watchlist_id: uuid.UUID | None
) -> gate.Judgement:
    """The judgement of a picture with those who look alike, among the templates in scope."""
    if looked.vector is None or looked.judgement.hopeless:
        return looked.judgement
    near = await neighbours.nearest(connection, looked.vector)
    return gate.compared(looked.judgement, [(each, of_list == watchlist_id) for each, of_list in near])


async def enrol(
    connection: TenantConnection,
    vault: Vault,
    neighbours: Neighbours,
    who: Principal,
    person_id: uuid.UUID,
    wanted: Wanted,
    looked: Looked,
    now: datetime,
) -> Enrolment:
    """A proposal (or draft) with its picture and template.

    Raises:
        NotFoundError: person, list or incident is not in this store.
        BadInputError: the grounds are incomplete or beyond what the chain allows.
        PictureError: the gate refuses the picture, and no reason was given or none can help.
    """
    chain = chain_of(who)
    person = await repository.get_person(connection, person_id, lock=True)
    listed = await _list_for(connection, person, wanted.watchlist_id)
    settings = await settings_repository.get_settings(connection)
    lifecycle.demand_grounds(wanted.grounds, settings, listed.category, now)
    await repository.demand_incident(connection, person.store_id, wanted.grounds.incident_id)
    await repository.one_at_a_time(connection, chain)
    judgement = await compare(connection, neighbours, looked, listed.id)
    _demand_usable(judgement, wanted.override_reason)
    vector = looked.vector
    assert vector is not None  # noqa: S101 - a usable picture has a face
    made = _proposal(who, person, wanted, judgement, vector, now)
    await repository.add_enrolment(connection, chain, made)
    kept = keep(looked.picture, judgement.faces[0])
    await _store_biometrics(connection, vault, chain, made, kept, vector, now)
    act = Act.ENROLMENT_DRAFTED if wanted.draft else Act.ENROLMENT_PROPOSED
    details = {"category": made.grounds.category.value, "findings": list(made.findings), "excluded": made.grounds.excluded}
    await _audit(connection, act, who, made.store_id, "enrolment", made.id, details)
    return made


def _proposal(
    who: Principal, person: Person, wanted: Wanted, judgement: gate.Judgement, vector: Vector, now: datetime
) -> Enrolment:
    """What is enrolled, before anything is stored of it."""
    return Enrolment(
        id=new_id(),
        store_id=person.store_id,
        person_id=person.id,
        watchlist_id=wanted.watchlist_id,
        state=EnrolmentState.DRAFT if wanted.draft else EnrolmentState.PROPOSED,
        grounds=wanted.grounds,
        enrolled_by=who.id,
        enrolled_at=now,
        quality=judgement.stored(vector.model, vector.model_version),
        findings=tuple(each.value for each in judgement.findings),
        override_reason=wanted.override_reason if judgement.findings else "",
        look_alikes=judgement.look_alikes,
    )


async def propose(connection: TenantConnection, who: Principal, enrolment_id: uuid.UUID, now: datetime) -> Enrolment:
    """A draft is proposed by its author."""
    before = await repository.get_enrolment(connection, enrolment_id, lock=True)
    return await _change(connection, who, lifecycle.propose(before, who.id, now), Act.ENROLMENT_PROPOSED)


async def approve(
    connection: TenantConnection, who: Principal, enrolment_id: uuid.UUID, accepts_findings: bool, reason: str, now: datetime
) -> Enrolment:
    """The approved enrolment, or its approved renewal. Who enrolled must still be allowed to.

    Raises:
        OwnApprovalError, ExcludedError: 403. UnacceptedError, ConflictError: 409.
    """
    chain_of(who)
    before = await repository.get_enrolment(connection, enrolment_id, lock=True)
    excepts = any(Permission.ENROLMENTS_EXCEPT in grant.permissions and grant.stores is None for grant in who.grants)
    after = lifecycle.approve(before, lifecycle.Approval(who.id, accepts_findings, excepts, reason), now)
    if not await may_still(connection, who.id, Permission.ENROLMENTS_APPROVE, before.store_id):
        raise ForbiddenError("Your roles do not allow this any more.")
    proposer = before.renewal.proposed_by if before.renewal else before.enrolled_by
    if not await may_still(connection, proposer, Permission.ENROLMENTS_WRITE, before.store_id):
        raise ConflictError("Whoever proposed this may not do so any more; it has to be proposed again.", state="overtaken")
    details = {"renewal": before.renewal is not None, "accepted": list(before.findings), "excluded": before.grounds.excluded}
    return await _change(connection, who, after, Act.ENROLMENT_APPROVED, details)


async def renew(
    connection: TenantConnection, who: Principal, enrolment_id: uuid.UUID, expires_at: datetime, review_on: date, reason: str,
    now: datetime,
) -> Enrolment:  # fmt: skip
    """A later end is proposed; the present one holds until somebody else approves."""
    chain_of(who)
    before = await repository.get_enrolment(connection, enrolment_id, lock=True)
    settings = await settings_repository.get_settings(connection)
    renewal = Renewal(expires_at, review_on, reason, who.id, now)
    return await _change(connection, who, lifecycle.renew(before, renewal, settings, now), Act.ENROLMENT_RENEWAL_PROPOSED)


async def note_refusal(
    connection: TenantConnection, who: Principal, enrolment_id: uuid.UUID, tried: str, error: PennyError
) -> None:
    """A refused act, in a transaction of its own: the act's was rolled back."""
    details = {"tried": tried, "status": error.status, "title": error.title}
    await _audit(connection, Act.ENROLMENT_REFUSED, who, None, "enrolment", enrolment_id, details)


async def _list_for(connection: TenantConnection, person: Person, watchlist_id: uuid.UUID) -> Watchlist:
    if person.erased_at is not None:
        raise ConflictError("This person was erased; make a new one.")
    listed = await lists.get_list(connection, watchlist_id)
    if listed.store_id != person.store_id:
        raise BadInputError("The list is at home in another store; enrol the person there.", field="watchlist_id")
    if listed.retired_at is not None:
        raise ConflictError("This list was retired.")
    return listed


def _demand_usable(judgement: gate.Judgement, override_reason: str) -> None:
    if not judgement.findings or (override_reason.strip() and not judgement.hopeless):
        return
    words = judgement.words()
    hint = "" if judgement.hopeless else " Use another picture, or give a reason why this one shall do."
    raise PictureError(
        " ".join(text for _, text in words) + hint,
        findings=[{"finding": each.value, "why": text} for each, text in words],
        faces=[dataclasses.asdict(face) for face in judgement.faces],
        look_alikes=[{"enrolment_id": str(each.enrolment_id), "match_score": each.match_score} for each in judgement.look_alikes],
    )


async def _store_biometrics(
    connection: TenantConnection, vault: Vault, chain: uuid.UUID, made: Enrolment, kept: Kept, vector: Vector, now: datetime
) -> None:
    await image_repository.add_image(connection, vault, chain, made, kept, now)
    await add_template(connection, vault, chain, made, vector, made.quality.get("parts", {}), now)


async def _change(
    connection: TenantConnection, who: Principal, after: Enrolment, act: Act, details: dict[str, Any] | None = None
) -> Enrolment:
    if not await repository.change_enrolment(connection, after):
        raise ConflictError("This enrolment was changed by somebody else or ended just now; look again.")
    await _audit(connection, act, who, after.store_id, "enrolment", after.id, details)
    return after


async def _audit(
    connection: TenantConnection, act: Act, who: Principal, store_id: uuid.UUID | None, kind: str, subject: uuid.UUID,
    details: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, store_id, kind, subject, details or {})
    await audit.append(connection, entry)
