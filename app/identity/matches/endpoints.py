"""`/api/v1/matches`: leads for people to review, side by side, and what came of them."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Query, Request, Response

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.enrolment import image_repository
from app.identity.enrolment import repository as enrolments
from app.identity.gait.repository import supports_of
from app.identity.matches import outcomes, repository, service
from app.identity.matches.repository import Suspension
from app.identity.matches.schemas import (
    FalseMatchReportOut,
    LiftIn,
    MatchOut,
    ReviewIn,
    SuspensionIn,
    SuspensionOut,
    line_out,
    match_out,
)
from app.identity.models import Match, MatchState
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ForbiddenError, NotFoundError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store
from app.tenancy.training.gate import requires_training
from app.tenancy.training.models import MATCH_REVIEW

router = guarded_router("matches")
Reads = Annotated[Access, require(Permission.MATCHES_READ)]
Reviews = Annotated[Access, require(Permission.MATCHES_REVIEW)]
Trained = Annotated[None, requires_training(MATCH_REVIEW)]
Manages = Annotated[Access, require(Permission.WATCHLISTS_WRITE)]
LONGEST_REPORT = timedelta(days=92)
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "The picture"}}


@router.get("/matches", openapi_extra=audited(Act.MATCHES_SEARCHED))
async def list_matches(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    camera_id: uuid.UUID | None = None,
    enrolment_id: uuid.UUID | None = None,
    state: Annotated[list[MatchState] | None, Query(max_length=6)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[MatchOut]:
    """Leads, newest first."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_matches(
            connection,
            store_id=store_id,
            camera_id=camera_id,
            enrolment_id=enrolment_id,
            states=[each.value for each in state or ()],
            before=decode_cursor(cursor),
            limit=limit,
        )
        shown, following = cut(found, limit, lambda each: (each.raised_at, each.id))
        items = await _shown(connection, access, shown)
        await _note(connection, access, Act.MATCHES_SEARCHED, store_id, "match", None, {"shown": len(items)})
    return Page(items=items, next=following)


@router.get("/matches/{match_id}", openapi_extra=audited(Act.MATCH_SHOWN))
async def get_match(request: Request, access: Reads, match_id: uuid.UUID) -> MatchOut:
    """One lead."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        match = await repository.get_match(connection, match_id)
        await _note(connection, access, Act.MATCH_SHOWN, match.store_id, "match", match_id)
        return (await _shown(connection, access, [match]))[0]


@router.get("/matches/{match_id}/seen-picture", response_class=Response, responses=JPEG, openapi_extra=audited(Act.MATCH_SHOWN))
async def seen_picture(request: Request, access: Reviews, _trained: Trained, match_id: uuid.UUID) -> Response:
    """What the camera saw."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        match = await repository.get_match(connection, match_id)
        jpeg = await repository.read_picture(connection, request.app.state.vault, match_id)
        await _note(connection, access, Act.MATCH_SHOWN, match.store_id, "match", match_id, {"picture": "seen"})
    return _jpeg(jpeg)


@router.get(
    "/matches/{match_id}/enrolled-picture", response_class=Response, responses=JPEG, openapi_extra=audited(Act.MATCH_SHOWN)
)
async def enrolled_picture(request: Request, access: Reviews, _trained: Trained, match_id: uuid.UUID) -> Response:
    """The picture that the lead's template was made of."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        match = await repository.get_match(connection, match_id)
        picture = await image_repository.read_image(connection, request.app.state.vault, match.enrolment_id)
        await _note(connection, access, Act.MATCH_SHOWN, match.store_id, "match", match_id, {"picture": "enrolled"})
    return _jpeg(picture.jpeg)


@router.post("/matches/{match_id}/review", openapi_extra=audited(Act.MATCH_REVIEWED, Act.MATCHING_SUSPENDED))
async def review_match(request: Request, access: Reviews, _trained: Trained, match_id: uuid.UUID, body: ReviewIn) -> MatchOut:
    """Say whether it is the same person, and why. Needs training; with two reviewers set, a second person says it too."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        match = await repository.get_match(connection, match_id)
        stores = access.scope.store_ids
        if stores is not None and match.store_id not in stores:
            raise NotFoundError(repository.NO_MATCH)
        after = await service.review(connection, access.principal, match_id, body.verdict, body.reason, now())
        return (await _shown(connection, access, [after]))[0]


