"""SQL of keys for workers that stand in stores, with the owner's role: none can be made over HTTP."""

import uuid
from typing import Any

from app.audit.models import Act
from app.auth.permissions import Permission
from app.kit.errors import BadInputError, ConflictError, NotFoundError
from app.kit.ids import new_id
from app.kit.keys.repository import append_system_audit

Connection = Any
"""asyncpg.Connection of the owner, in a transaction."""


async def find_stores(connection: Connection, wanted: list[str]) -> tuple[uuid.UUID, list[uuid.UUID]]:
    """(chain, stores) of ids or names.

    Raises:
        NotFoundError: there is no such store.
        BadInputError: two have this name, or they are of two chains.
    """
    found: dict[uuid.UUID, uuid.UUID] = {}
    for each in wanted:
        rows = await connection.fetch("SELECT id, chain_id FROM stores WHERE id::text = $1 OR name = $1", each.strip())
        if not rows:
            raise NotFoundError(f"There is no store {each[:200]!r}; `pennyprotect workers stores` lists them.")
        if len(rows) > 1:
            raise BadInputError(f"Several stores are named {each[:200]!r}; give an id of `pennyprotect workers stores`.")
        found[rows[0]["id"]] = rows[0]["chain_id"]
    if len(chains := set(found.values())) != 1:
        raise BadInputError("A worker's key is for stores of one chain; make one a chain.")
    return chains.pop(), sorted(found)


async def add(connection: Connection, chain_id: uuid.UUID, stores: list[uuid.UUID], name: str, key_hash: bytes) -> uuid.UUID:
    """A key that answers until it is revoked.

    Raises:
        ConflictError: one of this name does already, or one of some of these stores and not of the same: only workers whose
            keys are of the same stores share them evenly.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtext('worker_keys'))")
    if await connection.fetchval(
        "SELECT EXISTS (SELECT FROM api_keys"
        " WHERE chain_id = $1 AND name = $2 AND permissions @> '{worker}' AND revoked_at IS NULL)",
        chain_id, name,
    ):  # fmt: skip
        raise ConflictError(f"A worker's key {name!r} answers already; revoke it first, or choose another name.")
    other = await connection.fetchval(
        "SELECT name FROM api_keys WHERE permissions @> '{worker}' AND revoked_at IS NULL"
        " AND (expires_at IS NULL OR expires_at > now())"
        " AND stores && $1 AND NOT (stores @> $1 AND stores <@ $1) ORDER BY name LIMIT 1",
        stores,
    )
    if other is not None:
        raise ConflictError(
            f"The worker's key {other!r} is of some of these stores, but not of the same, so their workers could not share the"
            " cameras; name the same stores, or revoke it first."
        )
    key_id = new_id()
    await connection.execute(
        "INSERT INTO api_keys (id, chain_id, name, key_hash, permissions, stores, regions) VALUES ($1, $2, $3, $4, $5, $6, '{}')",
        key_id, chain_id, name, key_hash, [Permission.WORKER.value], stores,
    )  # fmt: skip
    details = {"permissions": [Permission.WORKER.value], "stores": [str(store) for store in stores]}
    await append_system_audit(connection, chain_id, Act.API_KEY_CREATED.value, details, ("api-key", key_id))
    return key_id


async def revoke(connection: Connection, key_id: uuid.UUID) -> None:
    """It answers no more, within two seconds; NotFoundError where no worker's key of stores has this id."""
    chain_id = await connection.fetchval(
        "UPDATE api_keys SET revoked_at = coalesce(revoked_at, now())"
        " WHERE id = $1 AND chain_id IS NOT NULL AND permissions @> '{worker}' RETURNING chain_id",
        key_id,
    )
    if chain_id is None:
        raise NotFoundError("There is no such key of a store's workers; `pennyprotect workers list` shows them.")
    await append_system_audit(connection, chain_id, Act.API_KEY_REVOKED.value, {}, ("api-key", key_id))


async def listed(connection: Connection) -> list[dict[str, Any]]:
    """Every key of a store's workers, oldest first; of a secret only the hash is stored."""
    rows = await connection.fetch(
        "SELECT k.id, k.name, c.name AS chain, k.created_at, k.revoked_at,"
        " ARRAY(SELECT s.name FROM stores s WHERE s.id = ANY (k.stores) ORDER BY s.name) AS stores"
        " FROM api_keys k JOIN chains c ON c.id = k.chain_id WHERE k.permissions @> '{worker}' ORDER BY k.created_at, k.id"
    )
    return [dict(row) for row in rows]


async def stores(connection: Connection) -> list[dict[str, Any]]:
    """Every store with its chain."""
    rows = await connection.fetch(
        "SELECT s.id, s.name, c.name AS chain FROM stores s JOIN chains c ON c.id = s.chain_id ORDER BY c.name, s.name, s.id"
    )
    return [dict(row) for row in rows]
