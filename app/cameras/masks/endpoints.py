"""`/api/v1/cameras/{id}/masks`."""

import dataclasses
import uuid
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.cameras import repository as cameras
from app.cameras.masks import repository
from app.cameras.masks.models import Mask, RemovedMask
from app.cameras.schemas import Name
from app.cameras.zones.endpoints import Polygon
from app.cameras.zones.models import check_polygon
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.ids import new_id
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("masks")
Reads = Annotated[Access, require(Permission.CAMERAS_READ)]
Writes = Annotated[Access, require(Permission.CAMERAS_WRITE)]
SHOWN_FOR = timedelta(days=90)
"""How long a mask that was taken away is shown."""


class MaskIn(BaseModel):
    """A mask to add."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    polygon: Polygon


class MaskChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    polygon: Polygon | None = None


class MaskOut(BaseModel):
    """A mask of a camera."""

    id: uuid.UUID
    camera_id: uuid.UUID
    name: str
    polygon: list[tuple[float, float]]
    created_at: datetime


class RemovedMaskOut(BaseModel):
    """A mask that was taken away."""

    id: uuid.UUID
    camera_id: uuid.UUID
    name: str
    polygon: list[tuple[float, float]]
    removed_at: datetime
    removed_by: str | None


def _out(mask: Mask) -> MaskOut:
    return MaskOut(id=mask.id, camera_id=mask.camera_id, name=mask.name, polygon=list(mask.polygon), created_at=mask.created_at)


@router.get("/cameras/{camera_id}/masks", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_masks(request: Request, access: Reads, camera_id: uuid.UUID) -> Page[MaskOut]:
    """The masks of a camera, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await cameras.get_camera(connection, camera_id)
        masks = await repository.list_masks(connection, camera_id)
    return Page(items=[_out(mask) for mask in masks], next=None)


@router.get("/cameras/{camera_id}/masks/removed", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_removed(request: Request, access: Reads, camera_id: uuid.UUID) -> Page[RemovedMaskOut]:
    """What was taken away in the last 90 days and by whom, the last one first, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await cameras.get_camera(connection, camera_id)
        removed = await repository.removed_masks(connection, camera_id, now() - SHOWN_FOR)
    return Page(items=[_removed_out(each) for each in removed], next=None)


@router.post("/cameras/{camera_id}/masks", status_code=201, openapi_extra=audited(Act.MASK_CREATED))
async def add_mask(
    request: Request, access: Writes, camera_id: uuid.UUID, body: MaskIn, idempotency_key: IdempotencyKey = None
) -> MaskOut:
    """Add a mask. The worker applies it within a heartbeat, before models, live view and snapshots."""
    who = access.principal
    polygon = check_polygon(body.polygon)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> MaskOut:
            camera = await cameras.get_camera(connection, camera_id, lock=True)
            if len(await repository.list_masks(connection, camera_id)) >= repository.MOST_MASKS:
                raise BadInputError(f"A camera has at most {repository.MOST_MASKS} masks; remove one first.")
            mask = Mask(new_id(), camera.store_id, camera_id, body.name, polygon, now())
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_mask(connection, who.chain_id, mask)
            await _audit(connection, Act.MASK_CREATED, who, mask)
            return _out(mask)

        return await once(connection, who.id, idempotency_key, f"POST /cameras/{camera_id}/masks", body, make, MaskOut)


@router.patch("/cameras/{camera_id}/masks/{mask_id}", openapi_extra=audited(Act.MASK_CHANGED))
async def change_mask(request: Request, access: Writes, camera_id: uuid.UUID, mask_id: uuid.UUID, body: MaskChange) -> MaskOut:
    """Change name or outline."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        mask = await repository.get_mask(connection, camera_id, mask_id, lock=True)
        changed = dataclasses.replace(
            mask,
            name=mask.name if body.name is None else body.name,
            polygon=mask.polygon if body.polygon is None else check_polygon(body.polygon),
        )
        await repository.change_mask(connection, changed)
        await _audit(connection, Act.MASK_CHANGED, access.principal, changed, before=mask)
    return _out(changed)


@router.delete("/cameras/{camera_id}/masks/{mask_id}", status_code=204, openapi_extra=audited(Act.MASK_REMOVED))
async def remove_mask(request: Request, access: Writes, camera_id: uuid.UUID, mask_id: uuid.UUID) -> None:
    """Remove a mask: what it covered is seen again from the next heartbeat on. Audited and shown for 90 days."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        mask = await repository.get_mask(connection, camera_id, mask_id, lock=True)
        await repository.remove_mask(connection, mask_id, access.principal.id, now())
        await _audit(connection, Act.MASK_REMOVED, access.principal, mask)


async def _audit(connection: TenantConnection, act: Act, who: Principal, mask: Mask, before: Mask | None = None) -> None:
    details = {"polygon": _outline(mask)} | ({} if before is None else {"before": _outline(before)})
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, mask.store_id, "mask", mask.id, details)
    await audit.append(connection, entry)


def _outline(mask: Mask) -> list[list[float]]:
    return [list(point) for point in mask.polygon]


def _removed_out(removed: RemovedMask) -> RemovedMaskOut:
    mask = removed.mask
    return RemovedMaskOut(
        id=mask.id,
        camera_id=mask.camera_id,
        name=mask.name,
        polygon=list(mask.polygon),
        removed_at=removed.removed_at,
        removed_by=removed.removed_by,
    )
