"""`/api/v1/alerts`: the shared queue."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.alerts import repository, service
from app.alerts.lifecycle import AlertAct, How
from app.alerts.models import Alert, AlertState, EscalationLevel, LookState, Outcome, alert_body
from app.alerts.repository import AlertFilter
from app.audit.models import ALERTS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.behaviour.findings import Threat
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import ForbiddenError
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


class SecondLookNoteOut(BaseModel):
    """What a vision model drafted about an alert; never a decision."""

    state: LookState
    verdict: str | None
    summary: str | None
    lowers: bool = Field(description="It does not support the alert: others may be looked at first.")


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
    occurrences: int = Field(description="Occurrences of the same kind and place that this alert stands for.")
    waiting_since: datetime | None = Field(description="Since when nobody is on it.")
    claimed_by: HandlerOut | None
    claimed_at: datetime | None
    acknowledged_by: HandlerOut | None
    acknowledged_at: datetime | None
    resolved_by: HandlerOut | None
    resolved_at: datetime | None
    outcome: str | None
    escalation_level: EscalationLevel
    escalated_to: list[uuid.UUID] = Field(description="Who was on duty there; none: everybody of that level.")
    escalated_by: HandlerOut | None = Field(description="Null where nobody reacted in time.")
    escalated_at: datetime | None
    snoozed_by: HandlerOut | None
    snoozed_until: datetime | None
    snooze_reason: str | None
    revision: int
    group_id: uuid.UUID | None = Field(description="The first of those that came one soon after another.")

    second_look: SecondLookNoteOut | None = Field(description="Null where the store has none.")


class OccurrenceOut(BaseModel):
    """Something more of the same that joined an alert instead of raising one."""

    model_config = ConfigDict(from_attributes=True)

    id: uuid.UUID
    started_at: datetime | None
    joined_at: datetime


class ActIn(BaseModel):
    """How to act; all of it may be left out."""

    model_config = ConfigDict(extra="forbid")

    take_over: bool = Field(default=False, description="Act although somebody else claimed it.")


class OutcomeIn(ActIn):
    """What the alert turned out to be; may be left out."""

    outcome: Outcome | None = Field(default=None, description="Resolving without one keeps the earlier one, else `unknown`.")


class SnoozeIn(ActIn):
    """Until when nobody needs to look, and why."""

    until: AwareDatetime = Field(description="Within the next 24 hours.")
    reason: str = Field(min_length=1, max_length=500)


class SeenIn(BaseModel):
    """Alerts that were shown to the caller."""

    model_config = ConfigDict(extra="forbid")

    alert_ids: list[uuid.UUID] = Field(max_length=500)


class SeenOut(BaseModel):
    """Which of the asked alerts the caller has seen."""

    alert_ids: list[uuid.UUID]


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
    group_id: Annotated[uuid.UUID | None, Query(description="Of one group.")] = None,
    threat: Annotated[Threat | None, Query(description="Of this threat.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[AlertOut]:
    """Alerts, newest first."""
    before = decode_cursor(cursor)
    wanted = AlertFilter(store_id, camera_id, kind, tuple(state or ()), since, group_id, threat)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        alerts = await repository.list_alerts(connection, wanted, before, limit)
    shown, following = cut(alerts, limit, lambda alert: (alert.raised_at, alert.id))
    return Page(items=[alert_out(alert) for alert in shown], next=following)


@router.get("/alerts/seen", openapi_extra=unaudited("it shows what one has looked at oneself"))
async def list_seen(
    request: Request, access: Reads, alert_id: Annotated[list[uuid.UUID], Query(max_length=500, description="Asked about.")]
) -> SeenOut:
    """Which of these alerts the caller has seen."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return SeenOut(alert_ids=await repository.seen_by(connection, access.principal.id, alert_id))


