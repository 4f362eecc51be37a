"""`/api/v1/stores`."""

import uuid
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any
from zoneinfo import available_timezones

from fastapi import Request
from pydantic import BaseModel, Field

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy import repository
from app.tenancy.acting import acting
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.models import Store
from app.tenancy.reach import CHAIN, held_at
from app.tenancy.regions import repository as regions
from app.tenancy.schemas import Name

router = guarded_router("stores")
Reads = Annotated[Access, require(Permission.STORES_READ)]
Writes = Annotated[Access, require(Permission.STORES_WRITE)]


class StoreOut(BaseModel):
    """One shop."""

    id: uuid.UUID
    name: str
    timezone: str
    region_id: uuid.UUID | None
    demo: bool = Field(description="A demonstration: its papers are examples, and it runs on this machine only.")
    created_at: datetime


class StoreIn(BaseModel):
    """A new store."""

    name: Name = Field(min_length=1, max_length=200)
    timezone: str = Field(default="UTC", max_length=64)
    region_id: uuid.UUID | None = None


class StoreChange(BaseModel):
    """What is left out stays; `region_id` null takes the store out of its region."""

    name: Name | None = Field(default=None, min_length=1, max_length=200)
    timezone: str | None = Field(default=None, max_length=64)
    region_id: uuid.UUID | None = None


@router.get("/stores", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_stores(
    request: Request,
    access: Reads,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[StoreOut]:
    """The stores the caller may see."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        stores = await repository.list_stores(connection, after, limit)
    shown, following = cut(stores, limit, lambda store: (store.created_at, store.id))
    return Page(items=[_out(store) for store in shown], next=following)


@router.post("/stores", status_code=201, openapi_extra=audited(Act.STORE_CREATED))
async def add_store(request: Request, access: Writes, body: StoreIn, idempotency_key: IdempotencyKey = None) -> StoreOut:
    """A new store, with every biometric switch off. Needs a role for the whole chain."""
    demand_timezone(body.timezone)
    async with acting(backends(request).postgres, access) as (connection, who):
        _demand_chain(who)

        async def make() -> StoreOut:
            if body.region_id is not None:
                await regions.get_region(connection, body.region_id)
            store = Store(new_id(), body.name, body.timezone, now(), body.region_id)
            assert who.chain_id is not None  # noqa: S101 - `acting` refuses others
            await repository.add_store(connection, who.chain_id, store)
            await audit.append(connection, _entry(who, Act.STORE_CREATED, store.id))
            return _out(store)

        return await once(connection, who.id, idempotency_key, "POST /stores", body, make, StoreOut)


@router.get("/stores/{store_id}", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_store(request: Request, access: Reads, store_id: uuid.UUID) -> StoreOut:
    """One store."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _out(await repository.get_store(connection, store_id))


@router.patch("/stores/{store_id}", openapi_extra=audited(Act.STORE_CHANGED))
async def change_store(request: Request, access: Writes, store_id: uuid.UUID, body: StoreChange) -> StoreOut:
    """Rename it, or set its time zone. Another region needs a role for the whole chain: people's roles move too."""
    if body.timezone is not None:
        demand_timezone(body.timezone)
    async with acting(backends(request).postgres, access) as (connection, who):
        seen = who.scope(Permission.STORES_WRITE).store_ids
        if seen is not None and store_id not in seen:
            raise repository.no_such_store()
        store = await repository.get_store(connection, store_id)
        moved = "region_id" in body.model_fields_set and body.region_id != store.region_id
        if moved:
            _demand_chain(who)
            if body.region_id is not None:
                await regions.get_region(connection, body.region_id)
        changed = replace(
            store,
            name=body.name or store.name,
            timezone=body.timezone or store.timezone,
            region_id=body.region_id if moved else store.region_id,
        )
        await repository.change_store(connection, changed)
        details = {"moved_to_region": str(body.region_id) if body.region_id else None} if moved else {}
        await audit.append(connection, _entry(who, Act.STORE_CHANGED, store_id, details))
    return _out(changed)


def demand_timezone(name: str) -> None:
    """BadInputError for a name that is no time zone of the IANA data base."""
    if name not in available_timezones():
        raise BadInputError("timezone is none that we know; use a name such as Europe/London.")


def _demand_chain(who: Principal) -> None:
    if Permission.STORES_WRITE not in held_at(who, CHAIN):
        raise ForbiddenError("Only somebody with a role for the whole chain may do this.")


def _entry(who: Principal, act: Act, store_id: uuid.UUID, details: dict[str, Any] | None = None) -> AuditEntry:
    return AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "store", store_id, details or {})


def _out(store: Store) -> StoreOut:
    return StoreOut(
        id=store.id,
        name=store.name,
        timezone=store.timezone,
        region_id=store.region_id,
        demo=store.demo,
        created_at=store.created_at,
    )
