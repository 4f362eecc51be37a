"""Proposed changes. Rows are decided once and never edited."""

import uuid
from datetime import datetime

import asyncpg

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.changes.models import ChangeKind, ChangeState, ProposedChange

_COLUMNS = (
    "id, store_id, kind, subject, base_revision, content, proposed_by, proposed_at, expires_at, state, decided_by,"
    " decided_at, reason"
)
_SELECT = f"SELECT {_COLUMNS} FROM proposed_changes WHERE "  # noqa: S608


def _change(row: "asyncpg.Record") -> ProposedChange:
    found = dict(row)
    return ProposedChange(**{**found, "kind": ChangeKind(found["kind"]), "state": ChangeState(found["state"])})


async def add_change(connection: TenantConnection, chain_id: uuid.UUID, change: ProposedChange) -> bool:
    """A new open proposal; False when another of this kind and subject is open."""
    done: str = await connection.execute(
        "INSERT INTO proposed_changes (id, chain_id, store_id, kind, subject, base_revision, content, proposed_by, proposed_at,"
        " expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        change.id,
        chain_id,
        change.store_id,
        change.kind.value,
        change.subject,
        change.base_revision,
        change.content,
        change.proposed_by,
        change.proposed_at,
        change.expires_at,
    )
    return done == "INSERT 0 1"


async def get_change(connection: TenantConnection, store_id: uuid.UUID, change_id: uuid.UUID, kind: ChangeKind) -> ProposedChange:
    """One proposal of a store in scope, locked until the transaction ends; NotFoundError otherwise."""
    row = await connection.fetchrow(
        _SELECT + "store_id = $1 AND id = $2 AND kind = $3 FOR UPDATE", store_id, change_id, kind.value
    )
    if row is None:
        raise NotFoundError("There is no such proposal, or you may not see it.")
    return _change(row)


async def open_change(
    connection: TenantConnection, store_id: uuid.UUID, kind: ChangeKind, subject: str = ""
) -> ProposedChange | None:
    """The open proposal of this kind and subject, if any."""
    row = await connection.fetchrow(
        _SELECT + "store_id = $1 AND kind = $2 AND subject = $3 AND state = 'open'", store_id, kind.value, subject
    )
    return None if row is None else _change(row)


async def list_changes(
    connection: TenantConnection, store_id: uuid.UUID, kind: ChangeKind, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[ProposedChange]:
    """Proposals of a store, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "store_id = $1 AND kind = $2 AND ($3::timestamptz IS NULL OR (proposed_at, id) < ($3, $4::uuid))"
        " ORDER BY proposed_at DESC, id DESC LIMIT $5",
        store_id,
        kind.value,
        *(before or (None, None)),
        limit + 1,
    )
    return [_change(row) for row in rows]


async def decide_change(connection: TenantConnection, change: ProposedChange) -> bool:
    """Store how an open proposal ended; False when it had ended already."""
    done: str = await connection.execute(
        "UPDATE proposed_changes SET state = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE id = $1 AND state = 'open'",
        change.id,
        change.state.value,
        change.decided_by,
        change.decided_at,
        change.reason,
    )
    return done == "UPDATE 1"
