"""SQL of incidents, their alerts and what happened to them."""

import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.alerts import repository as alerts
from app.alerts.models import Alert, Handler
from app.contracts.tracked import SIMULATED_CODEC
from app.incidents.models import Entry, EntryKind, Incident, IncidentState
from app.kit.errors import BadInputError, NotFoundError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection

MOST_ALERTS = 100
MOST_ENTRIES = 1000
_SELECT = (
    "SELECT i.id, i.store_id, i.kind, i.title, i.description, i.state, i.loss_value, i.loss_currency, i.police_reference,"
    " i.conclusion, i.staff, i.opened_by, u.username AS opened_by_name, i.opened_at, i.changed_at, i.revision,"
    " i.opened_by_rule FROM incidents i LEFT JOIN users u ON u.id = i.opened_by WHERE "
)


def _incident(row: "asyncpg.Record") -> Incident:
    values = dict(row)
    name = values.pop("opened_by_name")
    opened_by = None if row["opened_by"] is None else Handler(row["opened_by"], name or "somebody")
    fixed = {"opened_by": opened_by, "staff": tuple(row["staff"]), "state": IncidentState(row["state"])}
    return Incident(**(values | fixed))


async def list_incidents(
    connection: TenantConnection,
    store_id: uuid.UUID | None,
    states: list[str],
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Incident]:
    """Incidents in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR i.store_id = $1) AND (cardinality($2::text[]) = 0 OR i.state = ANY ($2))"
        " AND ($3::timestamptz IS NULL OR (i.opened_at, i.id) < ($3, $4::uuid)) ORDER BY i.opened_at DESC, i.id DESC LIMIT $5",
        store_id,
        states,
        *(before or (None, None)),
        limit + 1,
    )
    return [_incident(row) for row in rows]


async def get_incident(connection: TenantConnection, incident_id: uuid.UUID, *, lock: bool = False) -> Incident:
    """One incident in scope; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + "i.id = $1" + (" FOR UPDATE OF i" if lock else ""), incident_id)
    if row is None:
        raise NotFoundError("There is no such incident, or you may not see it.")
    return _incident(row)


async def add_incident(connection: TenantConnection, chain_id: uuid.UUID, incident: Incident) -> None:
    """A new incident."""
    await connection.execute(
        "INSERT INTO incidents (id, chain_id, store_id, kind, title, description, opened_by, opened_at, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
        incident.id,
        chain_id,
        incident.store_id,
        incident.kind,
        incident.title,
        incident.description,
        None if incident.opened_by is None else incident.opened_by.id,
        incident.opened_at,
    )


async def change_incident(connection: TenantConnection, expected: int, incident: Incident) -> bool:
    """Store what may change if the revision is still `expected`; False when somebody was faster."""
    done: str = await connection.execute(
        "UPDATE incidents SET title = $2, description = $3, state = $4, loss_value = $5, loss_currency = $6,"
        " police_reference = $7, conclusion = $8, staff = $9, changed_at = $10, revision = $11 WHERE id = $1 AND revision = $12",
        incident.id,
        incident.title,
        incident.description,
        incident.state.value,
        incident.loss_value,
        incident.loss_currency,
        incident.police_reference,
        incident.conclusion,
        list(incident.staff),
        incident.changed_at,
        incident.revision,
        expected,
    )
    return done == "UPDATE 1"


async def add_entry(connection: TenantConnection, chain_id: uuid.UUID, incident: Incident, entry: Entry) -> None:
    """Note what happened, and tell the live viewers that the incident changed; its content is asked for by who may read it."""
    await connection.execute(
        "INSERT INTO incident_entries (id, incident_id, chain_id, store_id, kind, by_user, at, note, details)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entry.id,
        incident.id,
        chain_id,
        incident.store_id,
        entry.kind.value,
        None if entry.by is None else entry.by.id,
        entry.at,
        entry.note,
        entry.details,
    )
    message: dict[str, Any] = {"store_id": str(incident.store_id), "incident_id": str(incident.id), "state": incident.state}
    await connection.execute(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, 'incident-changed', $4)",
        new_id(),
        chain_id,
        incident.store_id,
        message,
    )


