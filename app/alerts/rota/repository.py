"""SQL of the rota."""

import uuid
from datetime import datetime

import asyncpg

from app.alerts.rota.models import RotaEntry
from app.behaviour.findings import Threat
from app.kit.errors import BadInputError, NotFoundError
from app.kit.postgres import TenantConnection

_SELECT = (
    "SELECT r.id, r.store_id, r.region_id, r.user_id, u.username, r.days, r.starts, r.ends, r.timezone, r.after_s,"
    " r.lowest_threat, r.created_at FROM rota_entries r JOIN users u ON u.id = r.user_id WHERE "
)


def entry_of(row: "asyncpg.Record") -> RotaEntry:
    """The entry in a row that has its columns and a `username`."""
    values = {**dict(row), "days": tuple(row["days"]), "lowest_threat": Threat(row["lowest_threat"])}
    return RotaEntry(**values)


async def list_entries(
    connection: TenantConnection, store_id: uuid.UUID | None, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[RotaEntry]:
    """Entries, oldest first; one more than `limit` when there are more. Of a store: with those of its area and of the chain."""
    rows = await connection.fetch(
        _SELECT  # noqa: S608 - constants of this file
        + "($1::uuid IS NULL OR r.store_id = $1 OR (r.store_id IS NULL AND (r.region_id IS NULL"
        " OR r.region_id = (SELECT s.region_id FROM stores s WHERE s.id = $1))))"
        " AND ($2::timestamptz IS NULL OR (r.created_at, r.id) > ($2, $3::uuid)) ORDER BY r.created_at, r.id LIMIT $4",
        store_id,
        *(after or (None, None)),
        limit + 1,
    )
    return [entry_of(row) for row in rows]


async def get_entry(connection: TenantConnection, entry_id: uuid.UUID) -> RotaEntry:
    """One entry in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + "r.id = $1", entry_id)
    if row is None:
        raise NotFoundError("There is no such entry in the rota, or you may not see it.")
    return entry_of(row)


async def username_of(connection: TenantConnection, user_id: uuid.UUID) -> str:
    """The name of a user who may sign in; BadInputError otherwise."""
    name = await connection.fetchval("SELECT username FROM users WHERE id = $1 AND disabled_at IS NULL", user_id)
    if name is None:
        raise BadInputError("There is no such user who may sign in; choose another.")
    return str(name)


async def add_entry(connection: TenantConnection, chain_id: uuid.UUID, entry: RotaEntry) -> None:
    """A new entry."""
    await connection.execute(
        "INSERT INTO rota_entries (id, chain_id, store_id, region_id, user_id, days, starts, ends, timezone, after_s,"
        " lowest_threat, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        entry.id,
        chain_id,
        entry.store_id,
        entry.region_id,
        entry.user_id,
        list(entry.days),
        entry.starts,
        entry.ends,
        entry.timezone,
        entry.after_s,
        entry.lowest_threat.value,
        entry.created_at,
    )


async def remove_entry(connection: TenantConnection, entry_id: uuid.UUID) -> None:
    """Gone."""
    await connection.execute("DELETE FROM rota_entries WHERE id = $1", entry_id)
