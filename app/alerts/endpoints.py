"""`/api/v1/alerts`: the shared queue."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.alerts import repository, service
from app.alerts.lifecycle import AlertAct
from app.alerts.models import Alert, AlertState, Outcome, alert_body
from app.alerts.repository import AlertFilter
from app.audit.models import ALERTS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.behaviour.findings import Threat
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.kit.problems import Problem

router = guarded_router("alerts")
Reads = Annotated[Access, require(Permission.ALERTS_READ)]
Handles = Annotated[Access, require(Permission.ALERTS_HANDLE)]
CONFLICT: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "Somebody else was there first; `by` and `at` say who and when"}
}


class HandlerOut(BaseModel):
    """A user who did something to an alert."""

    id: uuid.UUID
    username: str


class AlertOut(BaseModel):
    """One alert; live messages carry the same body."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    zone_id: uuid.UUID | None
    kind: str
    threat: Threat
    state: AlertState
    score: float = Field(description="What the rule measured.")
    threshold: float = Field(description="From where on it raises, in the same unit.")
    explanation: dict[str, Any] = Field(description="The rule's own plain values.")
    track_ids: list[str] = Field(description="As text: 64 bits.")
    epoch: int
    started_at: datetime
    ended_at: datetime
    raised_at: datetime
    changed_at: datetime
    claimed_by: HandlerOut | None
    claimed_at: datetime | None
    acknowledged_by: HandlerOut | None
    acknowledged_at: datetime | None
    resolved_by: HandlerOut | None
    resolved_at: datetime | None
    outcome: str | None


class ActIn(BaseModel):
    """How to act; all of it may be left out."""

    model_config = ConfigDict(extra="forbid")

    take_over: bool = Field(default=False, description="Act although somebody else claimed it.")


class ResolveIn(ActIn):
    """What the alert turned out to be."""

    outcome: Outcome = Outcome.HANDLED


def alert_out(alert: Alert) -> AlertOut:
    """An alert as the API shows it: exactly `alert_body`."""
    return AlertOut.model_validate(alert_body(alert))


@router.get("/alerts", openapi_extra=unaudited(ALERTS_SHOWN))
async def list_alerts(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    camera_id: uuid.UUID | None = None,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    state: Annotated[list[AlertState] | None, Query(description="May be given more than once.", max_length=10)] = None,
    since: Annotated[AwareDatetime | None, Query(description="Raised at or after.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AlertOut]:
    """Alerts, newest first."""
    before = decode_cursor(cursor)
    wanted = AlertFilter(store_id, camera_id, kind, tuple(state or ()), since)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        alerts = await repository.list_alerts(connection, wanted, before, limit)
    shown, following = cut(alerts, limit, lambda alert: (alert.raised_at, alert.id))
    return Page(items=[alert_out(alert) for alert in shown], next=following)


@router.get("/alerts/{alert_id}", openapi_extra=unaudited(ALERTS_SHOWN))
async def get_alert(request: Request, access: Reads, alert_id: uuid.UUID) -> AlertOut:
    """One alert."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return alert_out(await repository.get_alert(connection, alert_id))


@router.post("/alerts/{alert_id}/claim", responses=CONFLICT, openapi_extra=audited(Act.ALERT_CLAIMED))
async def claim_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: ActIn | None = None) -> AlertOut:
    """Take the alert: others see that somebody is on it."""
    return await _act(request, access, alert_id, AlertAct.CLAIM, body)


@router.post("/alerts/{alert_id}/acknowledge", responses=CONFLICT, openapi_extra=audited(Act.ALERT_ACKNOWLEDGED))
async def acknowledge_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: ActIn | None = None) -> AlertOut:
    """Say that the alert was seen to; a second time by the same user changes nothing."""
    return await _act(request, access, alert_id, AlertAct.ACKNOWLEDGE, body)


@router.post("/alerts/{alert_id}/resolve", responses=CONFLICT, openapi_extra=audited(Act.ALERT_RESOLVED))
async def resolve_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: ResolveIn | None = None) -> AlertOut:
    """Close the alert with what it turned out to be."""
    return await _act(request, access, alert_id, AlertAct.RESOLVE, body)


async def _act(request: Request, access: Access, alert_id: uuid.UUID, act: AlertAct, body: ActIn | None) -> AlertOut:
    outcome = body.outcome if isinstance(body, ResolveIn) else Outcome.HANDLED
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        alert = await service.act_on_alert(
            connection,
            access.principal,
            alert_id,
            act,
            now(),
            outcome=outcome,
            take_over=body is not None and body.take_over,
        )
    return alert_out(alert)