async def entries_of(connection: TenantConnection, incident_id: uuid.UUID) -> list[Entry]:
    """What happened, oldest first, at most `MOST_ENTRIES` of the newest."""
    rows = await connection.fetch(
        "SELECT e.id, e.kind, e.by_user, u.username, e.at, e.note, e.details FROM incident_entries e"
        " LEFT JOIN users u ON u.id = e.by_user WHERE e.incident_id = $1 ORDER BY e.at DESC, e.id DESC LIMIT $2",
        incident_id,
        MOST_ENTRIES,
    )
    return [
        Entry(
            row["id"],
            EntryKind(row["kind"]),
            None if row["by_user"] is None else Handler(row["by_user"], row["username"] or "somebody"),
            row["at"],
            row["note"],
            row["details"],
        )
        for row in reversed(rows)
    ]


async def alerts_of(connection: TenantConnection, incident_id: uuid.UUID) -> list[Alert]:
    """The joined alerts, the oldest act first."""
    rows = await connection.fetch(
        "SELECT alert_id FROM incident_alerts WHERE incident_id = $1 LIMIT $2", incident_id, MOST_ALERTS
    )
    return await alerts.alerts_among(connection, [row["alert_id"] for row in rows])


async def camera_names(connection: TenantConnection, cameras: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """What cameras are called, or were."""
    rows = await connection.fetch("SELECT id, name FROM cameras WHERE id = ANY($1::uuid[])", list(cameras))
    return {row["id"]: row["name"] for row in rows}


async def simulated_among(connection: TenantConnection, alert_ids: list[uuid.UUID]) -> frozenset[uuid.UUID]:
    """Those of the alerts that are about drawn figures: so says the stream that they came of."""
    rows = await connection.fetch(
        "SELECT a.id FROM alerts a WHERE a.id = ANY ($1::uuid[]) AND EXISTS (SELECT FROM stream_sessions s"
        " WHERE s.camera_id = a.camera_id AND s.epoch = a.epoch AND s.codec = $2)",
        alert_ids,
        SIMULATED_CODEC,
    )
    return frozenset(row["id"] for row in rows)


async def join_alert(connection: TenantConnection, chain_id: uuid.UUID, incident: Incident, alert_id: uuid.UUID) -> bool:
    """Join an alert of the same store; False where it is joined already.

    Raises:
        NotFoundError: no such alert; BadInputError: it is of another store, or there are too many.
    """
    alert = await alerts.get_alert(connection, alert_id)
    if alert.store_id != incident.store_id:
        raise BadInputError("This alert belongs to another store.")
    if await connection.fetchval("SELECT count(*) FROM incident_alerts WHERE incident_id = $1", incident.id) >= MOST_ALERTS:
        raise BadInputError(f"An incident takes {MOST_ALERTS} alerts; open another one.")
    done: str = await connection.execute(
        "INSERT INTO incident_alerts (incident_id, alert_id, chain_id, store_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        incident.id,
        alert_id,
        chain_id,
        incident.store_id,
    )
    return done == "INSERT 0 1"


async def part_alert(connection: TenantConnection, incident_id: uuid.UUID, alert_id: uuid.UUID) -> None:
    """Take an alert out; NotFoundError where it is not joined."""
    done = await connection.execute("DELETE FROM incident_alerts WHERE incident_id = $1 AND alert_id = $2", incident_id, alert_id)
    if done != "DELETE 1":
        raise NotFoundError("There is no such alert, or you may not see it.")


async def names_of(connection: TenantConnection, users: tuple[uuid.UUID, ...]) -> tuple[str, ...]:
    """The names of these users, sorted."""
    rows = await connection.fetch("SELECT username FROM users WHERE id = ANY ($1) ORDER BY username", list(users))
    return tuple(row["username"] for row in rows)


async def store_of(connection: TenantConnection, store_id: uuid.UUID) -> tuple[str, str]:
    """What the store is called, and its time zone."""
    row = await connection.fetchrow("SELECT name, timezone FROM stores WHERE id = $1", store_id)
    return ("", "UTC") if row is None else (row["name"], row["timezone"])
