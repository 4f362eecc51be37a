"""SQL of exports and of the keys that sign them."""

import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.evidence.models import Export, ExportState, Redaction
from app.kit.errors import ForbiddenError, NotFoundError
from app.kit.postgres import Pool, TenantConnection

MOST = 100
_SELECT = (
    "SELECT id, chain_id, store_id, evidence_id, state, reason, purpose, recipient, redaction, subjects, requested_by,"
    " created_at, expires_at, s3_key, size, sha256, downloads, tries FROM evidence_exports WHERE "
)


def _export(row: "asyncpg.Record") -> Export:
    fixed = {"state": ExportState(row["state"]), "redaction": Redaction(row["redaction"])}
    return Export(**(dict(row) | fixed | {"subjects": tuple(int(each) for each in row["subjects"])}))


async def exports_of(connection: TenantConnection, evidence_id: uuid.UUID) -> list[Export]:
    """The exports of a piece, newest first."""
    query = _SELECT + "evidence_id = $1 ORDER BY created_at DESC LIMIT $2"
    return [_export(row) for row in await connection.fetch(query, evidence_id, MOST)]


async def get_export(connection: TenantConnection, export_id: uuid.UUID, *, lock: bool = False) -> Export:
    """One export in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + "id = $1" + (" FOR UPDATE" if lock else ""), export_id)
    if row is None:
        raise NotFoundError("There is no such export, or you may not see it.")
    return _export(row)


async def add_export(connection: TenantConnection, export: Export, token_hash: bytes) -> None:
    """A new export, waiting to be made."""
    await connection.execute(
        "INSERT INTO evidence_exports (id, chain_id, store_id, evidence_id, purpose, recipient, redaction, subjects,"
        " requested_by, created_at, expires_at, token_hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        export.id,
        export.chain_id,
        export.store_id,
        export.evidence_id,
        export.purpose,
        export.recipient,
        export.redaction.value,
        list(export.subjects),
        export.requested_by,
        export.created_at,
        export.expires_at,
        token_hash,
    )


async def change_export(connection: TenantConnection, export_id: uuid.UUID, **values: Any) -> None:
    """Set columns (names are the code's own)."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2))
    await connection.execute(f"UPDATE evidence_exports SET {columns} WHERE id = $1", export_id, *values.values())  # noqa: S608


async def count_download(connection: TenantConnection, export_id: uuid.UUID) -> None:
    """It was fetched once more."""
    await connection.execute("UPDATE evidence_exports SET downloads = downloads + 1 WHERE id = $1", export_id)


async def by_link(pool: "Pool[asyncpg.Record]", digest: bytes) -> tuple[uuid.UUID, uuid.UUID]:
    """(export, chain) of a link's digest; ForbiddenError for a link that never was."""
    async with pool.acquire(timeout=5) as connection:
        row = await connection.fetchrow("SELECT export_id, chain_id FROM export_by_token($1)", digest)
    if row is None:
        raise ForbiddenError("This link opens nothing.")
    return row["export_id"], row["chain_id"]


async def claim(pool: "Pool[asyncpg.Record]") -> tuple[uuid.UUID, uuid.UUID] | None:
    """The next (export, chain) to make, claimed for five minutes; None where nothing waits."""
    async with pool.acquire(timeout=5) as connection:
        row = await connection.fetchrow("SELECT export_id, chain_id FROM claim_export()")
    return None if row is None else (row["export_id"], row["chain_id"])


async def signing_key(connection: TenantConnection) -> tuple[uuid.UUID, bytes, bytes] | None:
    """(id, public key, sealed private key) of the chain in scope."""
    row = await connection.fetchrow("SELECT id, public_key, secret FROM signing_keys")
    return None if row is None else (row["id"], row["public_key"], row["secret"])


async def add_signing_key(
    connection: TenantConnection, chain_id: uuid.UUID, key_id: uuid.UUID, public: bytes, secret: bytes, at: datetime
) -> None:
    """The chain's key, unless it got one meanwhile."""
    await connection.execute(
        "INSERT INTO signing_keys (id, chain_id, public_key, secret, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (chain_id) DO NOTHING",
        key_id,
        chain_id,
        public,
        secret,
        at,
    )


async def names_for(connection: TenantConnection, store_id: uuid.UUID, camera_id: uuid.UUID) -> tuple[str, str]:
    """(store, camera) as people call them."""
    store = await connection.fetchval("SELECT name FROM stores WHERE id = $1", store_id)
    camera = await connection.fetchval("SELECT name FROM cameras WHERE id = $1", camera_id)
    return str(store), str(camera)
