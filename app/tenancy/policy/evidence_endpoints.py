"""`/api/v1/stores/{id}/policy/{sign-photos,acceptance-tests}`: the evidence that a switch stands on."""

import asyncio
import uuid
from datetime import date
from typing import Annotated

from fastapi import Query, Request, Response

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import ForbiddenError
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.policy import evidence, repository, service
from app.tenancy.policy.evidence_schemas import (
    AcceptanceTestIn,
    AcceptanceTestOut,
    CoverageOut,
    SignPhotoOut,
    acceptance_out,
    coverage_out,
    photo_out,
)
from app.tenancy.reach import Place, held_at

router = guarded_router("policy")
Reads = Annotated[Access, require(Permission.POLICY_READ)]
Looks = Annotated[Access, require(Permission.STORES_READ)]
Writes = Annotated[Access, require(Permission.POLICY_WRITE)]
LARGEST_PHOTO = 12 << 20
CHANGES = frozenset(
    {Permission.CAMERAS_WRITE, Permission.ENROLMENTS_WRITE, Permission.ENROLMENTS_APPROVE, Permission.POLICY_READ}
)
"""One of them, for the store, is asked for besides `stores:read` where it is said what a change would switch off."""
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PHOTO_BODY = {"requestBody": {"required": True, "content": {"image/jpeg": _BINARY, "image/png": _BINARY}}}


@router.post(
    "/stores/{store_id}/policy/sign-photos",
    status_code=201,
    openapi_extra=PHOTO_BODY | audited(Act.SIGN_PHOTO_ADDED),
    max_body_size=LARGEST_PHOTO,
)
async def add_photo(
    request: Request, access: Writes, store_id: uuid.UUID, taken_on: Annotated[date, Query(description="Day of the photo.")]
) -> SignPhotoOut:
    """Upload a photo of the sign (JPEG or PNG). It is stored anew, without the camera's metadata; the same one twice is one."""
    who, moment = access.principal, now()
    evidence.demand_fresh(who, taken_on, moment.date())  # before the work of decoding
    picture = await asyncio.to_thread(evidence.normalised, await request.body())
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return photo_out(await evidence.keep_photo(connection, who, store_id, picture, taken_on, moment))


@router.get(
    "/stores/{store_id}/policy/sign-photos/{photo_id}",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {}}}},
    openapi_extra=unaudited("A photo of a sign that hangs in public."),
)
async def get_photo(request: Request, access: Reads, store_id: uuid.UUID, photo_id: uuid.UUID) -> Response:
    """The photo."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        jpeg = await repository.read_photo(connection, store_id, photo_id)
    return Response(jpeg, media_type="image/jpeg")


@router.get("/stores/{store_id}/policy/acceptance-tests", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_tests(
    request: Request, access: Reads, store_id: uuid.UUID, cursor: Cursor = None, limit: Limit = 50
) -> Page[AcceptanceTestOut]:
    """Recorded tests, newest first."""
    before = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_site(connection, store_id)
        found = await repository.list_tests(connection, store_id, before, limit)
    shown, following = cut(found, limit, lambda test: (test.recorded_at, test.id))
    return Page(items=[acceptance_out(test) for test in shown], next=following)


@router.post("/stores/{store_id}/policy/acceptance-tests", status_code=201, openapi_extra=audited(Act.ACCEPTANCE_TEST_RECORDED))
async def add_test(
    request: Request, access: Writes, store_id: uuid.UUID, body: AcceptanceTestIn, idempotency_key: IdempotencyKey = None
) -> AcceptanceTestOut:
    """Record a test made in the store. It counts for 12 months from the day it was made, and for today's model, cameras and
    lists only."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> AcceptanceTestOut:
            return acceptance_out(await evidence.keep_test(connection, who, store_id, body, now()))

        address = f"POST /stores/{store_id}/policy/acceptance-tests"
        return await once(connection, who.id, idempotency_key, address, body, make, AcceptanceTestOut)


@router.get("/stores/{store_id}/policy/coverage", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_coverage(request: Request, access: Looks, store_id: uuid.UUID) -> CoverageOut:
    """What a camera more or less, or more people on the lists, would switch off here. For whoever may do such a thing there
    (`cameras:write`, `enrolments:write`, `enrolments:approve`) or see the policy (`policy:read`)."""
    if not CHANGES & held_at(access.principal, Place(store_id)):
        raise ForbiddenError("This is for whoever may change cameras or lists of this store, or see its policy.")
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return coverage_out(await service.covers(connection, store_id, now()))
