"""SQL of second looks: what is due, the claim that one replica makes, what came of it, and the store's switch."""

import uuid
from dataclasses import dataclass
from typing import Any

import asyncpg

from app.alerts import repository as alerts
from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.dashboard.second_look.models import Looked
from app.kit.errors import NotFoundError
from app.kit.postgres import Pool, TenantConnection


@dataclass(frozen=True, slots=True)
class Due:
    """An alert that a second look is wanted for."""

    alert_id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    kind: str
    explanation: dict[str, Any]


async def due(pool: "Pool[asyncpg.Record]", most: int) -> list[Due]:
    """Of stores that switched it on: open alerts of the last half minute that nobody looked at, oldest first."""
    async with pool.acquire(timeout=5) as connection:
        return [Due(*row) for row in await connection.fetch("SELECT * FROM second_looks_due($1)", most)]


async def claim(connection: TenantConnection, alert: Due, model: str) -> bool:
    """Take it on; False where another replica has."""
    done: str = await connection.execute(
        "INSERT INTO second_looks (alert_id, chain_id, store_id, model) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        alert.alert_id,
        alert.chain_id,
        alert.store_id,
        model,
    )
    return done == "INSERT 0 1"


async def tokens_today(connection: TenantConnection, chain_id: uuid.UUID) -> int:
    """What the chain used since midnight UTC; the calls of one chain wait for each other here, so that none is forgotten."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"second-look {chain_id}")
    found: int = await connection.fetchval(
        "SELECT coalesce(sum(tokens), 0)::bigint FROM second_looks WHERE chain_id = $1"
        " AND asked_at >= date_trunc('day', now(), 'UTC')",
        chain_id,
    )
    return found


async def reserve(connection: TenantConnection, alert_id: uuid.UUID, tokens: int) -> None:
    """What a call may cost counts before it is made."""
    await connection.execute("UPDATE second_looks SET tokens = $2 WHERE alert_id = $1", alert_id, tokens)


async def finish(connection: TenantConnection, alert: Due, looked: Looked, model: str) -> None:
    """Write what came of it, tell the viewers, and leave an audit row."""
    verdict = looked.verdict
    await connection.execute(
        "UPDATE second_looks SET state = $2, verdict = $3, summary = $4, tokens = $5, answered_at = now() WHERE alert_id = $1",
        alert.alert_id,
        looked.state.value,
        None if verdict is None else verdict.supports,
        None if verdict is None else verdict.summary,
        looked.tokens,
    )
    await alerts.touch(connection, alert.alert_id)
    await alerts.tell_changed(connection, alert.chain_id, await alerts.get_alert(connection, alert.alert_id))
    details = {"model": model, "state": looked.state.value, "tokens": looked.tokens}
    await audit.append(
        connection,
        AuditEntry(
            Act.ALERT_LOOKED_AGAIN, ActorKind.SYSTEM, None, alert.chain_id, alert.store_id, "alert", alert.alert_id, details
        ),
    )


async def is_on(connection: TenantConnection, store_id: uuid.UUID) -> bool:
    """Whether the store has it; NotFoundError for one out of scope."""
    row = await connection.fetchrow("SELECT second_look FROM stores WHERE id = $1", store_id)
    if row is None:
        raise NotFoundError("There is no such store, or you may not see it.")
    return bool(row["second_look"])


async def switch(connection: TenantConnection, store_id: uuid.UUID, *, on: bool) -> None:
    """Switch it."""
    await connection.execute("UPDATE stores SET second_look = $2 WHERE id = $1", store_id, on)
