"""SQL of the escalating loop: its lease, what waits, and each step by compare-and-set with its message and its audit row."""

import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from app.alerts.escalation import Step, Waiting
from app.alerts.models import AlertState, EscalationLevel
from app.alerts.rota.models import RotaEntry
from app.alerts.rota.repository import entry_of
from app.audit.models import Act, ActorKind
from app.behaviour.findings import Threat
from app.kit.ids import new_id
from app.kit.postgres import Pool
from app.pipeline.outbox_repository import Told, announce
from app.pipeline.transaction_repository import bounded_transaction

Connection = asyncpg.pool.PoolConnectionProxy
LEASE = timedelta(seconds=10)
# An alert may move if its snooze is over, its waiting lies in the future (a clock went back), or somebody above it could be due.
_DUE = """
SELECT a.id, a.chain_id, a.store_id, s.region_id, a.camera_id, a.kind, a.threat, a.state, a.epoch, a.track_ids, a.ended_at,
    a.changed_at, a.revision, a.waiting_since, a.escalation_level, a.snoozed_until
FROM alerts a JOIN stores s ON s.id = a.store_id
WHERE (a.state = 'snoozed' AND a.snoozed_until <= $1)
   OR (a.waiting_since IS NOT NULL AND a.state IN ('raised', 'escalated') AND a.escalation_level <> 'operations-centre'
       AND (a.waiting_since > $1 OR EXISTS (SELECT FROM rota_entries r WHERE r.chain_id = a.chain_id AND r.store_id IS NULL
            AND (r.region_id IS NULL OR (r.region_id = s.region_id AND a.escalation_level = 'store'))
            AND array_position(ARRAY['low', 'medium', 'high'], r.lowest_threat)
                <= array_position(ARRAY['low', 'medium', 'high'], a.threat)
            AND a.waiting_since + make_interval(secs => r.after_s) <= $1)))
ORDER BY coalesce(a.waiting_since, a.snoozed_until) LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An alert that time may move, and what its viewers must hear of it."""

    id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    region_id: uuid.UUID | None
    revision: int
    waiting: Waiting
    told: dict[str, Any]
    changed_at: datetime


@asynccontextmanager
async def leading(pool: "Pool[asyncpg.Record]", me: uuid.UUID) -> "AsyncIterator[Connection[asyncpg.Record] | None]":
    """A transaction of the one loop that holds the lease; None where another does. Rolled back if the block raises."""
    async with bounded_transaction(pool) as connection:
        held = await connection.fetchval(
            "UPDATE escalation_lease SET owner = $1, expires_at = now() + $2"
            " WHERE owner = $1 OR owner IS NULL OR expires_at < now() RETURNING true",
            me,
            LEASE,
        )
        yield connection if held else None


async def leave_lease(pool: "Pool[asyncpg.Record]", me: uuid.UUID) -> None:
    """Let the next loop begin at once."""
    async with pool.acquire(timeout=5) as connection:
        await connection.execute("UPDATE escalation_lease SET owner = NULL WHERE owner = $1", me)


async def candidates(connection: "Connection[asyncpg.Record]", at: datetime, most: int) -> list[Candidate]:
    """Alerts that time may move, those that wait longest first."""
    return [_candidate(row) for row in await connection.fetch(_DUE, at, most)]


def _candidate(row: "asyncpg.Record") -> Candidate:
    level = EscalationLevel(row["escalation_level"])
    waiting = Waiting(AlertState(row["state"]), Threat(row["threat"]), level, row["waiting_since"], row["snoozed_until"])
    told = {name: row[name] for name in ("id", "store_id", "camera_id", "kind", "threat", "epoch", "ended_at")}
    told["track_ids"] = [str(int(track_id)) for track_id in row["track_ids"]]
    places = (row["id"], row["chain_id"], row["store_id"], row["region_id"])
    return Candidate(*places, row["revision"], waiting, told, row["changed_at"])


async def rotas(connection: "Connection[asyncpg.Record]", chains: Sequence[uuid.UUID]) -> dict[uuid.UUID, list[RotaEntry]]:
    """Entries above the stores, by chain; without names, which this role may not read."""
    rows = await connection.fetch(
        "SELECT chain_id, id, store_id, region_id, user_id, '' AS username, days, starts, ends, timezone, after_s,"
        " lowest_threat, created_at FROM rota_entries WHERE chain_id = ANY ($1::uuid[]) AND store_id IS NULL",
        list(chains),
    )
    found: dict[uuid.UUID, list[RotaEntry]] = defaultdict(list)
    for row in rows:
        values = dict(row)
        found[values.pop("chain_id")].append(entry_of(values))  # type: ignore[arg-type]
    return found


async def take_step(connection: "Connection[asyncpg.Record]", alert: Candidate, step: Step, at: datetime) -> bool:
    """Write the step if nobody did anything to the alert meanwhile; False when somebody did."""
    done = await connection.fetchrow(
        "UPDATE alerts SET state = $3, escalation_level = $4, waiting_since = $5, changed_at = greatest(changed_at, $5),"
        " escalated_to = CASE WHEN $6 THEN $7::uuid[] ELSE escalated_to END,"
        " escalated_by = CASE WHEN $6 THEN NULL ELSE escalated_by END,"
        " escalated_at = CASE WHEN $6 THEN $5 ELSE escalated_at END, revision = revision + 1"
        " WHERE id = $1 AND revision = $2 RETURNING changed_at, revision",
        alert.id,
        alert.revision,
        step.state.value,
        step.level.value,
        step.waiting_since,
        step.escalates,
        list(step.to),
    )
    if done is None:
        return False
    changed = {"state": step.state, "escalation_level": step.level, "waiting_since": step.waiting_since, **dict(done)}
    if step.escalates:
        changed |= {"escalated_to": step.to, "escalated_by": None, "escalated_at": at}
    message = {"store_id": str(alert.store_id), "alert": alert.told | changed}
    await announce(connection, "alert-changed", [Told(alert.chain_id, alert.store_id, message)])
    if step.escalates or step.state is not alert.waiting.state:
        await _audit(connection, alert, step)
    return True


async def _audit(connection: "Connection[asyncpg.Record]", alert: Candidate, step: Step) -> None:
    act = Act.ALERT_ESCALATED if step.escalates else Act.ALERT_WOKEN
    details = {"from": alert.waiting.state.value, "to": step.state.value, "level": step.level.value}
    await connection.execute(
        "INSERT INTO audit_unsealed (id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details)"
        " VALUES ($1, $2, $3, $4, NULL, $5, 'alert', $6, $7)",
        new_id(),
        alert.chain_id,
        alert.store_id,
        ActorKind.SYSTEM.value,
        act.value,
        alert.id,
        details | {"called": [str(user) for user in step.to]},
    )
