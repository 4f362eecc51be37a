"""Sessions of one chain: add, list, end."""

import uuid
from datetime import datetime

from app.auth.sessions.models import ListedSession, Method, NewSession
from app.kit.postgres import TenantConnection


async def add(connection: TenantConnection, session: NewSession) -> None:
    """A new log-in."""
    await connection.execute(
        "INSERT INTO sessions (id, chain_id, user_id, refresh_hash, expires_at, method, second_factor_at, device, address)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        session.id,
        session.chain_id,
        session.user_id,
        session.refresh_hash,
        session.expires_at,
        session.method.value,
        session.second_factor_at,
        session.place.device,
        session.place.address,
    )


async def keep_newest(connection: TenantConnection, user_id: uuid.UUID, most: int, now: datetime) -> None:
    """End all but the newest `most` sessions of a user: a script that only ever signs in must not fill the table."""
    await connection.execute(
        "UPDATE sessions SET revoked_at = $3 WHERE id IN (SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL"
        " AND expires_at > now() ORDER BY created_at DESC, id DESC OFFSET $2)",
        user_id,
        most,
        now,
    )


async def listed(
    connection: TenantConnection, user_id: uuid.UUID, used_since: datetime, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[ListedSession]:
    """The user's sessions that still stand and were used since then, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        "SELECT id, method, second_factor_at IS NOT NULL AS second_factor, device, address, created_at, last_used_at, expires_at"
        " FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now() AND last_used_at >= $5"
        " AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3)) ORDER BY created_at DESC, id DESC LIMIT $4",
        user_id,
        *(after or (None, None)),
        limit + 1,
        used_since,
    )
    return [ListedSession(**{**dict(row), "method": Method(row["method"])}) for row in rows]


async def end(connection: TenantConnection, session_id: uuid.UUID, user_id: uuid.UUID, now: datetime) -> bool:
    """End one session; its tokens answer nothing from now on. False when it is not this user's, or ended already."""
    changed: str = await connection.execute(
        "UPDATE sessions SET revoked_at = $3 WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL", session_id, user_id, now
    )
    return changed == "UPDATE 1"


async def end_all(connection: TenantConnection, user_id: uuid.UUID, but: uuid.UUID | None, now: datetime) -> int:
    """End every session of a user except `but`; how many there were."""
    changed: str = await connection.execute(
        "UPDATE sessions SET revoked_at = $3 WHERE user_id = $1 AND revoked_at IS NULL AND ($2::uuid IS NULL OR id <> $2)",
        user_id,
        but,
        now,
    )
    return int(changed.split()[-1])


async def prove(connection: TenantConnection, session_id: uuid.UUID, now: datetime) -> None:
    """A second factor proved this session."""
    await connection.execute(
        "UPDATE sessions SET second_factor_at = coalesce(second_factor_at, $2) WHERE id = $1", session_id, now
    )


async def proven(connection: TenantConnection, session_id: uuid.UUID) -> bool:
    """Whether a second factor proved this session."""
    found: bool | None = await connection.fetchval("SELECT second_factor_at IS NOT NULL FROM sessions WHERE id = $1", session_id)
    return found is True


async def last_used_at(connection: TenantConnection, session_id: uuid.UUID) -> datetime | None:
    """When a session was last used."""
    moment: datetime | None = await connection.fetchval("SELECT last_used_at FROM sessions WHERE id = $1", session_id)
    return moment


async def opened_at(connection: TenantConnection, session_id: uuid.UUID) -> datetime | None:
    """When a session was opened."""
    moment: datetime | None = await connection.fetchval("SELECT created_at FROM sessions WHERE id = $1", session_id)
    return moment
