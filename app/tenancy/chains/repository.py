"""SQL of making and listing chains, with the owner's role, which row-level security does not bind."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from app.audit.models import Act
from app.auth.permissions import Role
from app.kit.errors import ConflictError
from app.kit.ids import new_id
from app.kit.keys.repository import append_system_audit
from app.kit.postgres import said_in_one_sentence

Connection = Any
"""asyncpg.Connection of the owner, in a transaction."""


@dataclass(frozen=True, slots=True)
class NewChain:
    """A chain with its first store and administrator, who has to choose another password at once."""

    chain_id: uuid.UUID
    name: str
    store_id: uuid.UUID
    store_name: str
    user_id: uuid.UUID
    username: str
    password_hash: str


async def connect_owner(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    """A plain connection with the owner's role."""
    with said_in_one_sentence():
        return await asyncpg.connect(url, timeout=10, command_timeout=30, statement_cache_size=0)


async def add(connection: Connection, new: NewChain) -> None:
    """Make it whole, with its audit row; ConflictError where the user name is taken in any chain."""
    await connection.execute("INSERT INTO chains (id, name) VALUES ($1, $2)", new.chain_id, new.name)
    await connection.execute(
        "INSERT INTO stores (id, chain_id, name) VALUES ($1, $2, $3)", new.store_id, new.chain_id, new.store_name
    )
    await connection.execute(
        "INSERT INTO site_policies (store_id, chain_id, revision) VALUES ($1, $2, 1)", new.store_id, new.chain_id
    )
    made: str = await connection.execute(
        "INSERT INTO users (id, chain_id, username, password_hash, must_change_password) VALUES ($1, $2, $3, $4, true)"
        " ON CONFLICT DO NOTHING",
        new.user_id,
        new.chain_id,
        new.username,
        new.password_hash,
    )
    if made != "INSERT 0 1":
        raise ConflictError("This user name is taken on this installation; choose another with --admin.")
    await connection.execute(
        "INSERT INTO memberships (id, chain_id, user_id, role) VALUES ($1, $2, $3, $4)",
        new_id(),
        new.chain_id,
        new.user_id,
        Role.CHAIN_ADMINISTRATOR.value,
    )
    details = {"store_id": str(new.store_id), "user_id": str(new.user_id)}
    await append_system_audit(connection, new.chain_id, Act.CHAIN_CREATED.value, details)


async def listed(connection: Connection) -> list[tuple[uuid.UUID, str, datetime, int, int]]:
    """(id, name, made at, stores, users that may sign in) of each chain, oldest first."""
    rows = await connection.fetch(
        "SELECT c.id, c.name, c.created_at, (SELECT count(*) FROM stores s WHERE s.chain_id = c.id) AS stores,"
        " (SELECT count(*) FROM users u WHERE u.chain_id = c.id AND u.disabled_at IS NULL) AS users"
        " FROM chains c ORDER BY c.created_at, c.id"
    )
    return [tuple(row) for row in rows]
