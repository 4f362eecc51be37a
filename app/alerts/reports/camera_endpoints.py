"""`/api/v1/reports/{footfall,uptime,stores}`: what cameras saw, whether they did, and how every store stands."""

import uuid
from datetime import date, datetime, timedelta
from typing import Final

from fastapi import Request
from pydantic import BaseModel, Field

from app.alerts.reports import cameras
from app.alerts.reports.cameras import LEAST_FRAMES, Seen
from app.alerts.reports.endpoints import Reads, Since, Until, span_of
from app.audit.models import ALERTS_SHOWN, unaudited
from app.auth.access import guarded_router
from app.kit.backends import backends
from app.kit.errors import BadInputError
from app.kit.pages import Page
from app.kit.postgres import tenant_transaction

router = guarded_router("reports")
LONGEST_FOOTFALL: Final = timedelta(days=31)
"""Every track of the time is counted anew."""


class FootfallOut(BaseModel):
    """People seen in one hour, by the store's clock: tracks of one camera, so who passes two cameras counts twice."""

    day: date | None = Field(description="Null where asked by camera: all days together.")
    hour: int
    camera_id: uuid.UUID | None = Field(description="Null where asked by hour: all cameras together.")
    people: int = Field(description=f"Tracks of at least {LEAST_FRAMES} analysed pictures.")


class UptimeOut(BaseModel):
    """How long a camera that is switched on sent pictures."""

    camera_id: uuid.UUID
    store_id: uuid.UUID
    name: str
    asked_s: float = Field(description="Seconds asked about: since the camera was added, at the earliest.")
    up_s: float
    share: float = Field(description="0 to 1.")
    gaps: int = Field(description="Times without pictures, of a second or more.")
    longest_gap_s: float


class StoreStateOut(BaseModel):
    """How a store stands now."""

    store_id: uuid.UUID
    name: str
    cameras: int = Field(description="That are switched on.")
    live: int = Field(description="Of them, that send pictures.")
    open: int = Field(description="Alerts that nobody is done with.")
    high: int = Field(description="Of them, of high threat.")
    waiting_since: datetime | None = Field(description="Since when the longest waiting one has had nobody; null: none waits.")


@router.get("/reports/footfall", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_footfall(
    request: Request,
    access: Reads,
    by: Seen = "hour",
    store_id: uuid.UUID | None = None,
    since: Since = None,
    until: Until = None,
) -> Page[FootfallOut]:
    """How many people cameras saw, hour by hour; at most 31 days, by camera of one store. Figures only: no track, no picture."""
    span = span_of(since, until, store_id)
    if span.until - span.since > LONGEST_FOOTFALL:
        raise BadInputError("Footfall is counted over at most 31 days; ask for less.")
    if by != "hour" and store_id is None:
        raise BadInputError("Footfall by camera is counted for one store; name it.")
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await cameras.footfall(connection, span, by)
    return Page(items=[FootfallOut(**dict(row)) for row in rows], next=None)


@router.get("/reports/uptime", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_uptime(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, since: Since = None, until: Until = None
) -> Page[UptimeOut]:
    """How long each camera sent pictures, the worst first."""
    span = span_of(since, until, store_id)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await cameras.uptime(connection, span)
    return Page(
        items=[UptimeOut(**dict(row), share=min(1.0, row["up_s"] / max(row["asked_s"], 1e-6))) for row in rows], next=None
    )


@router.get("/reports/stores", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_stores(request: Request, access: Reads) -> Page[StoreStateOut]:
    """Every store that the caller may see, and how it stands."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await cameras.stores(connection)
    return Page(items=[StoreStateOut(**dict(row)) for row in rows], next=None)
