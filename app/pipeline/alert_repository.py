"""SQL of alerts as a checkpoint writes them: raised once, joined by what follows soon, kept up to date while the act goes on."""

import dataclasses
import uuid
from typing import Any

import asyncpg

from app.alerts.grouping import Earlier, place
from app.alerts.models import AlertState, alert_message
from app.kit.ids import new_id
from app.pipeline.incident_repository import join_incident
from app.pipeline.occurrences import AlertRow, changed_message
from app.pipeline.outbox_repository import Told, announce

Connection = asyncpg.pool.PoolConnectionProxy
MOST_TRACK_IDS = 64
_STORED = (
    "a.id, a.state, a.score, a.explanation, a.epoch, a.started_at, a.ended_at, a.raised_at, a.changed_at, a.occurrences,"
    " coalesce(a.group_id, a.id) AS group_id, a.threat, a.track_ids"
)
# Ids of another epoch mean nothing beside these.
_TRACKS = (
    "CASE WHEN a.epoch = {epoch} THEN ARRAY(SELECT DISTINCT unnest(a.track_ids || {tracks}) ORDER BY 1 DESC"
    f" LIMIT {MOST_TRACK_IDS}) ELSE {{tracks}} END"
)


async def raise_alerts(connection: "Connection[asyncpg.Record]", rows: list[AlertRow], raised: list[uuid.UUID]) -> None:
    """Insert what is new, or count it on the alert it joins; only that is announced. `raised` takes the new alerts' ids."""
    for row in sorted(rows, key=lambda each: (each.alert.started_at, each.alert.id)):
        there, earlier = await _look(connection, row)
        if there:
            continue
        found = place(earlier, row.alert.started_at, row.handling)
        if found.joins is not None:
            await _join(connection, row, found.joins)
        elif await _insert(connection, row, found.group):
            raised.append(row.alert.id)


async def _look(connection: "Connection[asyncpg.Record]", row: AlertRow) -> tuple[bool, Earlier | None]:
    """Whether the occurrence is there already, and the newest alert of the same camera, zone and kind.

    That is kept from changing until the transaction ends.
    """
    alert = row.alert
    found = await connection.fetchrow(
        "SELECT EXISTS (SELECT FROM alerts WHERE id = $5) OR EXISTS (SELECT FROM alert_occurrences WHERE id = $5) AS there,"
        " earlier.* FROM (VALUES (1)) AS always LEFT JOIN LATERAL ("
        "SELECT id, coalesce(group_id, id) AS group_id, state, ended_at FROM alerts WHERE camera_id = $1 AND kind = $2"
        " AND zone_id IS NOT DISTINCT FROM $3 AND raised_at > $4::timestamptz - interval '1 day'"
        " ORDER BY raised_at DESC, id DESC LIMIT 1 FOR UPDATE) AS earlier ON true",
        alert.camera_id,
        alert.kind,
        alert.zone_id,
        alert.raised_at,
        alert.id,
    )
    assert found is not None  # noqa: S101 - one row always
    if found["id"] is None:
        return found["there"], None
    return found["there"], Earlier(found["id"], found["group_id"], AlertState(found["state"]), found["ended_at"])


async def _join(connection: "Connection[asyncpg.Record]", row: AlertRow, alert_id: uuid.UUID) -> None:
    alert = row.alert
    await connection.execute(
        "INSERT INTO alert_occurrences (id, chain_id, store_id, alert_id, started_at) VALUES ($1, $2, $3, $4, $5)",
        alert.id,
        row.chain_id,
        alert.store_id,
        alert_id,
        alert.started_at,
    )
    tracks = _TRACKS.format(epoch="$4", tracks="$3::numeric[]")
    stored = await connection.fetchrow(
        "UPDATE alerts a SET occurrences = occurrences + 1, ended_at = greatest(ended_at, $2),"  # noqa: S608 - constants
        f" track_ids = {tracks}, epoch = $4,"
        " changed_at = greatest(changed_at, $5), score = greatest(score, $6),"
        f" explanation = CASE WHEN score < $6 THEN $7 ELSE explanation END WHERE id = $1 RETURNING {_STORED}",
        alert_id,
        alert.ended_at,
        list(alert.track_ids),
        alert.epoch,
        alert.raised_at,
        alert.score,
        alert.explanation,
    )
    if stored is not None:
        await announce(connection, "alert-changed", [_told(row, changed_message(row, dict(stored)))])


