"""SQL of incidents that rules open: a new alert joins the case of its camera, or opens one where its rule says so."""

import uuid
from datetime import timedelta
from typing import Any

import asyncpg

from app.audit.models import Act, ActorKind
from app.behaviour.rules import RULES
from app.contracts.tracked import SIMULATED_CODEC
from app.incidents.models import EntryKind, IncidentState, seen
from app.incidents.repository import MOST_ALERTS
from app.kit.ids import new_id
from app.pipeline.occurrences import AlertRow
from app.pipeline.outbox_repository import Told, announce

Connection = asyncpg.pool.PoolConnectionProxy
FOLLOWS = timedelta(minutes=15)
"""An alert of the same camera that comes so soon after the last of a case belongs to it."""


async def join_incident(connection: "Connection[asyncpg.Record]", row: AlertRow) -> None:
    """Join a new alert to the open case that a rule opened for its camera; open one where the alert's rule says so.

    A camera's own trouble opens what it is told to, and follows no act of people.
    """
    case = await _open_case(connection, row) if row.alert.kind in RULES or row.handling.opens_incident else None
    if case is None:
        if not row.handling.opens_incident:
            return
        case = await _open(connection, row), IncidentState.OPEN
    incident_id, state = case
    await connection.execute(
        "INSERT INTO incident_alerts (incident_id, alert_id, chain_id, store_id) VALUES ($1, $2, $3, $4)",
        incident_id,
        row.alert.id,
        row.chain_id,
        row.alert.store_id,
    )
    await _note(connection, row, incident_id, EntryKind.ALERT_JOINED, {"alert_id": str(row.alert.id)}, state)


async def _open_case(connection: "Connection[asyncpg.Record]", row: AlertRow) -> tuple[uuid.UUID, IncidentState] | None:
    """The case is kept from changing until the transaction ends: nobody closes it meanwhile."""
    found = await connection.fetchrow(
        "SELECT i.id, i.state FROM incidents i WHERE i.camera_id = $1 AND i.store_id = $2 AND i.opened_by IS NULL"
        " AND i.opened_by_rule IS NOT NULL AND i.state <> 'closed'"
        " AND (SELECT count(*) FROM incident_alerts j WHERE j.incident_id = i.id) < $5"
        " AND EXISTS (SELECT FROM incident_alerts j JOIN alerts a ON a.id = j.alert_id"
        " WHERE j.incident_id = i.id AND a.ended_at >= $3::timestamptz - $4::interval)"
        " ORDER BY i.opened_at DESC, i.id DESC LIMIT 1 FOR UPDATE OF i",
        row.alert.camera_id,
        row.alert.store_id,
        row.alert.started_at,
        FOLLOWS,
        MOST_ALERTS,
    )
    return None if found is None else (found["id"], IncidentState(found["state"]))


async def _open(connection: "Connection[asyncpg.Record]", row: AlertRow) -> uuid.UUID:
    incident_id, alert = new_id(), row.alert
    simulated = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM stream_sessions WHERE camera_id = $1 AND epoch = $2 AND codec = $3)",
        alert.camera_id,
        alert.epoch,
        SIMULATED_CODEC,
    )
    await connection.execute(
        "INSERT INTO incidents (id, chain_id, store_id, kind, title, opened_by_rule, camera_id, opened_at, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $4, $6, $7, $7)",
        incident_id,
        row.chain_id,
        alert.store_id,
        alert.kind,
        seen(alert.kind, simulated=simulated),
        alert.camera_id,
        alert.raised_at,
    )
    await _note(connection, row, incident_id, EntryKind.OPENED, {"rule": alert.kind})
    return incident_id


async def _note(
    connection: "Connection[asyncpg.Record]",
    row: AlertRow,
    incident_id: uuid.UUID,
    kind: EntryKind,
    details: dict[str, Any],
    state: IncidentState = IncidentState.OPEN,
) -> None:
    """An entry of nobody, its live message and its audit row."""
    alert = row.alert
    await connection.execute(
        "INSERT INTO incident_entries (id, incident_id, chain_id, store_id, kind, at, details)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new_id(),
        incident_id,
        row.chain_id,
        alert.store_id,
        kind.value,
        alert.raised_at,
        details,
    )
    message = {"store_id": str(alert.store_id), "incident_id": str(incident_id), "state": state.value}
    await announce(connection, "incident-changed", [Told(row.chain_id, alert.store_id, message)])
    await connection.execute(
        "INSERT INTO audit_unsealed (id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details)"
        " VALUES ($1, $2, $3, $4, NULL, $5, 'incident', $6, $7)",
        new_id(),
        row.chain_id,
        alert.store_id,
        ActorKind.SYSTEM.value,
        (Act.INCIDENT_OPENED if kind is EntryKind.OPENED else Act.INCIDENT_ALERT_JOINED).value,
        incident_id,
        details,
    )
