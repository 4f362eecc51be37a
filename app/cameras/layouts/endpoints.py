"""`/api/v1/stores/{id}/layouts` and `/api/v1/layouts/{id}`: what the live page shows, for oneself or for the whole store."""

import dataclasses
import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.cameras.layouts import repository
from app.cameras.layouts.models import MOST_CAMERAS, MOST_COLUMNS, MOST_LAYOUTS, Layout
from app.cameras.repository import strangers_to
from app.cameras.schemas import Name
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ForbiddenError, NotFoundError
from app.kit.ids import new_id
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.reach import Place, held_at
from app.tenancy.repository import demand_store

router = guarded_router("layouts")
Views = Annotated[Access, require(Permission.LIVE_VIEW)]


class LayoutChange(BaseModel):
    """All of what a layout shows."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    cameras: list[uuid.UUID] | None = Field(
        default=None, min_length=1, max_length=MOST_CAMERAS, description="In their order; null: every camera of the store."
    )
    columns: int | None = Field(default=None, ge=1, le=MOST_COLUMNS, description="Null: as many as fit well.")
    large: int | None = Field(
        default=None,
        ge=0,
        le=MOST_CAMERAS,
        description="So many of the first cameras move, the others are stills; null: by number.",
    )


class LayoutIn(LayoutChange):
    """A layout to keep."""

    shared: bool = Field(default=False, description="For everybody who sees the store live; needs cameras:write there.")


class LayoutOut(BaseModel):
    """A layout that the caller may choose."""

    id: uuid.UUID
    store_id: uuid.UUID
    name: str
    shared: bool
    cameras: list[uuid.UUID] | None
    columns: int | None
    large: int | None
    changed_at: datetime


@router.get("/stores/{store_id}/layouts", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_layouts(request: Request, access: Views, store_id: uuid.UUID) -> Page[LayoutOut]:
    """The store's layouts and one's own, by name, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        found = await repository.list_layouts(connection, access.principal.id, store_id)
    return Page(items=[_out(each) for each in found], next=None)


@router.post("/stores/{store_id}/layouts", status_code=201, openapi_extra=audited(Act.LAYOUT_CREATED))
async def add_layout(
    request: Request, access: Views, store_id: uuid.UUID, body: LayoutIn, idempotency_key: IdempotencyKey = None
) -> LayoutOut:
    """Keep a layout, for oneself or for the store."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> LayoutOut:
            await demand_store(connection, store_id)
            owner = None if body.shared else who.id
            layout = _shown(body, Layout(new_id(), store_id, owner, body.name, None, None, None, now()))
            await _check(connection, who, layout)
            if await repository.count_layouts(connection, store_id, owner) >= MOST_LAYOUTS:
                raise BadInputError(f"There are {MOST_LAYOUTS} layouts already, which is the most; remove one first.")
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_layout(connection, who.chain_id, layout)
            await _audit(connection, Act.LAYOUT_CREATED, who, layout)
            return _out(layout)

        return await once(connection, who.id, idempotency_key, f"POST /stores/{store_id}/layouts", body, make, LayoutOut)


@router.put("/layouts/{layout_id}", openapi_extra=audited(Act.LAYOUT_CHANGED))
async def change_layout(request: Request, access: Views, layout_id: uuid.UUID, body: LayoutChange) -> LayoutOut:
    """Show other cameras, or the same otherwise."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        layout = _shown(body, await repository.get_layout(connection, access.principal.id, layout_id))
        await _check(connection, access.principal, layout)
        await repository.change_layout(connection, layout)
        await _audit(connection, Act.LAYOUT_CHANGED, access.principal, layout)
    return _out(layout)


@router.delete("/layouts/{layout_id}", status_code=204, openapi_extra=audited(Act.LAYOUT_REMOVED))
async def remove_layout(request: Request, access: Views, layout_id: uuid.UUID) -> None:
    """Take a layout away; a wall that shows it goes on until it is opened anew."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        layout = await repository.get_layout(connection, access.principal.id, layout_id)
        _demand_shared(access.principal, layout)
        await repository.remove_layout(connection, layout_id)
        await _audit(connection, Act.LAYOUT_REMOVED, access.principal, layout)


def _demand_shared(who: Principal, layout: Layout) -> None:
    if layout.owner is None and Permission.CAMERAS_WRITE not in held_at(who, Place(layout.store_id)):
        raise ForbiddenError("A layout of the whole store is changed by who manages its cameras; keep one of your own.")


async def _check(connection: TenantConnection, who: Principal, layout: Layout) -> None:
    """Whether `who` may have this layout, and its cameras are the store's."""
    _demand_shared(who, layout)
    cameras = layout.cameras or ()
    if len(set(cameras)) != len(cameras):
        raise BadInputError("A camera stands once in a layout; name each once.")
    if await strangers_to(connection, layout.store_id, cameras):
        raise NotFoundError("One of these is no camera of this store.")


def _shown(body: LayoutChange, layout: Layout) -> Layout:
    cameras = None if body.cameras is None else tuple(body.cameras)
    return dataclasses.replace(layout, name=body.name, cameras=cameras, columns=body.columns, large=body.large, changed_at=now())


def _out(layout: Layout) -> LayoutOut:
    return LayoutOut(
        id=layout.id,
        store_id=layout.store_id,
        name=layout.name,
        shared=layout.owner is None,
        cameras=None if layout.cameras is None else list(layout.cameras),
        columns=layout.columns,
        large=layout.large,
        changed_at=layout.changed_at,
    )


async def _audit(connection: TenantConnection, act: Act, who: Principal, layout: Layout) -> None:
    details = {"shared": layout.owner is None, "cameras": None if layout.cameras is None else len(layout.cameras)}
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, layout.store_id, "layout", layout.id, details))
