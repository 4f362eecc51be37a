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


def _roles(permission: Permission) -> tuple[str, ...]:
    return tuple(role.value for role in Role if permission in permissions_of(role))


READERS = _roles(Permission.ALERTS_READ)
"""Roles whose people may be told of a store's alerts."""
READERS_OF = {
    Occasion.LEAD_RAISED: _roles(Permission.MATCHES_REVIEW),
    Occasion.MATCH_CONFIRMED: _roles(Permission.MATCHES_NAME),
}
"""The same for what is told of leads: who may compare, and who may learn who a confirmed match is. No message says who."""
_ALERT_FIELDS = ("kind", "state", "camera_id", "escalation_level")
_LEADS = uuid.UUID("3c1f7d0e-0a53-4a86-8f4e-5a2f6f8f1d55")
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
    if told.kind in ("match-raised", "match-changed"):
        return _of_lead(told)
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


def _of_lead(told: Told) -> Happening | None:
    """One lead is one cause for each of its two occasions: whatever else comes of it is told to nobody outside."""
    raised = told.kind == "match-raised"
    if not raised and told.payload.get("state") != "confirmed":
        return None
    occasion = Occasion.LEAD_RAISED if raised else Occasion.MATCH_CONFIRMED
    lead = uuid.UUID(str(told.payload["match_id"]))
    message, cause = {"camera_id": str(told.payload["camera_id"])}, uuid.uuid5(_LEADS, f"{lead}|{occasion.value}")
    # Somebody is in the store now, so it does not wait for the morning where the channel lets anything through.
    threat = Threat.MEDIUM if raised else Threat.HIGH
    return Happening(cause, told.chain_id, told.store_id, occasion, threat, lead, message)


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
    planned = []
    for readers in dict.fromkeys(READERS_OF.get(each.occasion, READERS) for each in happenings):
        of_these = [each for each in happenings if READERS_OF.get(each.occasion, READERS) == readers]
        routes = await routes_at(connection, {each.store_id for each in of_these}, readers)
        planned += [one for each in of_these for one in plan(each, routes[each.store_id], at, new_id)]
    added = await add_planned(connection, planned, {found.cause: each.trace_parent for each, found in understood})
    for each in planned:
        metrics.planned.labels(each.happening.occasion.value).inc()
    return added
