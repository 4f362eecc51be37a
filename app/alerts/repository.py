"""The queue's view of alerts: read, lock, change; and the outbox row that tells the live viewers."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from app.alerts.models import Alert, AlertState, EscalationLevel, Handler, LookState, SecondLook, alert_message
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
    "occurrences",
    "waiting_since",
    "escalated_at",
    "snoozed_until",
    "snooze_reason",
    "revision",
)
_HANDLERS = ("claimed_by", "acknowledged_by", "resolved_by", "escalated_by", "snoozed_by")
_COLUMNS = ", ".join(
    [f"a.{name}" for name in (*_PLAIN, "threat", "state", "track_ids", "escalation_level", "escalated_to", *_HANDLERS)]
    + ["coalesce(a.group_id, a.id) AS group_id"]
    + [
        "(SELECT jsonb_build_object('state', l.state, 'verdict', l.verdict, 'summary', l.summary) FROM second_looks l"
        " WHERE l.alert_id = a.id) AS second_look"
    ]
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
    group_id: uuid.UUID | None = None
    threat: Threat | None = None


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An occurrence that joined an alert."""

    id: uuid.UUID
    started_at: datetime | None
    joined_at: datetime


MOST_OCCURRENCES = 500


def _handler(row: "asyncpg.Record", name: str) -> Handler | None:
    return None if row[name] is None else Handler(row[name], row[f"{name}_name"] or "somebody")


def _second_look(found: dict[str, str | None] | None) -> SecondLook | None:
    if found is None:
        return None
    verdict = found["verdict"]
    return SecondLook(LookState(found["state"] or ""), verdict, found["summary"], verdict == "does-not-support")


def _alert(row: "asyncpg.Record") -> Alert:
    return Alert(
        **{name: row[name] for name in _PLAIN},
        threat=Threat(row["threat"]),
        state=AlertState(row["state"]),
        track_ids=tuple(int(track_id) for track_id in row["track_ids"]),
        group_id=row["group_id"],
        second_look=_second_look(row["second_look"]),
        escalation_level=EscalationLevel(row["escalation_level"]),
        escalated_to=tuple(row["escalated_to"]),
        claimed_by=_handler(row, "claimed_by"),
        acknowledged_by=_handler(row, "acknowledged_by"),
        resolved_by=_handler(row, "resolved_by"),
        escalated_by=_handler(row, "escalated_by"),
        snoozed_by=_handler(row, "snoozed_by"),
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
        " AND ($9::uuid IS NULL OR a.group_id = $9 OR a.id = $9) AND ($10::text IS NULL OR a.threat = $10)"
        " ORDER BY a.raised_at DESC, a.id DESC LIMIT $8",
        wanted.store_id,
        wanted.camera_id,
        wanted.kind,
        [state.value for state in wanted.states],
        wanted.since,
        *(before or (None, None)),
        limit + 1,
        wanted.group_id,
        None if wanted.threat is None else wanted.threat.value,
    )
    return [_alert(row) for row in rows]


async def occurrences_of(connection: TenantConnection, alert_id: uuid.UUID) -> list[Occurrence]:
    """What joined an alert, oldest first, at most `MOST_OCCURRENCES` of the newest."""
    rows = await connection.fetch(
        "SELECT id, started_at, joined_at FROM alert_occurrences WHERE alert_id = $1 ORDER BY joined_at DESC, id LIMIT $2",
        alert_id,
        MOST_OCCURRENCES,
    )
    return [Occurrence(*row) for row in reversed(rows)]


async def get_alert(connection: TenantConnection, alert_id: uuid.UUID) -> Alert:
    """One alert in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + "a.id = $1", alert_id)
    if row is None:
        raise NotFoundError("There is no such alert, or you may not see it.")
    return _alert(row)


async def alerts_among(connection: TenantConnection, alert_ids: Sequence[uuid.UUID]) -> list[Alert]:
    """Those of these alerts that are in scope, the oldest act first."""
    rows = await connection.fetch(_SELECT + "a.id = ANY ($1) ORDER BY a.started_at, a.id", list(alert_ids))
    return [_alert(row) for row in rows]


async def change_alert(connection: TenantConnection, expected: int, alert: Alert) -> bool:
    """Store what people do to an alert if its revision is still `expected`; False when somebody was faster."""
    done: str = await connection.execute(
        "UPDATE alerts SET state = $2, claimed_by = $3, claimed_at = $4, acknowledged_by = $5, acknowledged_at = $6,"
        " resolved_by = $7, resolved_at = $8, outcome = $9, changed_at = greatest(changed_at, $10), revision = $11,"
        " waiting_since = $12, escalation_level = $13, escalated_to = $14, escalated_by = $15, escalated_at = $16,"
        " snoozed_by = $17, snoozed_until = $18, snooze_reason = $19 WHERE id = $1 AND revision = $20",
        alert.id,
        alert.state.value,
        _id(alert.claimed_by),
        alert.claimed_at,
        _id(alert.acknowledged_by),
        alert.acknowledged_at,
        _id(alert.resolved_by),
        alert.resolved_at,
        alert.outcome,
        alert.changed_at,
        alert.revision,
        alert.waiting_since,
        alert.escalation_level.value,
        list(alert.escalated_to),
        _id(alert.escalated_by),
        alert.escalated_at,
        _id(alert.snoozed_by),
        alert.snoozed_until,
        alert.snooze_reason,
        expected,
    )
    return done == "UPDATE 1"


def _id(handler: Handler | None) -> uuid.UUID | None:
    return None if handler is None else handler.id


async def touch(connection: TenantConnection, alert_id: uuid.UUID) -> None:
    """What is told of it now is newer than what was."""
    await connection.execute("UPDATE alerts SET changed_at = greatest(changed_at, now()) WHERE id = $1", alert_id)


async def tell_changed(connection: TenantConnection, chain_id: uuid.UUID, alert: Alert) -> None:
    """Tell the live viewers, in the transaction of the change."""
    await connection.execute(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, $4, $5)",
        new_id(),
        chain_id,
        alert.store_id,
        CHANGED,
        alert_message(alert),
    )


async def mark_seen(connection: TenantConnection, chain_id: uuid.UUID, user_id: uuid.UUID, alert_ids: list[uuid.UUID]) -> None:
    """Note that a user has seen these alerts; ids out of scope are passed over."""
    await connection.execute(
        "INSERT INTO alert_views (alert_id, user_id, chain_id, store_id)"
        " SELECT id, $2, $3, store_id FROM alerts WHERE id = ANY ($1) ON CONFLICT DO NOTHING",
        alert_ids,
        user_id,
        chain_id,
    )


async def seen_by(connection: TenantConnection, user_id: uuid.UUID, alert_ids: list[uuid.UUID]) -> list[uuid.UUID]:
    """Which of these a user has seen."""
    rows = await connection.fetch(
        "SELECT alert_id FROM alert_views WHERE user_id = $1 AND alert_id = ANY ($2)", user_id, alert_ids
    )
    return [row["alert_id"] for row in rows]
