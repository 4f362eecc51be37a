"""From the outbox to deliveries, in the transaction that takes a message off it: so none is told twice and none not at all."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from app.auth.permissions import Permission, Role, permissions_of
from app.behaviour.findings import Threat
from app.kit.ids import new_id
from app.notifications import metrics
from app.notifications.models import Happening, Occasion
from app.notifications.queue_repository import Connection, add_planned, routes_at
from app.notifications.routing import plan

READERS = tuple(role.value for role in Role if Permission.ALERTS_READ in permissions_of(role))
"""Roles whose people may be told of a store's alerts."""
_ALERT_FIELDS = ("kind", "state", "camera_id", "escalation_level")
_ESCALATIONS = uuid.UUID("6f0d2a56-6f0c-4c6b-9f0b-0d3a4f2a7c11")


@dataclass(frozen=True, slots=True)
class Told:
    """A message of the outbox."""

    id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    kind: str
    payload: Mapping[str, Any]
    trace_parent: str = ""


def happening_of(told: Told) -> Happening | None:
    """What channels may hear of a message; None where there is nothing for them. Pure."""
    if told.kind == Occasion.INCIDENT_CHANGED:
        incident = uuid.UUID(told.payload["incident_id"])
        message = {"state": told.payload.get("state")}
        return Happening(told.id, told.chain_id, told.store_id, Occasion.INCIDENT_CHANGED, None, incident, message)
    alert = told.payload.get("alert")
    if not isinstance(alert, Mapping) or "threat" not in alert:
        return None
    if told.kind == Occasion.ALERT_RAISED:
        return _of_alert(told, alert, Occasion.ALERT_RAISED, told.id, alert.get("started_at"))
    escalated_at = alert.get("escalated_at")
    if told.kind != "alert-changed" or alert.get("state") != "escalated" or not isinstance(escalated_at, str):
        return None
    # Whatever else is told of an escalated alert afterwards, this escalation is one cause.
    moment = datetime.fromisoformat(escalated_at)
    cause = uuid.uuid5(_ESCALATIONS, f"{alert['id']}|{moment.timestamp()}|{alert.get('escalation_level')}")
    return _of_alert(told, alert, Occasion.ALERT_ESCALATED, cause, escalated_at)


def _of_alert(told: Told, alert: Mapping[str, Any], occasion: Occasion, cause: uuid.UUID, at: Any) -> Happening:
    message = {name: alert[name] for name in _ALERT_FIELDS if name in alert} | {"at": at}
    called = frozenset(uuid.UUID(each) for each in alert.get("escalated_to") or ())
    places = (cause, told.chain_id, told.store_id, occasion)
    return Happening(*places, Threat(alert["threat"]), uuid.UUID(alert["id"]), message, called)


def _readable(told: Told) -> Happening | None:
    """A message that cannot be understood is nobody's notification, and must not hold up the live streams."""
    try:
        return happening_of(told)
    except (KeyError, ValueError, TypeError, AttributeError):
        metrics.unreadable.labels(told.kind).inc()
        return None


async def plan_messages(connection: "Connection[asyncpg.Record]", messages: Sequence[Told], at: datetime) -> int:
    """Queue what channels are told of these messages; how many deliveries are new."""
    understood = [(each, found) for each in messages if (found := _readable(each)) is not None]
    if not understood:
        return 0
    happenings = [found for _, found in understood]
    routes = await routes_at(connection, {each.store_id for each in happenings}, READERS)
    planned = [one for each in happenings for one in plan(each, routes[each.store_id], at, new_id)]
    added = await add_planned(connection, planned, {found.cause: each.trace_parent for each, found in understood})
    for each in planned:
        metrics.planned.labels(each.happening.occasion.value).inc()
    return added
