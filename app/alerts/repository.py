"""The queue's view of alerts: read, lock, change; and the outbox row that tells the live viewers."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.alerts.models import Alert, AlertState, Handler, alert_message
from app.behaviour.findings import Threat
from app.kit.errors import NotFoundError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection

CHANGED = "alert-changed"
_PLAIN = (
    "id",
    "store_id",
    "camera_id",
    "zone_id",
    "kind",
    "score",
    "threshold",
    "explanation",
    "epoch",
    "started_at",
    "ended_at",
    "raised_at",
    "changed_at",
    "claimed_at",
    "acknowledged_at",
    "resolved_at",
    "outcome",
)
_HANDLERS = ("claimed_by", "acknowledged_by", "resolved_by")
_COLUMNS = ", ".join(
    [f"a.{name}" for name in (*_PLAIN, "threat", "state", "track_ids", *_HANDLERS)]
    + [f"(SELECT u.username FROM users u WHERE u.id = a.{name}) AS {name}_name" for name in _HANDLERS]  # noqa: S608
)
_SELECT = f"SELECT {_COLUMNS} FROM alerts a WHERE "  # noqa: S608 - constants of this file


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What a list of alerts is narrowed to; None: not."""

    store_id: uuid.UUID | None = None
    camera_id: uuid.UUID | None = None
    kind: str | None = None
    states: tuple[AlertState, ...] = ()
    since: datetime | None = None


def _handler(row: "asyncpg.Record", name: str) -> Handler | None:
    return None if row[name] is None else Handler(row[name], row[f"{name}_name"] or "somebody")


def _alert(row: "asyncpg.Record") -> Alert:
    return Alert(
        **{name: row[name] for name in _PLAIN},
        threat=Threat(row["threat"]),
        state=AlertState(row["state"]),
        track_ids=tuple(int(track_id) for track_id in row["track_ids"]),
        claimed_by=_handler(row, "claimed_by"),
        acknowledged_by=_handler(row, "acknowledged_by"),
        resolved_by=_handler(row, "resolved_by"),
    )


async def list_alerts(
    connection: TenantConnection, wanted: AlertFilter, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Alert]:
    """Alerts in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR a.store_id = $1) AND ($2::uuid IS NULL OR a.camera_id = $2)"
        " AND ($3::text IS NULL OR a.kind = $3) AND (cardinality($4::text[]) = 0 OR a.state = ANY ($4))"
        " AND ($5::timestamptz IS NULL OR a.raised_at >= $5)"
        " AND ($6::timestamptz IS NULL OR (a.raised_at, a.id) < ($6, $7::uuid))"
        " ORDER BY a.raised_at DESC, a.id DESC LIMIT $8",
        wanted.store_id,
        wanted.camera_id,
        wanted.kind,
        [state.value for state in wanted.states],
        wanted.since,
        *(before or (None, None)),
        limit + 1,
    )
    return [_alert(row) for row in rows]


async def get_alert(connection: TenantConnection, alert_id: uuid.UUID, *, lock: bool = False) -> Alert:
    """One alert in scope; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + "a.id = $1" + (" FOR UPDATE OF a" if lock else ""), alert_id)
    if row is None:
        raise NotFoundError("There is no such alert, or you may not see it.")
    return _alert(row)


async def change_alert(connection: TenantConnection, chain_id: uuid.UUID, alert: Alert) -> None:
    """Store what people do to an alert, and tell the live viewers, in one transaction."""
    await connection.execute(
        "UPDATE alerts SET state = $2, claimed_by = $3, claimed_at = $4, acknowledged_by = $5, acknowledged_at = $6,"
        " resolved_by = $7, resolved_at = $8, outcome = $9, changed_at = $10 WHERE id = $1",
        alert.id,
        alert.state.value,
        alert.claimed_by and alert.claimed_by.id,
        alert.claimed_at,
        alert.acknowledged_by and alert.acknowledged_by.id,
        alert.acknowledged_at,
        alert.resolved_by and alert.resolved_by.id,
        alert.resolved_at,
        alert.outcome,
        alert.changed_at,
    )
    await connection.execute(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, $4, $5)",
        new_id(),
        chain_id,
        alert.store_id,
        CHANGED,
        alert_message(alert),
    )
