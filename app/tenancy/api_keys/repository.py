"""API keys of a chain; of a secret only the hash is here."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

_SELECT = (
    "SELECT k.id, k.name, k.permissions, k.stores, k.regions, k.expires_at, k.previous_ends_at, k.rotated_at, k.revoked_at,"
    " k.created_at, u.username AS made_by, u.disabled_at IS NOT NULL AS maker_left"
    " FROM api_keys k LEFT JOIN users u ON u.id = k.created_by WHERE "
)
_WITHIN = "($1::uuid[] IS NULL OR (k.stores IS NOT NULL AND k.stores <@ $1 AND k.regions <@ $2::uuid[]))"
"""A key that reaches nothing beyond these stores and regions."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret.

    Attributes:
        stores, regions: where it reaches; both None for the whole chain.
        previous_ends_at: until when the secret before the last rotation answers, too.
        made_by: name of whoever made it; None where that is not known, or another key did.
        maker_left: who made it may not sign in any more; the key goes on, and is shown as one to look at.
    """

    id: uuid.UUID
    name: str
    permissions: list[str]
    stores: list[uuid.UUID] | None
    regions: list[uuid.UUID] | None
    expires_at: datetime | None
    previous_ends_at: datetime | None
    rotated_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    made_by: str | None = None
    maker_left: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """What a key may reach to be seen; None for everything in the chain."""

    stores: list[uuid.UUID] | None
    regions: list[uuid.UUID]


async def list_keys(
    connection: TenantConnection, within: Within, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[ApiKey]:
    """Keys, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + _WITHIN + " AND ($3::timestamptz IS NULL OR (k.created_at, k.id) > ($3, $4::uuid))"
        " ORDER BY k.created_at, k.id LIMIT $5",
        within.stores,
        within.regions,
        *(after or (None, None)),
        limit + 1,
    )
    return [ApiKey(**dict(row)) for row in rows]


async def get_key(connection: TenantConnection, within: Within, key_id: uuid.UUID) -> ApiKey:
    """One key; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + _WITHIN + " AND k.id = $3", within.stores, within.regions, key_id)
    if row is None:
        raise NotFoundError("There is no such API key, or you may not see it.")
    return ApiKey(**dict(row))


async def add_key(connection: TenantConnection, chain_id: uuid.UUID, created_by: uuid.UUID, key: ApiKey, key_hash: bytes) -> None:
    """A new key."""
    await connection.execute(
        "INSERT INTO api_keys (id, chain_id, name, key_hash, permissions, stores, regions, expires_at, created_by, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        key.id,
        chain_id,
        key.name,
        key_hash,
        key.permissions,
        key.stores,
        key.regions,
        key.expires_at,
        created_by,
        key.created_at,
    )


async def rotate_key(
    connection: TenantConnection, key_id: uuid.UUID, key_hash: bytes, old_ends_at: datetime, now: datetime
) -> None:
    """Another secret; the one so far answers until `old_ends_at`, the one before it no more."""
    await connection.execute(
        "UPDATE api_keys SET previous_hash = key_hash, previous_ends_at = $3, key_hash = $2, rotated_at = $4 WHERE id = $1",
        key_id,
        key_hash,
        old_ends_at,
        now,
    )


async def count_made_by(connection: TenantConnection, user_id: uuid.UUID) -> int:
    """How many keys that still answer this user made."""
    query = "SELECT count(*) FROM api_keys WHERE created_by = $1 AND revoked_at IS NULL AND expires_at > now()"
    return int(await connection.fetchval(query, user_id))


async def revoke_key(connection: TenantConnection, key_id: uuid.UUID, now: datetime) -> None:
    """No secret of it answers any more."""
    await connection.execute("UPDATE api_keys SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", key_id, now)
