"""`/api/v1/stores/{id}/policy/{sign-photos,acceptance-tests}`: the evidence that a switch stands on."""

import asyncio
import hashlib
import uuid
from datetime import date, timedelta
from typing import Annotated

import cv2
from fastapi import Query, Request, Response

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, TooManyRequestsError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.perception.images import decode_image
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.policy import repository
from app.tenancy.policy.models import PHOTO_VALID, AcceptanceTest, SignPhoto
from app.tenancy.policy.models_in_use import models_in_use
from app.tenancy.policy.repository import NewPhoto
from app.tenancy.policy.schemas import AcceptanceTestIn, AcceptanceTestOut, SignPhotoOut, acceptance_out, photo_out
from app.tenancy.policy.service import demand_person

router = guarded_router("policy")
Reads = Annotated[Access, require(Permission.POLICY_READ)]
Writes = Annotated[Access, require(Permission.POLICY_WRITE)]
LARGEST_PHOTO = 12 << 20
LONG_SIDE = 1600
SMALLEST_SIDE = 240
QUALITY = 85
MOST_PHOTOS_A_DAY = 20
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
    demand_person(who)
    if not moment.date() - PHOTO_VALID < taken_on <= moment.date():
        raise BadInputError(f"The photo must have been taken in the last {PHOTO_VALID.days} days, and not in the future.")
    jpeg, width, height = await asyncio.to_thread(_normalise, await request.body())
    photo = SignPhoto(new_id(), taken_on, width, height, who.id, moment)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_site(connection, store_id, lock=True)
        assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
        new = NewPhoto(photo, hashlib.sha256(jpeg).digest(), jpeg)
        if (before := await repository.find_photo(connection, store_id, taken_on, new.sha256)) is not None:
            return photo_out(before)
        if await repository.photos_since(connection, store_id, moment - timedelta(days=1)) >= MOST_PHOTOS_A_DAY:
            raise TooManyRequestsError(f"A store keeps {MOST_PHOTOS_A_DAY} photos a day; wait.", retry_after_s=86_400)
        await repository.add_photo(connection, who.chain_id, store_id, new)
        details = {"taken_on": taken_on.isoformat(), "sha256": new.sha256.hex()}
        entry = AuditEntry(Act.SIGN_PHOTO_ADDED, who.kind, who.id, who.chain_id, store_id, "sign-photo", photo.id, details)
        await audit.append(connection, entry)
    return photo_out(photo)


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
    """Record a test made in the store. It counts for 12 months from the day it was made, and only for today's model."""
    who, moment = access.principal, now()
    demand_person(who)
    if body.performed_on > moment.date():
        raise BadInputError("The test's day lies in the future.")
    if body.false_matches > body.strangers or body.misses > body.enrolled:
        raise BadInputError("There are more errors than passes; correct the figures.")
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> AcceptanceTestOut:
            await repository.get_site(connection, store_id)
            model = models_in_use().get(body.switch, "")
            test = AcceptanceTest(id=new_id(), recorded_by=who.id, recorded_at=moment, model=model, **body.model_dump())
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_test(connection, who.chain_id, store_id, test)
            details = {"switch": test.switch.value, "performed_on": test.performed_on.isoformat(), "passed": test.passed}
            act = Act.ACCEPTANCE_TEST_RECORDED
            entry = AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "acceptance-test", test.id, details)
            await audit.append(connection, entry)
            return acceptance_out(test)

        address = f"POST /stores/{store_id}/policy/acceptance-tests"
        return await once(connection, who.id, idempotency_key, address, body, make, AcceptanceTestOut)


def _normalise(raw: bytes) -> tuple[bytes, int, int]:
    """(JPEG, width, height) of an uploaded photo: decoded and encoded anew, so that place and device are gone from it."""
    pixels = decode_image(raw)
    height, width = pixels.shape[:2]
    if min(width, height) < SMALLEST_SIDE:
        raise BadInputError(f"The photo has {width} x {height} pixels; nobody can read a sign on fewer than {SMALLEST_SIDE}.")
    if int(pixels.max()) - int(pixels.min()) < 16:
        raise BadInputError("The photo is of one colour only; take one on which the sign can be read.")
    scale = min(1.0, LONG_SIDE / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    done, buffer = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise BadInputError("This photo cannot be stored; send another.")
    return buffer.tobytes(), size[0], size[1]
