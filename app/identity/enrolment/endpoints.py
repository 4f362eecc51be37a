"""`/api/v1/enrolments`: who is on a list, why, since when and until when."""

import hashlib
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from app.audit.models import Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.enrolment import erasure, image_repository, repository, service
from app.identity.enrolment.person_endpoints import note
from app.identity.enrolment.pictures import LARGEST_PICTURE, Looker
from app.identity.enrolment.schemas import (
    ApproveIn,
    EnrolmentForm,
    EraseIn,
    ErasureOut,
    FaceCheckOut,
    FaceEnrolmentOut,
    RejectIn,
    RenewIn,
    check_out,
    enrolment_out,
    erasure_out,
)
from app.identity.models import Enrolment, EnrolmentState
from app.identity.templates.stored import Neighbours
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, NotFoundError, PennyError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.policy.packs import current_pack

router = guarded_router("enrolments")
Reads = Annotated[Access, require(Permission.WATCHLISTS_READ)]
Writes = Annotated[Access, require(Permission.ENROLMENTS_WRITE)]
Approves = Annotated[Access, require(Permission.ENROLMENTS_APPROVE)]
LARGEST_FORM = LARGEST_PICTURE + (64 << 10)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PICTURE_BODY = {"requestBody": {"required": True, "content": {"image/jpeg": _BINARY, "image/png": _BINARY}}}
JPEG: dict[int | str, dict[str, Any]] = {200: {"content": {"image/jpeg": {}}, "description": "The picture"}}
LISTS_SHOWN = "Shows which entries there are, without a picture; each picture shown and each act on an entry leaves a row."


@router.get("/persons/{person_id}/enrolments", openapi_extra=unaudited(LISTS_SHOWN))
async def list_enrolments_of(request: Request, access: Reads, person_id: uuid.UUID) -> Page[FaceEnrolmentOut]:
    """A person's enrolments, newest first, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_person(connection, person_id)
        found = await repository.list_enrolments(connection, person_id=person_id, limit=100)
    return Page(items=[enrolment_out(each) for each in found[:100]], next=None)


@router.post(
    "/persons/{person_id}/enrolments",
    status_code=201,
    openapi_extra=audited(Act.ENROLMENT_PROPOSED, Act.ENROLMENT_DRAFTED),
    max_body_size=LARGEST_FORM,
)
async def enrol(
    request: Request,
    access: Writes,
    person_id: uuid.UUID,
    form: Annotated[EnrolmentForm, Depends()],
    idempotency_key: IdempotencyKey = None,
) -> FaceEnrolmentOut:
    """Propose an enrolment: grounds and a picture with exactly one good face. Somebody else approves it."""
    who, pool = access.principal, backends(request).postgres
    service.chain_of(who)
    raw = await form.picture.read()
    async with tenant_transaction(pool, access.scope) as connection:
        person = await repository.get_person(connection, person_id)
        await service.demand_face_on(connection, person.store_id, current_pack(), now().date())
    looked = await _looker(request).look(raw)
    asked = form.asked.model_copy(update={"picture_sha256": hashlib.sha256(raw).hexdigest()})
    async with tenant_transaction(pool, access.scope) as connection:

        async def make() -> FaceEnrolmentOut:
            moment = now()
            await service.demand_face_on(connection, person.store_id, current_pack(), moment.date())
            vault, neighbours = request.app.state.vault, _neighbours(request)
            made = await service.enrol(connection, vault, neighbours, who, person_id, asked.wanted(), looked, moment)
            return enrolment_out(made)

        address = f"POST /persons/{person_id}/enrolments"
        return await once(connection, who.id, idempotency_key, address, asked, make, FaceEnrolmentOut)


@router.post("/stores/{store_id}/faces/check", openapi_extra=PICTURE_BODY | audited(Act.FACE_CHECKED), max_body_size=LARGEST_FORM)
async def check_face(
    request: Request, access: Writes, store_id: uuid.UUID, watchlist_id: uuid.UUID | None = None
) -> FaceCheckOut:
    """What the quality gate says of a picture (JPEG or PNG as the body). Nothing is stored."""
    pool, raw = backends(request).postgres, await request.body()
    async with tenant_transaction(pool, access.scope) as connection:
        await service.demand_face_on(connection, store_id, current_pack(), now().date())
    looked = await _looker(request).look(raw)
    async with tenant_transaction(pool, access.scope) as connection:
        judgement = await service.compare(connection, _neighbours(request), looked, watchlist_id)
        details = {"faces": len(judgement.faces), "findings": [each.value for each in judgement.findings]}
        await note(connection, access, Act.FACE_CHECKED, store_id, "store", store_id, details)
    return check_out(judgement)


@router.get("/enrolments", openapi_extra=unaudited(LISTS_SHOWN))
async def list_enrolments(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    watchlist_id: uuid.UUID | None = None,
    state: Annotated[list[EnrolmentState] | None, Query(max_length=6)] = None,
    ends_before: datetime | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[FaceEnrolmentOut]:
    """Enrolments, newest first: what waits for approval, what ends soon."""
    if ends_before is not None and ends_before.tzinfo is None:
        raise BadInputError("ends_before needs a time zone, for example 2026-09-01T00:00:00Z.")
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.list_enrolments(
            connection,
            store_id=store_id,
            watchlist_id=watchlist_id,
            states=[each.value for each in state or ()],
            ends_before=ends_before,
            before=decode_cursor(cursor),
            limit=limit,
        )
    shown, following = cut(found, limit, lambda each: (each.enrolled_at, each.id))
    return Page(items=[enrolment_out(each) for each in shown], next=following)


@router.get("/enrolments/{enrolment_id}", openapi_extra=unaudited(LISTS_SHOWN))
async def get_enrolment(request: Request, access: Reads, enrolment_id: uuid.UUID) -> FaceEnrolmentOut:
    """One enrolment."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return enrolment_out(await repository.get_enrolment(connection, enrolment_id))