@router.get("/match-suspensions", openapi_extra=unaudited("Shows what does not match for now and why; no person is in it."))
async def list_suspensions(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, standing: bool = True
) -> Page[SuspensionOut]:
    """What is suspended, newest first, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_suspensions(connection, store_id, standing=standing)
    return Page(items=[SuspensionOut.model_validate(each, from_attributes=True) for each in found], next=None)


@router.post("/match-suspensions", status_code=201, openapi_extra=audited(Act.MATCHING_SUSPENDED))
async def add_suspension(
    request: Request, access: Manages, body: SuspensionIn, idempotency_key: IdempotencyKey = None
) -> SuspensionOut:
    """Suspend an entry, a camera or a store by hand."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> SuspensionOut:
            await demand_store(connection, body.store_id)
            if body.enrolment_id is not None:
                await enrolments.get_enrolment(connection, body.enrolment_id)
            made = Suspension(new_id(), body.store_id, body.camera_id, body.enrolment_id, body.reason, who.id, now(), None, None)
            return SuspensionOut.model_validate(await service.suspend(connection, who, made), from_attributes=True)

        return await once(connection, who.id, idempotency_key, "POST /match-suspensions", body, make, SuspensionOut)


@router.post("/match-suspensions/{suspension_id}/lift", openapi_extra=audited(Act.MATCHING_RESUMED))
async def lift_suspension(request: Request, access: Manages, suspension_id: uuid.UUID, body: LiftIn) -> SuspensionOut:
    """Let it match again, and say why."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await service.lift(connection, access.principal, suspension_id, body.reason, now())
    return SuspensionOut.model_validate(found, from_attributes=True)


@router.get("/reports/false-matches", openapi_extra=audited(Act.FALSE_MATCHES_REPORTED))
async def report_false_matches(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, until: datetime | None = None, days: int = 7
) -> FalseMatchReportOut:
    """What came of the leads of some days (a week unless said otherwise) by store, camera and entry."""
    end = until or now()
    if end.tzinfo is None or not 1 <= days <= LONGEST_REPORT.days:
        raise BadInputError(f"until needs a time zone, and days lie between 1 and {LONGEST_REPORT.days}.")
    since = end - timedelta(days=days)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.outcomes(connection, store_id, since, end)
        await _note(connection, access, Act.FALSE_MATCHES_REPORTED, store_id, "report", None, {"days": days})
    return FalseMatchReportOut(since=since, until=end, lines=[line_out(each) for each in outcomes.report(found)])


async def _shown(connection: TenantConnection, access: Access, matches: Sequence[Match]) -> list[MatchOut]:
    """Leads as the caller may see them."""
    ids = [each.id for each in matches]
    reviews = await repository.reviews_of(connection, ids)
    labels = await repository.labels_of(connection, list(matches))
    pictured, supports = await repository.pictured(connection, ids), await supports_of(connection, ids)
    confirmed = {each.person_id for each in matches if each.state is MatchState.CONFIRMED and _may_name(access, each)}
    names = await enrolments.names_of(connection, confirmed)
    return [
        match_out(
            each,
            [one for one in reviews if one.match_id == each.id],
            access.principal.id,
            labels,
            name=names.get(each.person_id),
            may_name=_may_name(access, each),
            has_picture=each.id in pictured,
            gait=supports.get(each.id),
        )
        for each in matches
    ]


def _may_name(access: Access, match: Match) -> bool:
    try:
        stores = access.principal.scope(Permission.MATCHES_NAME).store_ids
    except ForbiddenError:
        return False
    return stores is None or match.store_id in stores


def _jpeg(jpeg: bytes) -> Response:
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _note(
    connection: TenantConnection, access: Access, act: Act, store_id: uuid.UUID | None, kind: str, subject: uuid.UUID | None,
    details: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    who = access.principal
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, store_id, kind, subject, details or {}))
