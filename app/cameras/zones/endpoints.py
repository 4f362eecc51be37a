"""`/api/v1/cameras/{id}/zones`."""

import dataclasses
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
from app.cameras.schemas import Name
from app.cameras.zones import repository
from app.cameras.zones.models import Zone, ZoneKind, check_outline
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.ids import new_id
from app.kit.pages import Page
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once

router = guarded_router("zones")
Reads = Annotated[Access, require(Permission.CAMERAS_READ)]
Writes = Annotated[Access, require(Permission.CAMERAS_WRITE)]
Polygon = Annotated[
    list[tuple[FiniteFloat, FiniteFloat]],
    Field(max_length=65, description="[x, y] points in 0..1 of the picture, x right, y down; two for a line."),
]


class ZoneIn(BaseModel):
    """A zone to add."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    kind: ZoneKind
    polygon: Polygon


class ZoneChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    kind: ZoneKind | None = None
    polygon: Polygon | None = None


class ZoneOut(BaseModel):
    """A zone of a camera."""

    id: uuid.UUID
    camera_id: uuid.UUID
    name: str
    kind: ZoneKind
    polygon: list[tuple[float, float]]
    created_at: datetime


def _out(zone: Zone) -> ZoneOut:
    return ZoneOut(
        id=zone.id,
        camera_id=zone.camera_id,
        name=zone.name,
        kind=zone.kind,
        polygon=list(zone.polygon),
        created_at=zone.created_at,
    )


@router.get("/cameras/{camera_id}/zones", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_zones(request: Request, access: Reads, camera_id: uuid.UUID) -> Page[ZoneOut]:
    """The zones of a camera, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await cameras.get_camera(connection, camera_id)
        zones = await repository.list_zones(connection, camera_id)
    return Page(items=[_out(zone) for zone in zones], next=None)


@router.post("/cameras/{camera_id}/zones", status_code=201, openapi_extra=audited(Act.ZONE_CREATED))
async def add_zone(
    request: Request, access: Writes, camera_id: uuid.UUID, body: ZoneIn, idempotency_key: IdempotencyKey = None
) -> ZoneOut:
    """Add a zone."""
    who = access.principal
    polygon = check_outline(body.kind, body.polygon)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ZoneOut:
            camera = await cameras.get_camera(connection, camera_id, lock=True)
            if len(await repository.list_zones(connection, camera_id)) >= repository.MOST_ZONES:
                raise BadInputError(f"A camera has at most {repository.MOST_ZONES} zones; remove one first.")
            zone = Zone(new_id(), camera.store_id, camera_id, body.name, body.kind, polygon, now())
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_zone(connection, who.chain_id, zone)
            await _audit(connection, Act.ZONE_CREATED, who, zone)
            return _out(zone)

        address = f"POST /cameras/{camera_id}/zones"
        return await once(connection, who.id, idempotency_key, address, body, make, ZoneOut)


@router.get("/cameras/{camera_id}/zones/{zone_id}", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_zone(request: Request, access: Reads, camera_id: uuid.UUID, zone_id: uuid.UUID) -> ZoneOut:
    """One zone."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _out(await repository.get_zone(connection, camera_id, zone_id))


@router.patch("/cameras/{camera_id}/zones/{zone_id}", openapi_extra=audited(Act.ZONE_CHANGED))
async def change_zone(request: Request, access: Writes, camera_id: uuid.UUID, zone_id: uuid.UUID, body: ZoneChange) -> ZoneOut:
    """Change name, kind or outline."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        zone = await repository.get_zone(connection, camera_id, zone_id, lock=True)
        kind = zone.kind if body.kind is None else body.kind
        changed = dataclasses.replace(
            zone,
            name=zone.name if body.name is None else body.name,
            kind=kind,
            polygon=check_outline(kind, zone.polygon if body.polygon is None else body.polygon),
        )
        await repository.change_zone(connection, changed)
        await _audit(connection, Act.ZONE_CHANGED, access.principal, changed)
    return _out(changed)


@router.delete("/cameras/{camera_id}/zones/{zone_id}", status_code=204, openapi_extra=audited(Act.ZONE_REMOVED))
async def remove_zone(request: Request, access: Writes, camera_id: uuid.UUID, zone_id: uuid.UUID) -> None:
    """Remove a zone. Alerts that name it stay."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        zone = await repository.get_zone(connection, camera_id, zone_id, lock=True)
        await repository.remove_zone(connection, zone_id, now())
        await _audit(connection, Act.ZONE_REMOVED, access.principal, zone)


async def _audit(connection: TenantConnection, act: Act, who: Principal, zone: Zone) -> None:
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, zone.store_id, "zone", zone.id))
