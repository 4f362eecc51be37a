"""`/api/v1/stores/{id}/camera-links`: the ways between a store's cameras."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.cameras import repository as cameras
from app.cameras.links import repository
from app.cameras.links.models import MOST_LINKS, CameraLink, check_end, in_order
from app.cameras.zones import repository as zones
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError
from app.kit.ids import new_id
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store

router = guarded_router("camera links")
Reads = Annotated[Access, require(Permission.CAMERAS_READ)]
Writes = Annotated[Access, require(Permission.CAMERAS_WRITE)]


class CameraLinkIn(BaseModel):
    """A way to draw."""

    model_config = ConfigDict(extra="forbid")

    camera_a: uuid.UUID
    camera_b: uuid.UUID
    zone_a: uuid.UUID | None = Field(default=None, description="Where people leave and come in; null: anywhere.")
    zone_b: uuid.UUID | None = None
    metres: FiniteFloat = Field(ge=0, le=200, description="Walked unseen; 0 where the pictures touch or overlap.")


class CameraLinkOut(BaseModel):
    """A way between two cameras, in either direction."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_a: uuid.UUID
    camera_b: uuid.UUID
    zone_a: uuid.UUID | None
    zone_b: uuid.UUID | None
    metres: float
    created_at: datetime
    used: bool = Field(description="False where a zone of it was removed: nobody takes it until it is drawn anew.")


def _out(link: CameraLink) -> CameraLinkOut:
    return CameraLinkOut.model_validate(link, from_attributes=True)


@router.get("/stores/{store_id}/camera-links", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_camera_links(request: Request, access: Reads, store_id: uuid.UUID) -> Page[CameraLinkOut]:
    """The ways between a store's cameras, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        found = await repository.list_links(connection, store_id)
    return Page(items=[_out(each) for each in found], next=None)


@router.post("/stores/{store_id}/camera-links", status_code=201, openapi_extra=audited(Act.CAMERA_LINK_CREATED))
async def add_camera_link(
    request: Request, access: Writes, store_id: uuid.UUID, body: CameraLinkIn, idempotency_key: IdempotencyKey = None
) -> CameraLinkOut:
    """Draw a way; there is one between two cameras at most."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> CameraLinkOut:
            await demand_store(connection, store_id)
            link = in_order(CameraLink(new_id(), store_id, **body.model_dump(), created_at=now()))
            for camera, zone in ((link.camera_a, link.zone_a), (link.camera_b, link.zone_b)):
                await _check(connection, store_id, camera, zone)
            if len(await repository.list_links(connection, store_id)) >= MOST_LINKS:
                raise BadInputError(f"A store has at most {MOST_LINKS} ways between cameras; remove one first.")
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            if not await repository.add_link(connection, who.chain_id, link):
                raise ConflictError("There is a way between these two cameras; remove it to draw another.")
            await _audit(connection, Act.CAMERA_LINK_CREATED, who, link)
            return _out(link)

        address = f"POST /stores/{store_id}/camera-links"
        return await once(connection, who.id, idempotency_key, address, body, make, CameraLinkOut)


@router.delete("/camera-links/{camera_link_id}", status_code=204, openapi_extra=audited(Act.CAMERA_LINK_REMOVED))
async def remove_camera_link(request: Request, access: Writes, camera_link_id: uuid.UUID) -> None:
    """Remove a way. Visits that it joined stay until their time is over."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        link = await repository.get_link(connection, camera_link_id)
        await repository.remove_link(connection, camera_link_id)
        await _audit(connection, Act.CAMERA_LINK_REMOVED, access.principal, link)


async def _check(connection: TenantConnection, store_id: uuid.UUID, camera_id: uuid.UUID, zone_id: uuid.UUID | None) -> None:
    """Both of this store, and the zone of this camera."""
    camera = await cameras.get_camera(connection, camera_id, lock=True)
    if camera.store_id != store_id:
        raise BadInputError("Both cameras must be of this store.")
    if zone_id is not None:
        check_end(await zones.get_zone(connection, camera_id, zone_id))


async def _audit(connection: TenantConnection, act: Act, who: Principal, link: CameraLink) -> None:
    details = {"camera_a": str(link.camera_a), "camera_b": str(link.camera_b), "metres": link.metres}
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, link.store_id, "camera-link", link.id, details)
    await audit.append(connection, entry)
