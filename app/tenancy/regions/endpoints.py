"""`/api/v1/chains` and `/api/v1/regions`."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.errors import ForbiddenError, NotFoundError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy import repository as tenancy
from app.tenancy.acting import acting
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.models import Region
from app.tenancy.reach import CHAIN, held_at
from app.tenancy.regions import repository
from app.tenancy.schemas import Name

router = guarded_router("stores")
Reads = Annotated[Access, require(Permission.STORES_READ)]
WritesChain = Annotated[Access, require(Permission.CHAIN_WRITE)]


class ChainOut(BaseModel):
    """A retailer."""

    id: uuid.UUID
    name: str
    created_at: datetime


class RegionOut(BaseModel):
    """A group of stores; `stores` says how many there are."""

    id: uuid.UUID
    name: str
    stores: int
    created_at: datetime


class NameIn(BaseModel):
    """What it is called."""

    name: Name = Field(min_length=1, max_length=200)


@router.get("/chains", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_chains(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[ChainOut]:
    """The caller's chain."""
    decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        chain = await tenancy.get_chain(connection)
    return Page(items=[ChainOut(id=chain.id, name=chain.name, created_at=chain.created_at)][:limit], next=None)


@router.patch("/chains/{chain_id}", openapi_extra=audited(Act.CHAIN_CHANGED))
async def rename_chain(request: Request, access: WritesChain, chain_id: uuid.UUID, body: NameIn) -> ChainOut:
    """Another name."""
    async with acting(backends(request).postgres, access) as (connection, who):
        _demand_chain(who, Permission.CHAIN_WRITE)
        if chain_id != who.chain_id:
            raise NotFoundError("There is no such chain, or you may not see it.")
        await tenancy.rename_chain(connection, chain_id, body.name)
        await audit.append(connection, AuditEntry(Act.CHAIN_CHANGED, who.kind, who.id, chain_id, None, "chain", chain_id))
        chain = await tenancy.get_chain(connection)
    return ChainOut(id=chain.id, name=chain.name, created_at=chain.created_at)


@router.get("/regions", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_regions(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[RegionOut]:
    """Regions with a store that the caller may see; all of them for the whole chain."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        regions = await repository.list_regions(connection, access.scope.store_ids, after, limit)
    shown, following = cut(regions, limit, lambda region: (region.created_at, region.id))
    return Page(items=[_out(region) for region in shown], next=following)


@router.post("/regions", status_code=201, openapi_extra=audited(Act.REGION_CREATED))
async def add_region(request: Request, access: WritesChain, body: NameIn, idempotency_key: IdempotencyKey = None) -> RegionOut:
    """A region; stores are moved into it one by one."""
    async with acting(backends(request).postgres, access) as (connection, who):
        _demand_chain(who, Permission.CHAIN_WRITE)

        async def make() -> RegionOut:
            assert who.chain_id is not None  # noqa: S101 - `acting` refuses others
            region_id = new_id()
            await repository.add_region(connection, region_id, who.chain_id, body.name)
            entry = AuditEntry(Act.REGION_CREATED, who.kind, who.id, who.chain_id, None, "region", region_id)
            await audit.append(connection, entry)
            return _out(await repository.get_region(connection, region_id))

        return await once(connection, who.id, idempotency_key, "POST /regions", body, make, RegionOut)


@router.patch("/regions/{region_id}", openapi_extra=audited(Act.REGION_CHANGED))
async def rename_region(request: Request, access: WritesChain, region_id: uuid.UUID, body: NameIn) -> RegionOut:
    """Another name."""
    async with acting(backends(request).postgres, access) as (connection, who):
        _demand_chain(who, Permission.CHAIN_WRITE)
        await repository.get_region(connection, region_id)
        await repository.rename_region(connection, region_id, body.name)
        entry = AuditEntry(Act.REGION_CHANGED, who.kind, who.id, who.chain_id, None, "region", region_id)
        await audit.append(connection, entry)
        return _out(await repository.get_region(connection, region_id))


@router.delete("/regions/{region_id}", status_code=204, openapi_extra=audited(Act.REGION_REMOVED))
async def remove_region(request: Request, access: WritesChain, region_id: uuid.UUID) -> None:
    """Remove a region that nothing is in; 409 otherwise."""
    async with acting(backends(request).postgres, access) as (connection, who):
        _demand_chain(who, Permission.CHAIN_WRITE)
        await repository.get_region(connection, region_id)
        await repository.remove_region(connection, region_id)
        entry = AuditEntry(Act.REGION_REMOVED, who.kind, who.id, who.chain_id, None, "region", region_id)
        await audit.append(connection, entry)


def _demand_chain(who: Principal, permission: Permission) -> None:
    if permission not in held_at(who, CHAIN):
        raise ForbiddenError("Only somebody with a role for the whole chain may do this.", permission=permission.value)


def _out(region: Region) -> RegionOut:
    return RegionOut(id=region.id, name=region.name, stores=region.stores, created_at=region.created_at)