async def _insert(connection: "Connection[asyncpg.Record]", row: AlertRow, group_id: uuid.UUID | None) -> bool:
    alert = dataclasses.replace(row.alert, group_id=group_id or row.alert.id)
    message = _told(row, alert_message(alert))
    done: str = await connection.execute(
        "WITH written AS (INSERT INTO alerts (id, chain_id, store_id, camera_id, zone_id, kind, threat, score, threshold,"
        " explanation, track_ids, epoch, started_at, ended_at, raised_at, changed_at, group_id)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $15, $16) ON CONFLICT (id) DO NOTHING"
        " RETURNING chain_id, store_id) INSERT INTO outbox (id, chain_id, store_id, kind, payload, trace_parent)"
        " SELECT $17, chain_id, store_id, 'alert-raised', $18, $19 FROM written",
        alert.id,
        row.chain_id,
        alert.store_id,
        alert.camera_id,
        alert.zone_id,
        alert.kind,
        alert.threat.value,
        alert.score,
        alert.threshold,
        alert.explanation,
        list(alert.track_ids),
        alert.epoch,
        alert.started_at,
        alert.ended_at,
        alert.raised_at,
        group_id,
        new_id(),
        message.payload,
        message.trace_parent,
    )
    if done != "INSERT 0 1":
        return False
    await join_incident(connection, row)
    return True


def _told(row: AlertRow, message: dict[str, Any]) -> Told:
    return Told(row.chain_id, row.alert.store_id, message, row.trace_parent)


async def change_alerts(connection: "Connection[asyncpg.Record]", rows: list[AlertRow]) -> None:
    """Bring alerts of acts that go on up to date, whatever people have done with them meanwhile.

    An occurrence that joined an alert adds to it and takes nothing away.
    """
    tracks = _TRACKS.format(epoch="given.epoch", tracks="given.track_ids")
    updated = await connection.fetch(
        "WITH given AS (SELECT DISTINCT ON (coalesce(o.alert_id, g.id)) coalesce(o.alert_id, g.id) AS alert_id, g.*"  # noqa: S608
        " FROM jsonb_to_recordset($1) AS g(id uuid, score real, explanation jsonb, track_ids numeric[], epoch bigint,"
        " ended_at timestamptz, raised_at timestamptz) LEFT JOIN alert_occurrences o ON o.id = g.id"
        " ORDER BY coalesce(o.alert_id, g.id), g.ended_at DESC)"
        " UPDATE alerts a SET ended_at = greatest(a.ended_at, given.ended_at),"
        " score = CASE WHEN a.occurrences = 1 THEN given.score ELSE greatest(a.score, given.score) END,"
        " explanation = CASE WHEN a.occurrences = 1 OR given.score >= a.score THEN given.explanation ELSE a.explanation END,"
        f" track_ids = CASE WHEN a.occurrences = 1 THEN given.track_ids ELSE {tracks} END,"
        " epoch = given.epoch, changed_at = greatest(a.changed_at, given.raised_at)"
        f" FROM given WHERE a.id = given.alert_id RETURNING given.id AS told, {_STORED}",
        [_changing(row) for row in rows],
    )
    stored = {row["told"]: row for row in updated}
    await announce(
        connection,
        "alert-changed",
        [_told(row, changed_message(row, dict(found))) for row in rows if (found := stored.get(row.alert.id)) is not None],
    )


def _changing(row: AlertRow) -> dict[str, Any]:
    names = ("id", "score", "explanation", "epoch", "ended_at", "raised_at")
    return {name: getattr(row.alert, name) for name in names} | {"track_ids": list(row.alert.track_ids)}
