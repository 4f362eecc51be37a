"""Reviewing leads, each act with its audit row in the same transaction, and what follows from the outcomes (rules 9 and 13)."""

import uuid
from datetime import datetime, timedelta
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Principal
from app.identity import lifecycle, settings_repository
from app.identity.enrolment import repository as enrolments
from app.identity.gait.repository import drop_support
from app.identity.matches import outcomes, repository
from app.identity.matches.outcomes import Line, Subject
from app.identity.matches.repository import Suspension
from app.identity.models import Match, MatchState, Review, ReviewVerdict
from app.kit.errors import ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection


async def review(
    connection: TenantConnection, who: Principal, match_id: uuid.UUID, verdict: ReviewVerdict, reason: str, now: datetime
) -> Match:
    """The lead after this person's review. The scope must be the whole chain: an entry's leads lie in every store.

    Raises:
        ConflictError: decided, withdrawn, reviewed by the same person, or the enrolment has ended.
        ForbiddenError: an API key asks.
    """
    if who.kind is not ActorKind.USER or who.chain_id is None:
        raise ForbiddenError("Leads are reviewed by people, not by API keys.")
    before = await repository.get_match(connection, match_id, lock=True)
    enrolment = await enrolments.get_enrolment(connection, before.enrolment_id)
    if not enrolment.active(now):
        raise ConflictError("The enrolment of this lead has ended; there is nothing to compare with any more.", state="withdrawn")
    settings = await settings_repository.get_settings(connection)
    said = Review(new_id(), match_id, verdict, reason, who.id, now)
    earlier = await repository.reviews_of(connection, [match_id])
    after = lifecycle.review(before, earlier, said, two_people=settings.second_reviewer, now=now)
    await repository.add_review(connection, who.chain_id, before.store_id, said)
    await repository.decide_match(connection, after)
    if after.state in (MatchState.REJECTED, MatchState.UNDECIDED):
        await repository.drop_picture(connection, match_id)
        await drop_support(connection, match_id)
    await repository.announce(connection, who.chain_id, after)
    details = {"verdict": verdict.value, "state": after.state.value}
    await _audit(connection, Act.MATCH_REVIEWED, who, after.store_id, "match", match_id, details)
    if after.state is MatchState.REJECTED:
        await _suspend_over_limit(connection, who.chain_id, after, now)
    return after


async def suspend(connection: TenantConnection, who: Principal, made: Suspension) -> Suspension:
    """Suspend by hand; ConflictError where it is suspended already."""
    assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
    if not await repository.add_suspension(connection, who.chain_id, made):
        raise ConflictError("This is suspended already.")
    await _audit(connection, Act.MATCHING_SUSPENDED, who, made.store_id, "match-suspension", made.id, {"automatic": False})
    return made


async def lift(connection: TenantConnection, who: Principal, suspension_id: uuid.UUID, reason: str, now: datetime) -> Suspension:
    """Matching goes on; a person says why."""
    if who.kind is not ActorKind.USER:
        raise ForbiddenError("A suspension is lifted by a person.")
    found = await repository.get_suspension(connection, suspension_id)
    if found.lifted_at is not None:
        raise ConflictError("This suspension was lifted already.")
    await repository.lift_suspension(connection, suspension_id, who.id, now)
    await _audit(connection, Act.MATCHING_RESUMED, who, found.store_id, "match-suspension", suspension_id, {"reason": reason})
    return await repository.get_suspension(connection, suspension_id)


async def _suspend_over_limit(connection: TenantConnection, chain_id: uuid.UUID, match: Match, now: datetime) -> None:
    settings = await settings_repository.get_settings(connection)
    since = now - timedelta(days=outcomes.WEEK_DAYS)
    lines = outcomes.report(await repository.outcomes_around(connection, match, since))
    here = {(Subject.STORE, match.store_id), (Subject.CAMERA, match.camera_id), (Subject.ENTRY, match.enrolment_id)}
    for line in _of_entry_everywhere(lines):
        if (line.subject, line.id) not in here or not outcomes.over_limit(line, settings):
            continue
        made = Suspension(
            id=new_id(),
            store_id=match.store_id,
            camera_id=line.id if line.subject is Subject.CAMERA else None,
            enrolment_id=line.id if line.subject is Subject.ENTRY else None,
            reason=outcomes.reason_of(line),
            suspended_by=None,
            suspended_at=now,
            lifted_by=None,
            lifted_at=None,
        )
        if await repository.add_suspension(connection, chain_id, made):
            system = Principal(ActorKind.SYSTEM, uuid.UUID(int=0), "false matches", chain_id, ())
            details = {"automatic": True, "subject": line.subject.value, "false_matches": line.false_matches}
            await _audit(connection, Act.MATCHING_SUSPENDED, system, match.store_id, "match-suspension", made.id, details)


def _of_entry_everywhere(lines: list[Line]) -> list[Line]:
    """The report has a line of an entry for each store; what decides about the entry is all of them together."""
    entries: dict[uuid.UUID, list[Line]] = {}
    for line in lines:
        if line.subject is Subject.ENTRY:
            entries.setdefault(line.id, []).append(line)
    summed = [
        Line(
            Subject.ENTRY,
            entry,
            each[0].store_id,
            *(sum(getattr(line, name) for line in each) for name in _COUNTS),
        )
        for entry, each in entries.items()
    ]
    return [line for line in lines if line.subject is not Subject.ENTRY] + summed


_COUNTS = ("leads", "confirmed", "false_matches", "undecided", "waiting", "withdrawn")


async def _audit(
    connection: TenantConnection,
    act: Act,
    who: Principal,
    store_id: uuid.UUID,
    kind: str,
    subject: uuid.UUID,
    details: dict[str, Any],
) -> None:
    actor = None if who.kind is ActorKind.SYSTEM else who.id
    await audit.append(connection, AuditEntry(act, who.kind, actor, who.chain_id, store_id, kind, subject, details))
