"""Wrapped data keys, and the sealed values they protect."""

import json
import uuid
from datetime import datetime
from typing import Any

from app.kit.ids import new_id
from app.kit.keys.envelope import KeyName
from app.kit.keys.models import BESIDE, Protected, StoredKey

Connection = Any
"""A TenantConnection, or the owner's connection in a transaction."""
_COLUMNS = "version, provider_key, wrapped"


async def current_key(connection: Connection, chain_id: uuid.UUID) -> StoredKey | None:
    """The newest version of the chain's key."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM tenant_keys WHERE chain_id = $1 ORDER BY version DESC LIMIT 1",  # noqa: S608
        chain_id,
    )
    return None if row is None else StoredKey(**dict(row))


async def add_key(connection: Connection, chain_id: uuid.UUID, key: StoredKey) -> None:
    """A new version; nothing happens where somebody else was faster."""
    await connection.execute(
        "INSERT INTO tenant_keys (chain_id, version, provider_key, wrapped) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        chain_id,
        key.version,
        key.provider_key,
        key.wrapped,
    )


async def any_key(pool: Any, name: KeyName) -> StoredKey | None:
    """A version of any chain's key, before the tenant is known."""
    row = await pool.fetchrow(f"SELECT {_COLUMNS} FROM tenant_key($1, $2)", name.chain_id, name.version)  # noqa: S608
    return None if row is None else StoredKey(**dict(row))


async def destroy_keys(connection: Connection, chain_id: uuid.UUID, now: datetime) -> int:
    """Forget every wrapped key of the chain; how many that were."""
    done: str = await connection.execute(
        "UPDATE tenant_keys SET wrapped = NULL, destroyed_at = $2 WHERE chain_id = $1 AND wrapped IS NOT NULL", chain_id, now
    )
    return int(done.split()[-1])


async def chains(connection: Connection) -> list[uuid.UUID]:
    """Every chain (owner's role)."""
    return [row["id"] for row in await connection.fetch("SELECT id FROM chains ORDER BY id")]


async def keys_of(connection: Connection, chain_id: uuid.UUID) -> list[StoredKey]:
    """Every version of a chain's key, oldest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM tenant_keys WHERE chain_id = $1 ORDER BY version",  # noqa: S608
        chain_id,
    )
    return [StoredKey(**dict(row)) for row in rows]


async def put_wrapped(connection: Connection, chain_id: uuid.UUID, key: StoredKey) -> None:
    """The same key under another wrapping, unless it was destroyed meanwhile."""
    await connection.execute(
        "UPDATE tenant_keys SET provider_key = $3, wrapped = $4 WHERE chain_id = $1 AND version = $2 AND wrapped IS NOT NULL",
        chain_id,
        key.version,
        key.provider_key,
        key.wrapped,
    )


async def drop_key(connection: Connection, chain_id: uuid.UUID, version: int) -> None:
    """Remove a version; ForeignKeyViolationError while anything sealed with it exists."""
    await connection.execute("DELETE FROM tenant_keys WHERE chain_id = $1 AND version = $2", chain_id, version)


async def values_to_renew(
    connection: Connection, what: Protected, chain_id: uuid.UUID, version: int, limit: int
) -> list[tuple[uuid.UUID, bytes]]:
    """(row id, sealed value) of values that this version did not seal, locked until the transaction ends."""
    rows = await connection.fetch(
        f"SELECT {what.row} AS id, {what.column} AS sealed FROM {what.table} WHERE chain_id = $1 AND {what.column} IS NOT NULL"  # noqa: S608
        f" AND {what.column}_key IS DISTINCT FROM $2 ORDER BY {what.row} LIMIT $3 FOR UPDATE",
        chain_id,
        version,
        limit,
    )
    return [(row["id"], row["sealed"]) for row in rows]


async def put_value(connection: Connection, what: Protected, row_id: uuid.UUID, sealed: bytes | None) -> None:
    """Replace a sealed value."""
    await connection.execute(f"UPDATE {what.table} SET {what.column} = $2 WHERE {what.row} = $1", row_id, sealed)  # noqa: S608


async def forget_first_values(connection: Connection, what: Protected, chain_id: uuid.UUID) -> int:
    """Empty what no data key's end would erase: the chain's values from before data keys, and whole rows; how many that were."""
    forget = f"UPDATE {what.table} SET {what.column} = NULL" if what.nullable else f"DELETE FROM {what.table}"  # noqa: S608
    done: str = await connection.execute(
        f"{forget} WHERE chain_id = $1 AND {what.column} IS NOT NULL AND ({what.column}_key IS NULL OR $2)",
        chain_id,
        what.whole,
    )
    return int(done.split()[-1])


async def forget_beside(connection: Connection, chain_id: uuid.UUID) -> int:
    """Remove the chain's rows that tell of somebody without a sealed value; how many that were."""
    done = [await connection.execute(f"DELETE FROM {table} WHERE chain_id = $1", chain_id) for table in BESIDE]  # noqa: S608
    return sum(int(each.split()[-1]) for each in done)


async def count_values(connection: Connection, what: Protected, chain_id: uuid.UUID) -> dict[int | None, int]:
    """How many values each version sealed; None: from before data keys."""
    rows = await connection.fetch(
        f"SELECT {what.column}_key AS version, count(*) AS count FROM {what.table}"  # noqa: S608
        f" WHERE chain_id = $1 AND {what.column} IS NOT NULL GROUP BY 1",
        chain_id,
    )
    return {row["version"]: row["count"] for row in rows}


async def append_system_audit(
    connection: Connection, chain_id: uuid.UUID, act: str, details: Any, subject: tuple[str, uuid.UUID] | None = None
) -> None:
    """An audit row of the owner's own tools, in their transaction. `subject`: (kind, id); None: the chain."""
    await connection.execute(
        "INSERT INTO audit_unsealed (id, chain_id, actor_kind, act, subject_kind, subject_id, details)"
        " VALUES ($1, $2, 'system', $3, $4, $5, $6)",
        new_id(), chain_id, act, *(subject or ("chain", chain_id)), json.dumps(details),
    )  # fmt: skip


async def provider_keys(connection: Connection) -> set[str]:
    """Ids of the provider's keys that any stored key still needs (owner's role)."""
    rows = await connection.fetch("SELECT DISTINCT provider_key FROM tenant_keys WHERE wrapped IS NOT NULL")
    return {row["provider_key"] for row in rows}
