"""Reads sealed audit rows in scope. Names are joined for reading only; the ledger itself holds ids."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from app.audit.formats import microseconds
from app.audit.sealed import SealedRow
from app.kit.postgres import TenantConnection

_SUBJECT = (
    "CASE l.subject_kind WHEN 'camera' THEN (SELECT c.name FROM cameras c WHERE c.id = l.subject_id)"
    " WHEN 'user' THEN (SELECT s.username FROM users s WHERE s.id = l.subject_id)"
    " WHEN 'zone' THEN (SELECT z.name FROM zones z WHERE z.id = l.subject_id) END"
)


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """What a list of acts is narrowed to; None: not."""

    actor_id: uuid.UUID | None = None
    acts: tuple[str, ...] = ()
    subject_id: uuid.UUID | None = None
    store_id: uuid.UUID | None = None
    since: datetime | None = None
    until: datetime | None = None

    def values(self) -> tuple[object, ...]:
        """As parameters $1 to $6."""
        return (self.actor_id, list(self.acts) or None, self.subject_id, self.store_id, self.since, self.until)

    def details(self) -> dict[str, Any]:
        """For the audit row of the reading itself."""
        given = {"actor_id": self.actor_id, "subject_id": self.subject_id, "store_id": self.store_id}
        times = {"since": self.since, "until": self.until}
        shown: dict[str, Any] = {name: str(value) for name, value in given.items() if value is not None}
        shown |= {name: at.isoformat() for name, at in times.items() if at is not None}
        return shown | ({"acts": list(self.acts)} if self.acts else {})


_WHERE = (
    " WHERE ($1::uuid IS NULL OR l.actor_id = $1) AND ($2::text[] IS NULL OR l.act = ANY($2))"
    " AND ($3::uuid IS NULL OR l.subject_id = $3) AND ($4::uuid IS NULL OR l.store_id = $4)"
    " AND ($5::timestamptz IS NULL OR l.at >= $5) AND ($6::timestamptz IS NULL OR l.at < $6)"
)


async def list_acts(
    connection: TenantConnection, chain_id: uuid.UUID, wanted: TrailFilter, before: int | None, limit: int
) -> list[dict[str, Any]]:
    """Acts in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        "SELECT l.sequence, l.id, l.store_id, s.name AS store_name, l.actor_kind, l.actor_id, u.username AS actor_name, l.act,"  # noqa: S608
        f" l.subject_kind, l.subject_id, {_SUBJECT} AS subject_name, l.details::jsonb AS details, l.at, l.sealed_at"
        " FROM audit_log l LEFT JOIN users u ON u.id = l.actor_id LEFT JOIN stores s ON s.id = l.store_id"
        f"{_WHERE} AND l.ledger = $7 AND ($8::bigint IS NULL OR l.sequence < $8) ORDER BY l.sequence DESC LIMIT $9",
        *wanted.values(),
        chain_id,
        before,
        limit + 1,
    )
    return [dict(row) for row in rows]


async def rows_after(
    connection: TenantConnection, chain_id: uuid.UUID, wanted: TrailFilter, after: int, last: int, limit: int
) -> list[SealedRow]:
    """Whole rows in scope for an export, oldest first."""
    rows = await connection.fetch(
        "SELECT l.sequence, l.id, l.chain_id, l.store_id, l.actor_kind, l.actor_id, l.act, l.subject_kind, l.subject_id,"  # noqa: S608
        " l.details::text AS details, l.at, l.sealed_at, l.previous_hash, l.hash FROM audit_log l"
        f"{_WHERE} AND l.ledger = $7 AND l.sequence > $8 AND l.sequence <= $9 ORDER BY l.sequence LIMIT $10",
        *wanted.values(),
        chain_id,
        after,
        last,
        limit,
    )
    return [_sealed(row) for row in rows]


def _sealed(row: "asyncpg.Record") -> SealedRow:
    columns = list(row)
    columns[10], columns[11] = microseconds(columns[10]), microseconds(columns[11])
    return SealedRow(*columns)


async def state(connection: TenantConnection, chain_id: uuid.UUID) -> dict[str, Any]:
    """How far the tenant's ledger is sealed, and what its last verification found."""
    row = await connection.fetchrow(
        "SELECT s.sequence, s.sealed_at, s.waiting, s.oldest_waiting, c.checked_at, c.rows, c.anchors, c.broken_sequence,"
        " c.finding FROM audit_state() s LEFT JOIN audit_checks c ON c.ledger = $1",
        chain_id,
    )
    return dict(row) if row is not None else {}
