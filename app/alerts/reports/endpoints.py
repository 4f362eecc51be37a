"""`/api/v1/reports/{precision,threshold,alerts,response}`."""

import uuid
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.alerts.reports import repository
from app.alerts.reports.models import LEAST_JUDGED, Precision, suggest, wilson
from app.alerts.reports.repository import By, Span
from app.audit.models import ALERTS_SHOWN, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.behaviour.rules import RULES
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError
from app.kit.pages import Page
from app.kit.postgres import tenant_transaction

router = guarded_router("reports")
Reads = Annotated[Access, require(Permission.ALERTS_READ)]
LONGEST = timedelta(days=366)
USUAL = timedelta(days=30)
Since = Annotated[AwareDatetime | None, Query(description="Raised at or after; 30 days before `until` if left out.")]
Until = Annotated[AwareDatetime | None, Query(description="Raised before; now if left out. At most a year.")]


class PrecisionOut(BaseModel):
    """Share of right ones among the judged, null without any, with the interval of 95 % (Wilson)."""

    model_config = ConfigDict(from_attributes=True)

    right: int
    wrong: int
    precision: float | None
    low: float
    high: float


class OutcomesOut(PrecisionOut):
    """What became of the alerts of one kind, at one store or camera where that was asked for."""

    kind: str
    store_id: uuid.UUID | None
    camera_id: uuid.UUID | None
    unknown: int
    open: int = Field(description="Not judged yet.")


class ThresholdOut(BaseModel):
    """What outcomes say about a threshold. Setting it is a person's act: `PATCH /rules/{id}`."""

    parameter: str = Field(description="Of the kind's settings.")
    target: float
    judged: int
    present: PrecisionOut
    suggested: float | None = Field(
        description=f"Null: no threshold would have met the target, or fewer than {LEAST_JUDGED} judged."
    )
    kept: PrecisionOut | None
    lost_right: int = Field(description="Right alerts that would not have been raised.")
    spared_wrong: int


class AlertCountOut(BaseModel):
    """Alerts of one kind in one hour of a day, by the store's clock."""

    day: date
    hour: int
    kind: str
    alerts: int
    occurrences: int


class ResponseOut(BaseModel):
    """How fast somebody reacted to the alerts of one kind, and was done; seconds, null without any."""

    kind: str
    alerts: int
    reacted: int
    escalated: int
    reaction_p50_s: float | None
    reaction_p90_s: float | None
    end_p50_s: float | None
    end_p90_s: float | None


def span_of(since: AwareDatetime | None, until: AwareDatetime | None, store_id: uuid.UUID | None) -> Span:
    """What is asked about; BadInputError where it is no time, or more than a year."""
    end = until or now()
    begin = since or end - USUAL
    if not timedelta(0) < end - begin <= LONGEST:
        raise BadInputError("`since` comes before `until`, by at most a year.")
    return Span(begin, end, store_id)


@router.get("/reports/precision", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_precision(
    request: Request, access: Reads, by: By = "kind", store_id: uuid.UUID | None = None, since: Since = None, until: Until = None
) -> Page[OutcomesOut]:
    """How often alerts were right, by kind, and by store or camera too."""
    span = span_of(since, until, store_id)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await repository.outcomes(connection, span, by)
    return Page(items=[_outcomes(dict(row)) for row in rows], next=None)


@router.get("/reports/threshold", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_threshold(
    request: Request,
    access: Reads,
    kind: Annotated[str, Query(max_length=100)],
    target: Annotated[float, Query(gt=0, le=1, description="Precision that is wanted.")] = 0.9,
    store_id: uuid.UUID | None = None,
    camera_id: uuid.UUID | None = None,
    in_zone: Annotated[bool, Query(description="Of loitering: in zones, or on spots outside.")] = False,
    since: Since = None,
    until: Until = None,
) -> ThresholdOut:
    """The threshold that would have met a target precision."""
    span = span_of(since, until, store_id)
    loitering = kind == "loitering"
    if kind not in RULES:
        raise BadInputError("Only a rule about people has a threshold that outcomes can move.")
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await repository.judged(connection, span, kind, camera_id, in_zone if loitering else None)
    right = sum(each.right for each in found)
    best = suggest(found, target)
    return ThresholdOut(
        parameter=("zone_dwell_s" if in_zone else "spot_dwell_s") if loitering else "threshold",
        target=target,
        judged=len(found),
        present=_precision(wilson(right, len(found) - right)),
        suggested=None if best is None else round(best.threshold, 3),
        kept=None if best is None else _precision(best.kept),
        lost_right=0 if best is None else best.lost_right,
        spared_wrong=0 if best is None else best.spared_wrong,
    )


@router.get("/reports/alerts", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_alerts(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, since: Since = None, until: Until = None
) -> Page[AlertCountOut]:
    """How many alerts came, by day, hour and kind."""
    span = span_of(since, until, store_id)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await repository.counts(connection, span)
    return Page(items=[AlertCountOut(**dict(row)) for row in rows], next=None)


@router.get("/reports/response", openapi_extra=unaudited(ALERTS_SHOWN))
async def report_response(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, since: Since = None, until: Until = None
) -> Page[ResponseOut]:
    """How fast somebody reacted."""
    span = span_of(since, until, store_id)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await repository.response(connection, span)
    return Page(items=[ResponseOut(**dict(row)) for row in rows], next=None)


def _outcomes(row: dict[str, object]) -> OutcomesOut:
    found = wilson(int(str(row["right"])), int(str(row["wrong"])))
    return OutcomesOut.model_validate({**_precision(found).model_dump(), **row})


def _precision(found: Precision) -> PrecisionOut:
    return PrecisionOut.model_validate(found)
