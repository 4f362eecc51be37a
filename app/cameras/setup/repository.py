"""SQL of the first set-up, with the owner's role, which row-level security does not bind."""

import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.cameras.setup.models import Origin
from app.kit.postgres import said_in_one_sentence, speak_jsonb

Connection = Any
"""asyncpg.Connection of the owner, in a transaction."""
_LOCK_KEY = 7_305_221_941  # any constant; the same for every set-up


async def connect_owner(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A plain connection with the owner's role, which speaks jsonb as Python values."""
    with said_in_one_sentence():
        connection = await asyncpg.connect(url, timeout=10, command_timeout=10, statement_cache_size=0)
    await speak_jsonb(connection)
    return connection


async def lock_setup(connection: Connection) -> None:
    """One set-up at a time, until the transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _LOCK_KEY)


async def first_store(connection: Connection) -> tuple[uuid.UUID, uuid.UUID] | None:
    """(chain, store) that came first, if any."""
    row = await connection.fetchrow("SELECT chain_id, id FROM stores ORDER BY created_at, id LIMIT 1")
    return None if row is None else (row["chain_id"], row["id"])


async def add_chain_and_store(connection: Connection, chain_id: uuid.UUID, store_id: uuid.UUID, name: str) -> None:
    """A chain with one store whose biometric switches are off."""
    await connection.execute("INSERT INTO chains (id, name) VALUES ($1, $2)", chain_id, name)
    await connection.execute("INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, $3)", store_id, chain_id, name)
    await connection.execute("INSERT INTO site_policies (store_id, chain_id, revision) VALUES ($1, $2, 1)", store_id, chain_id)


async def is_demo(connection: Connection, store_id: uuid.UUID) -> bool:
    """Whether a store is a demonstration's."""
    return bool(await connection.fetchval("SELECT demo FROM stores WHERE id = $1", store_id))


async def mark_demo(connection: Connection, store_id: uuid.UUID) -> None:
    """Label a new store as a demonstration's; nobody but the owner can, and no store loses the label."""
    await connection.execute("UPDATE stores SET demo = true WHERE id = $1", store_id)


async def any_user(connection: Connection, chain_id: uuid.UUID) -> bool:
    """Whether the chain has a user."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM users WHERE chain_id = $1)", chain_id))


async def put_user(
    connection: Connection,
    user_id: uuid.UUID,
    chain_id: uuid.UUID,
    username: str,
    password_hash: str,
    *,
    must_change: bool = False,
) -> uuid.UUID:
    """Add a user, or give an existing one this password, which may be good for choosing another one only; returns its id."""
    known: uuid.UUID = await connection.fetchval(
        "INSERT INTO users (id, chain_id, username, password_hash, must_change_password) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (username) DO UPDATE SET password_hash = excluded.password_hash, failed_logins = 0, locked_until = NULL,"
        " must_change_password = excluded.must_change_password"
        " RETURNING id",
        user_id,
        chain_id,
        username,
        password_hash,
        must_change,
    )
    return known


async def put_membership(
    connection: Connection, membership_id: uuid.UUID, chain_id: uuid.UUID, user_id: uuid.UUID, role: str
) -> None:
    """A role for the whole chain, once."""
    await connection.execute(
        "INSERT INTO memberships (id, chain_id, user_id, role) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        membership_id,
        chain_id,
        user_id,
        role,
    )


async def put_platform_key(connection: Connection, key_id: uuid.UUID, name: str, key_hash: bytes, permissions: list[str]) -> None:
    """The platform's key of this name has this hash from now on; older ones of the name are revoked."""
    await connection.execute(
        "UPDATE api_keys SET revoked_at = now() WHERE chain_id IS NULL AND name = $1 AND key_hash <> $2 AND revoked_at IS NULL",
        name,
        key_hash,
    )
    await connection.execute(
        "INSERT INTO api_keys (id, name, key_hash, permissions) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (key_hash) DO UPDATE SET revoked_at = NULL, permissions = excluded.permissions",
        key_id,
        name,
        key_hash,
        permissions,
    )


async def set_up_cameras(connection: Connection, chain_id: uuid.UUID) -> list[tuple[uuid.UUID, str, str, bytes | None, Origin]]:
    """(id, name, url, sealed credentials, origin) of cameras that set-up added."""
    rows = await connection.fetch(
        "SELECT id, name, url, credentials, origin FROM cameras"
        " WHERE chain_id = $1 AND deleted_at IS NULL AND origin <> 'user' ORDER BY created_at, id",
        chain_id,
    )
    return [(row["id"], row["name"], row["url"], row["credentials"], Origin(row["origin"])) for row in rows]


async def add_camera(
    connection: Connection,
    place: tuple[uuid.UUID, uuid.UUID],
    camera_id: uuid.UUID,
    name: str,
    address: tuple[str, bytes | None],
    origin: Origin,
) -> None:
    """A camera of (chain, store) at (url, sealed credentials)."""
    await connection.execute(
        "INSERT INTO cameras (id, chain_id, store_id, name, url, credentials, origin) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        camera_id,
        *place,
        name,
        *address,
        origin.value,
    )


async def move_camera(connection: Connection, camera_id: uuid.UUID, address: tuple[str, bytes | None]) -> None:
    """Another address for a camera."""
    await connection.execute(
        "UPDATE cameras SET url = $2, credentials = $3, revision = revision + 1 WHERE id = $1", camera_id, *address
    )


async def remove_camera(connection: Connection, camera_id: uuid.UUID, now: datetime) -> None:
    """Mark as removed."""
    await connection.execute("UPDATE cameras SET deleted_at = $2, revision = revision + 1 WHERE id = $1", camera_id, now)