@router.get(
    "/enrolments/{enrolment_id}/picture",
    response_class=Response,
    responses=JPEG,
    openapi_extra=audited(Act.ENROLMENT_SHOWN),
)
async def get_picture(request: Request, access: Reads, enrolment_id: uuid.UUID) -> Response:
    """The enrolled picture."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.get_enrolment(connection, enrolment_id)
        picture = await image_repository.read_image(connection, request.app.state.vault, enrolment_id)
        await note(connection, access, Act.ENROLMENT_SHOWN, found.store_id, "enrolment", enrolment_id)
    return Response(picture.jpeg, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


@router.post("/enrolments/{enrolment_id}/propose", openapi_extra=audited(Act.ENROLMENT_PROPOSED))
async def propose(request: Request, access: Writes, enrolment_id: uuid.UUID) -> FaceEnrolmentOut:
    """Propose a draft."""
    return await _do(
        request, access, enrolment_id, "propose", lambda c, _: service.propose(c, access.principal, enrolment_id, now())
    )


@router.post("/enrolments/{enrolment_id}/approve", openapi_extra=audited(Act.ENROLMENT_APPROVED))
async def approve(request: Request, access: Approves, enrolment_id: uuid.UUID, body: ApproveIn) -> FaceEnrolmentOut:
    """Approve an enrolment, or its renewal, that somebody else proposed."""

    async def act(connection: TenantConnection, enrolment: Enrolment) -> Enrolment:
        moment, who = now(), access.principal
        await service.demand_face_on(connection, enrolment.store_id, current_pack(), moment.date())
        return await service.approve(connection, who, enrolment_id, body.accepts_findings, body.reason, moment)

    return await _do(request, access, enrolment_id, "approve", act)


@router.post("/enrolments/{enrolment_id}/reject", openapi_extra=audited(Act.ENROLMENT_REJECTED))
async def reject(request: Request, access: Approves, enrolment_id: uuid.UUID, body: RejectIn) -> FaceEnrolmentOut:
    """Reject a proposal, which erases its picture and template, or a renewal, which leaves the present end."""
    return await _do(
        request,
        access,
        enrolment_id,
        "reject",
        lambda c, each: erasure.reject(c, access.principal, each, body.reason, now()),
    )


@router.post("/enrolments/{enrolment_id}/renew", openapi_extra=audited(Act.ENROLMENT_RENEWAL_PROPOSED))
async def renew(request: Request, access: Writes, enrolment_id: uuid.UUID, body: RenewIn) -> FaceEnrolmentOut:
    """Propose a later end; the present one holds until somebody else approves."""
    if body.expires_at.tzinfo is None:
        raise BadInputError("expires_at needs a time zone, for example 2026-09-01T00:00:00Z.", field="expires_at")
    who = access.principal
    return await _do(
        request,
        access,
        enrolment_id,
        "renew",
        lambda c, _: service.renew(c, who, enrolment_id, body.expires_at, body.review_on, body.reason, now()),
    )


@router.post("/enrolments/{enrolment_id}/erase", openapi_extra=audited(Act.ENROLMENT_ERASED))
async def erase(request: Request, access: Writes, enrolment_id: uuid.UUID, body: EraseIn) -> ErasureOut:
    """Erase an enrolment: vector, picture, index row, pictures of leads and every word about the person; the proof."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        enrolment = await _at_home(connection, access, enrolment_id)
        _, proof = await erasure.erase(connection, access.principal, enrolment, body.reason, now())
    return erasure_out(proof)


@router.get("/enrolments/{enrolment_id}/erasures", openapi_extra=unaudited("Proofs of removal: counts, no content."))
async def list_erasures(request: Request, access: Reads, enrolment_id: uuid.UUID) -> Page[ErasureOut]:
    """The proofs of what was removed, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_enrolment(connection, enrolment_id)
        found = await image_repository.list_erasures(connection, enrolment_id)
    return Page(items=[erasure_out(each) for each in found], next=None)


Change = Callable[[TenantConnection, Enrolment], Awaitable[Enrolment]]


async def _do(request: Request, access: Access, enrolment_id: uuid.UUID, named: str, act: Change) -> FaceEnrolmentOut:
    """One act on an enrolment of a home store in scope. A refusal leaves a row of its own."""
    pool = backends(request).postgres
    try:
        async with tenant_transaction(pool, access.everywhere) as connection:
            enrolment = await _at_home(connection, access, enrolment_id)
            return enrolment_out(await act(connection, enrolment))
    except NotFoundError:
        raise
    except PennyError as error:
        async with tenant_transaction(pool, access.scope) as connection:
            await service.note_refusal(connection, access.principal, enrolment_id, named, error)
        raise


async def _at_home(connection: TenantConnection, access: Access, enrolment_id: uuid.UUID) -> Enrolment:
    """The enrolment, its row kept; NotFoundError where its home store is not in scope. Acts reach into every store."""
    enrolment = await repository.get_enrolment(connection, enrolment_id, lock=True)
    stores = access.scope.store_ids
    if stores is not None and enrolment.store_id not in stores:
        raise NotFoundError(repository.NO_ENROLMENT)
    return enrolment


def _looker(request: Request) -> Looker:
    found = request.app.state.looker
    assert isinstance(found, Looker)  # noqa: S101 - set once by main
    return found


def _neighbours(request: Request) -> Neighbours:
    found: Neighbours = request.app.state.neighbours
    return found
