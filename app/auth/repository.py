"""Users, sessions and keys. Look-ups before a tenant is known go through narrow SECURITY DEFINER functions."""

import uuid
from datetime import datetime, timedelta

import asyncpg

from app.auth.models import Account, Grant, LoginRecord, SessionRecord, UserState
from app.auth.permissions import key_permissions, permissions_of
from app.kit.postgres import Pool, TenantConnection

ACQUIRE_S = 5.0
USED_AGAIN = timedelta(minutes=1)
"""How exactly a session's last use is known."""


async def find_login(pool: "Pool[asyncpg.Record]", username: str) -> LoginRecord | None:
    """What a log-in needs of the user with this name."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        row = await connection.fetchrow("SELECT * FROM login_lookup($1)", username)
    return None if row is None else LoginRecord(**dict(row))


async def find_session(pool: "Pool[asyncpg.Record]", refresh_hash: bytes) -> SessionRecord | None:
    """The session whose current or previous refresh token has this hash."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        row = await connection.fetchrow("SELECT * FROM session_lookup($1)", refresh_hash)
    return None if row is None else SessionRecord(**dict(row))


async def find_key(
    pool: "Pool[asyncpg.Record]", key_hash: bytes
) -> tuple[uuid.UUID, uuid.UUID | None, str, tuple[Grant, ...], datetime | None] | None:
    """(id, chain, name, grants, end) of the unrevoked API key with this secret, the one before the last rotation included."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        row = await connection.fetchrow("SELECT * FROM api_key_lookup($1)", key_hash)
    if row is None:
        return None
    may, stores = key_permissions(row["permissions"]), row["store_ids"]
    grants = (Grant(may),) if stores is None else tuple(Grant(may, store) for store in stores)
    return row["key_id"], row["chain_id"], row["name"], grants, row["expires_at"]


async def find_account(connection: TenantConnection, user_id: uuid.UUID, session_id: uuid.UUID, now: datetime) -> Account | None:
    """The user with memberships, if enabled and the session still stands. Notes that the session was used, once a minute."""
    user = await connection.fetchrow(
        "SELECT u.id, u.chain_id, u.username, u.must_change_password AND s.method = 'password' AS must_change,"
        " s.second_factor_at IS NOT NULL AS second_factor, s.last_used_at, coalesce(p.second_factor_roles, '{}') AS roles"
        " FROM users u JOIN sessions s ON s.user_id = u.id LEFT JOIN sign_in_settings p ON p.chain_id = u.chain_id"
        " WHERE u.id = $1 AND s.id = $2 AND u.disabled_at IS NULL AND s.revoked_at IS NULL AND s.expires_at > $3",
        user_id,
        session_id,
        now,
    )
    if user is None:
        return None
    if now - user["last_used_at"] > USED_AGAIN:
        await connection.execute("UPDATE sessions SET last_used_at = $2 WHERE id = $1", session_id, now)
    return Account(
        user["id"],
        user["chain_id"],
        user["username"],
        await grants_of(connection, user_id),
        user["must_change"],
        user["second_factor"],
        frozenset(user["roles"]),
    )


async def grants_of(connection: TenantConnection, user_id: uuid.UUID) -> tuple[Grant, ...]:
    """What the user's memberships grant; a region's with the stores it has now. The scope must be the whole chain."""
    rows = await connection.fetch(
        "SELECT role, store_id, region_id, CASE WHEN region_id IS NULL THEN '{}' ELSE"
        " ARRAY(SELECT s.id FROM stores s WHERE s.region_id = m.region_id) END AS region_stores"
        " FROM memberships m WHERE user_id = $1 ORDER BY id",
        user_id,
    )
    return tuple(
        Grant(permissions_of(row["role"]), row["store_id"], row["role"], row["region_id"], frozenset(row["region_stores"]))
        for row in rows
    )


async def lock_user(connection: TenantConnection, user_id: uuid.UUID) -> UserState | None:
    """The user as of now; nobody else decides about a log-in of this user until the transaction ends."""
    row = await connection.fetchrow(
        "SELECT id AS user_id, chain_id, username, password_hash, failed_logins, locked_until,"
        " disabled_at IS NOT NULL AS disabled FROM users WHERE id = $1 FOR UPDATE",
        user_id,
    )
    return None if row is None else UserState(**dict(row))


async def count_failure(connection: TenantConnection, user_id: uuid.UUID, locked_until: datetime | None) -> None:
    """One more wrong answer; nobody signs in as this user until then."""
    await connection.execute(
        "UPDATE users SET failed_logins = failed_logins + 1, locked_until = $2 WHERE id = $1", user_id, locked_until
    )


async def clear_failures(connection: TenantConnection, user_id: uuid.UUID) -> None:
    """Forget the wrong answers so far."""
    await connection.execute("UPDATE users SET failed_logins = 0, locked_until = NULL WHERE id = $1", user_id)


async def set_password(connection: TenantConnection, user_id: uuid.UUID, password_hash: str, now: datetime) -> None:
    """The person's own choice of a password."""
    await connection.execute(
        "UPDATE users SET password_hash = $2, must_change_password = false, password_changed_at = $3 WHERE id = $1",
        user_id,
        password_hash,
        now,
    )


async def rotate_session(
    connection: TenantConnection, session_id: uuid.UUID, old_hash: bytes, new_hash: bytes, now: datetime
) -> bool:
    """Replace the refresh token; False when another request did so first."""
    changed: str = await connection.execute(
        "UPDATE sessions SET previous_refresh_hash = refresh_hash, refresh_hash = $3, rotated_at = $4, last_used_at = $4"
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