@router.post("/alerts/seen", status_code=204, openapi_extra=unaudited("what a person has looked at in a list is no act"))
async def mark_seen(request: Request, access: Reads, body: SeenIn) -> None:
    """Note what the caller has seen; ids that are not there are passed over."""
    who = access.principal
    if who.session_id is None or who.chain_id is None:
        raise ForbiddenError("People see alerts, API keys do not.")
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.mark_seen(connection, who.chain_id, who.id, body.alert_ids)


@router.get("/alerts/{alert_id}", openapi_extra=unaudited(ALERTS_SHOWN))
async def get_alert(request: Request, access: Reads, alert_id: uuid.UUID) -> AlertOut:
    """One alert."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return alert_out(await repository.get_alert(connection, alert_id))


@router.get("/alerts/{alert_id}/occurrences", openapi_extra=unaudited(ALERTS_SHOWN))
async def list_occurrences(request: Request, access: Reads, alert_id: uuid.UUID) -> Page[OccurrenceOut]:
    """What joined the alert: the same kind and place again, soon after; oldest first, at most 500."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await repository.get_alert(connection, alert_id)
        found = await repository.occurrences_of(connection, alert_id)
    return Page(items=[OccurrenceOut.model_validate(each) for each in found], next=None)


@router.post("/alerts/{alert_id}/claim", responses=CONFLICT, openapi_extra=audited(Act.ALERT_CLAIMED))
async def claim_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: ActIn | None = None) -> AlertOut:
    """Take the alert: others see that somebody is on it."""
    return await _act(request, access, alert_id, AlertAct.CLAIM, _how(body))


@router.post("/alerts/{alert_id}/acknowledge", responses=CONFLICT, openapi_extra=audited(Act.ALERT_ACKNOWLEDGED))
async def acknowledge_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: OutcomeIn | None = None) -> AlertOut:
    """Say that the alert was seen to, and what it was; a second time by the same user changes nothing but the outcome."""
    return await _act(request, access, alert_id, AlertAct.ACKNOWLEDGE, _how(body))


@router.post("/alerts/{alert_id}/snooze", responses=CONFLICT, openapi_extra=audited(Act.ALERT_SNOOZED))
async def snooze_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: SnoozeIn) -> AlertOut:
    """Let the alert sleep; it comes back by itself."""
    how = How(take_over=body.take_over, until=body.until, reason=body.reason)
    return await _act(request, access, alert_id, AlertAct.SNOOZE, how)


@router.post("/alerts/{alert_id}/escalate", responses=CONFLICT, openapi_extra=audited(Act.ALERT_ESCALATED))
async def escalate_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: ActIn | None = None) -> AlertOut:
    """Hand the alert to the next level: area, then operations centre."""
    return await _act(request, access, alert_id, AlertAct.ESCALATE, _how(body))


@router.post("/alerts/{alert_id}/resolve", responses=CONFLICT, openapi_extra=audited(Act.ALERT_RESOLVED))
async def resolve_alert(request: Request, access: Handles, alert_id: uuid.UUID, body: OutcomeIn | None = None) -> AlertOut:
    """Close the alert with what it turned out to be."""
    return await _act(request, access, alert_id, AlertAct.RESOLVE, _how(body))


@router.post("/alerts/{alert_id}/reopen", responses=CONFLICT, openapi_extra=audited(Act.ALERT_REOPENED))
async def reopen_alert(request: Request, access: Handles, alert_id: uuid.UUID) -> AlertOut:
    """Put an acknowledged or resolved alert back into the queue; its outcome is taken back."""
    return await _act(request, access, alert_id, AlertAct.REOPEN, How())


def _how(body: ActIn | None) -> How:
    outcome = body.outcome if isinstance(body, OutcomeIn) else None
    return How(outcome=outcome, take_over=body is not None and body.take_over)


async def _act(request: Request, access: Access, alert_id: uuid.UUID, act: AlertAct, how: How) -> AlertOut:
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return alert_out(await service.act_on_alert(connection, access.principal, alert_id, act, now(), how))
