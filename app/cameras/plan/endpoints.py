"""`/api/v1/stores/{id}/floor-plan`: the plan, its picture, and where cameras hang on it."""

import asyncio
import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Request, Response
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.cameras.plan import repository
from app.cameras.plan.models import LARGEST_UPLOAD, MOST_PLACES, CameraPlace, FloorPlan, check_places, normalised
from app.cameras.repository import strangers_to
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import ConflictError, NotFoundError
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.repository import demand_store

router = guarded_router("floor plan")
Reads = Annotated[Access, require(Permission.CAMERAS_READ)]
Writes = Annotated[Access, require(Permission.CAMERAS_WRITE)]
Share = Annotated[FiniteFloat, Field(ge=0, le=1)]
_BINARY = {"schema": {"type": "string", "format": "binary"}}
PICTURE_BODY = {"requestBody": {"required": True, "content": {"image/jpeg": _BINARY, "image/png": _BINARY}}}


class CameraPlaceIn(BaseModel):
    """Where a camera hangs, and what of the floor it sees."""

    model_config = ConfigDict(extra="forbid")

    camera_id: uuid.UUID
    x: Share = Field(description="In 0..1 of the plan's width, from the left.")
    y: Share = Field(description="In 0..1 of the plan's height, from the top.")
    heading_deg: FiniteFloat = Field(ge=0, lt=360, description="Where it looks, clockwise from the top of the plan.")
    view_deg: FiniteFloat = Field(ge=5, le=360, description="Opening of its cone; 360 for a fisheye.")
    reach: FiniteFloat = Field(ge=0.01, le=1, description="Length of its cone as a share of the plan's width.")


class CameraPlaceOut(BaseModel):
    """Where a camera hangs, and what of the floor it sees."""

    camera_id: uuid.UUID
    x: float
    y: float
    heading_deg: float
    view_deg: float
    reach: float


class PlanPictureOut(BaseModel):
    """Pixels of the picture as kept, and a name that changes with it."""

    width: int
    height: int
    sha256: str


class FloorPlanIn(BaseModel):
    """Where all cameras hang: one that is not named is on the plan no more."""

    model_config = ConfigDict(extra="forbid")

    revision: int = Field(ge=1, le=2**31 - 1, description="Of the plan that this was drawn on; another one is a conflict.")
    width_m: FiniteFloat | None = Field(ge=1, le=2000, description="Metres of floor that the picture is wide; null: not known.")
    cameras: list[CameraPlaceIn] = Field(max_length=MOST_PLACES)


class FloorPlanOut(BaseModel):
    """A store's plan; without a picture there is none yet, and its revision is 0."""

    store_id: uuid.UUID
    revision: int
    picture: PlanPictureOut | None
    width_m: float | None
    cameras: list[CameraPlaceOut]
    changed_at: datetime | None


@router.get("/stores/{store_id}/floor-plan", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_floor_plan(request: Request, access: Reads, store_id: uuid.UUID) -> FloorPlanOut:
    """The plan without its picture."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        return _out(store_id, await repository.find_plan(connection, store_id))


@router.get(
    "/stores/{store_id}/floor-plan/picture",
    response_class=Response,
    responses={200: {"content": {"image/webp": {}}}},
    openapi_extra=unaudited(SETTINGS_SHOWN),
)
async def get_floor_plan_picture(request: Request, access: Reads, store_id: uuid.UUID) -> Response:
    """The picture, WebP."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        webp = await repository.read_picture(connection, store_id)
    return Response(webp, media_type="image/webp", headers={"Cache-Control": "private, no-cache"})


@router.put(
    "/stores/{store_id}/floor-plan/picture",
    openapi_extra=PICTURE_BODY | audited(Act.FLOOR_PLAN_DRAWN),
    max_body_size=LARGEST_UPLOAD,
)
async def put_floor_plan_picture(request: Request, access: Writes, store_id: uuid.UUID) -> FloorPlanOut:
    """Upload the plan (JPEG or PNG, 12 MB at most). It is stored anew, without the file's own notes; cameras stay in place."""
    postgres, who = backends(request).postgres, access.principal
    async with tenant_transaction(postgres, access.scope) as connection:
        await demand_store(connection, store_id)  # before the work of decoding
    picture = await asyncio.to_thread(normalised, await request.body())
    async with tenant_transaction(postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
        await repository.put_picture(connection, who.chain_id, store_id, picture, now())
        details = {"sha256": picture.sha256.hex(), "width": picture.width, "height": picture.height}
        await _audit(connection, Act.FLOOR_PLAN_DRAWN, who, store_id, details)
        return _out(store_id, await repository.find_plan(connection, store_id))


@router.put("/stores/{store_id}/floor-plan", openapi_extra=audited(Act.FLOOR_PLAN_CHANGED))
async def put_floor_plan(request: Request, access: Writes, store_id: uuid.UUID, body: FloorPlanIn) -> FloorPlanOut:
    """Say where all cameras hang. 409 where somebody else changed the plan meanwhile: nothing of theirs is lost."""
    who = access.principal
    places = [CameraPlace(**each.model_dump()) for each in body.cameras]
    check_places(places)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        plan = await repository.find_plan(connection, store_id, lock=True)
        if plan is None:
            raise repository.no_such_plan()
        if plan.revision != body.revision:
            raise ConflictError("Somebody else changed the plan meanwhile; look at theirs and change it again.")
        if await strangers_to(connection, store_id, [each.camera_id for each in places]):
            raise NotFoundError("One of these is no camera of this store.")
        assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
        await repository.place_cameras(connection, who.chain_id, plan, places, body.width_m, now())
        await _audit(connection, Act.FLOOR_PLAN_CHANGED, who, store_id, {"cameras": len(places), "width_m": body.width_m})
        return _out(store_id, await repository.find_plan(connection, store_id))


@router.delete("/stores/{store_id}/floor-plan", status_code=204, openapi_extra=audited(Act.FLOOR_PLAN_REMOVED))
async def remove_floor_plan(request: Request, access: Writes, store_id: uuid.UUID) -> None:
    """Take the picture away, and with it where cameras hang; the cameras themselves stay."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        if await repository.find_plan(connection, store_id, lock=True) is None:
            raise repository.no_such_plan()
        await repository.remove_plan(connection, store_id)
        await _audit(connection, Act.FLOOR_PLAN_REMOVED, access.principal, store_id, {})


def _out(store_id: uuid.UUID, plan: FloorPlan | None) -> FloorPlanOut:
    if plan is None:
        return FloorPlanOut(store_id=store_id, revision=0, picture=None, width_m=None, cameras=[], changed_at=None)
    return FloorPlanOut(
        store_id=store_id,
        revision=plan.revision,
        picture=PlanPictureOut(width=plan.width, height=plan.height, sha256=plan.sha256.hex()),
        width_m=plan.width_m,
        cameras=[CameraPlaceOut.model_validate(each, from_attributes=True) for each in plan.places],
        changed_at=plan.changed_at,
    )


async def _audit(connection: TenantConnection, act: Act, who: Principal, store_id: uuid.UUID, details: dict[str, Any]) -> None:
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "floor-plan", store_id, details)
    await audit.append(connection, entry)
