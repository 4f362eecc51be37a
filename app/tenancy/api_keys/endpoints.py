"""`/api/v1/api-keys`."""

import uuid
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Request, Response
from pydantic import BaseModel, Field

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy.acting import acting
from app.tenancy.api_keys import repository, service
from app.tenancy.api_keys.repository import ApiKey
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.reach import Place
from app.tenancy.schemas import Name

router = guarded_router("api-keys")
Reads = Annotated[Access, require(Permission.API_KEYS_READ)]
Writes = Annotated[Access, require(Permission.API_KEYS_WRITE)]


class ApiKeyIn(BaseModel):
    """A key for some stores and regions, or (neither named) for the whole chain."""

    name: Name = Field(min_length=1, max_length=200)
    permissions: list[Permission] = Field(min_length=1, max_length=50)
    store_ids: list[uuid.UUID] = Field(default=[], max_length=500)
    region_ids: list[uuid.UUID] = Field(default=[], max_length=100)
    days: int = Field(default=90, ge=1, le=service.LONGEST_LIFE.days, description="How long it is good for.")


class RotateIn(BaseModel):
    """How long the secret so far answers, too."""

    overlap_s: int = Field(default=86400, ge=0, le=int(service.LONGEST_OVERLAP.total_seconds()))


class ApiKeyOut(BaseModel):
    """A key without its secret; both lists null for the whole chain."""

    id: uuid.UUID
    name: str
    permissions: list[str]
    store_ids: list[uuid.UUID] | None
    region_ids: list[uuid.UUID] | None
    expires_at: datetime | None
    previous_secret_ends_at: datetime | None
    rotated_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    made_by: str | None = Field(description="Who made it; null where a key did.")
    maker_left: bool = Field(description="Who made it may not sign in any more: look whether it is still wanted.")


class ApiKeySecretOut(BaseModel):
    """The key and its secret, which is shown this once: null when this request was answered before."""

    key: ApiKeyOut
    secret: str | None


@router.get("/api-keys", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_keys(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[ApiKeyOut]:
    """Keys that reach no further than the caller, oldest first, revoked ones too."""
    after = decode_cursor(cursor)
    reach = service.within(access.principal, access.permission)
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        keys = await repository.list_keys(connection, reach, after, limit)
    shown, following = cut(keys, limit, lambda key: (key.created_at, key.id))
    return Page(items=[_out(key) for key in shown], next=following)


@router.post("/api-keys", status_code=201, openapi_extra=audited(Act.API_KEY_CREATED))
async def make_key(
    request: Request, response: Response, access: Writes, body: ApiKeyIn, idempotency_key: IdempotencyKey = None
) -> ApiKeySecretOut:
    """A new key; its secret is in this answer and nowhere else."""
    places = [Place(store) for store in body.store_ids] + [Place(None, region) for region in body.region_ids]
    shown: list[str] = []
    async with acting(backends(request).postgres, access) as (connection, who):

        async def make() -> ApiKeyOut:
            given, life = frozenset(body.permissions), timedelta(days=body.days)
            key, secret = await service.make(connection, who, body.name, given, places, life, now())
            shown.append(secret)
            return _out(key)

        key = await once(connection, who.id, idempotency_key, "POST /api-keys", body, make, ApiKeyOut)
    response.headers["Cache-Control"] = "no-store"
    return ApiKeySecretOut(key=key, secret=shown[0] if shown else None)


@router.post("/api-keys/{key_id}/rotate", openapi_extra=audited(Act.API_KEY_ROTATED))
async def rotate_key(request: Request, response: Response, access: Writes, key_id: uuid.UUID, body: RotateIn) -> ApiKeySecretOut:
    """The next secret, in this answer and nowhere else; both answer until the overlap ends."""
    async with acting(backends(request).postgres, access) as (connection, who):
        key, secret = await service.rotate(connection, who, key_id, timedelta(seconds=body.overlap_s), now())
    response.headers["Cache-Control"] = "no-store"
    return ApiKeySecretOut(key=_out(key), secret=secret)


@router.delete("/api-keys/{key_id}", status_code=204, openapi_extra=audited(Act.API_KEY_REVOKED))
async def revoke_key(request: Request, access: Writes, key_id: uuid.UUID) -> None:
    """Neither secret answers any more."""
    async with acting(backends(request).postgres, access) as (connection, who):
        await service.revoke(connection, who, key_id, now())


def _out(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=key.id,
        name=key.name,
        permissions=key.permissions,
        store_ids=key.stores,
        region_ids=key.regions,
        expires_at=key.expires_at,
        previous_secret_ends_at=key.previous_ends_at,
        rotated_at=key.rotated_at,
        revoked_at=key.revoked_at,
        created_at=key.created_at,
        made_by=key.made_by,
        maker_left=key.maker_left,
    )
