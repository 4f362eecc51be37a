"""Users, sessions and keys. Look-ups before a tenant is known go through narrow SECURITY DEFINER functions."""

import uuid
from datetime import datetime, timedelta

import asyncpg

from app.auth.models import Account, Grant, LoginRecord, SessionRecord
from app.auth.permissions import known_permissions, permissions_of
from app.kit.postgres import Pool, TenantConnection

ACQUIRE_S = 5.0


async def find_login(pool: "Pool[asyncpg.Record]", username: str) -> LoginRecord | None:
    """What a log-in needs of the user with this name."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        row = await connection.fetchrow("SELECT * FROM login_lookup($1)", username)
    return None if row is None else LoginRecord(**dict(row))


async def record_login(pool: "Pool[asyncpg.Record]", user_id: uuid.UUID, succeeded: bool, locked_for: timedelta) -> None:
    """Count a failure and lock for a while, or forget all failures."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        await connection.execute("SELECT login_record($1, $2, $3)", user_id, succeeded, locked_for)


async def find_session(pool: "Pool[asyncpg.Record]", refresh_hash: bytes) -> SessionRecord | None:
    """The session whose current or previous refresh token has this hash."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        row = await connection.fetchrow("SELECT * FROM session_lookup($1)", refresh_hash)
    return None if row is None else SessionRecord(**dict(row))


async def find_key(
    pool: "Pool[asyncpg.Record]", key_hash: bytes
) -> tuple[uuid.UUID, uuid.UUID | None, str, Grant, datetime | None] | None:
    """(id, chain, name, grant, end) of an unrevoked API key."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        row = await connection.fetchrow("SELECT * FROM api_key_lookup($1)", key_hash)
    if row is None:
        return None
    grant = Grant(known_permissions(row["permissions"]))
    return row["key_id"], row["chain_id"], row["name"], grant, row["expires_at"]


async def find_account(connection: TenantConnection, user_id: uuid.UUID, session_id: uuid.UUID, now: datetime) -> Account | None:
    """The user with memberships, if enabled and the session still stands."""
    user = await connection.fetchrow(
        "SELECT u.id, u.chain_id, u.username FROM users u JOIN sessions s ON s.user_id = u.id"
        " WHERE u.id = $1 AND s.id = $2 AND u.disabled_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > $3",
        user_id,
        session_id,
        now,
    )
    if user is None:
        return None
    rows = await connection.fetch("SELECT role, store_id FROM memberships WHERE user_id = $1 ORDER BY id", user_id)
    grants = tuple(Grant(permissions_of(row["role"]), row["store_id"], row["role"]) for row in rows)
    return Account(user["id"], user["chain_id"], user["username"], grants)


async def add_session(
    connection: TenantConnection,
    session_id: uuid.UUID,
    chain_id: uuid.UUID,
    user_id: uuid.UUID,
    refresh_hash: bytes,
    expires_at: datetime,
) -> None:
    """A new log-in."""
    await connection.execute(
        "INSERT INTO sessions (id, chain_id, user_id, refresh_hash, expires_at) VALUES ($1, $2, $3, $4, $5)",
        session_id,
        chain_id,
        user_id,
        refresh_hash,
        expires_at,
    )


async def rotate_session(
    connection: TenantConnection, session_id: uuid.UUID, old_hash: bytes, new_hash: bytes, now: datetime
) -> bool:
    """Replace the refresh token; False when another request did so first."""
    changed: str = await connection.execute(
        "UPDATE sessions SET previous_refresh_hash = refresh_hash, refresh_hash = $3, rotated_at = $4"
        " WHERE id = $1 AND refresh_hash = $2 AND revoked_at IS NULL",
        session_id,
        old_hash,
        new_hash,
        now,
    )
    return changed == "UPDATE 1"


async def rotated_at(connection: TenantConnection, session_id: uuid.UUID) -> datetime | None:
    """When the session's token was last replaced."""
    moment: datetime | None = await connection.fetchval("SELECT rotated_at FROM sessions WHERE id = $1", session_id)
    return moment


async def revoke_session(connection: TenantConnection, session_id: uuid.UUID, now: datetime) -> None:
    """End a log-in; its tokens answer nothing from now on."""
    await connection.execute("UPDATE sessions SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", session_id, now)
