"""SQL of evidence and its custody."""

import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.auth.models import Principal
from app.evidence.custody import FIRST, Link, link_document, link_hash
from app.evidence.models import Custody, Evidence, EvidenceState, EvidenceType
from app.kit.errors import NotFoundError
from app.kit.postgres import Pool, TenantConnection

MOST_LINKS = 2000
_SELECT = (
    "SELECT id, chain_id, store_id, camera_id, alert_id, incident_id, type, state, reason, wanted_from, wanted_to, moment,"
    " s3_key, size, sha256, media_type, recorded_from, recorded_to, masked, created_at, present_at, held, hold_reason,"
    " locked_at_store, deletion_class FROM evidence WHERE "
)


def shows(begins: str, ends: str) -> str:
    """SQL: whether a piece `e` shows, or is to show, any moment between two others (expressions)."""
    return f"(coalesce(e.recorded_from, e.wanted_from) <= {ends} AND coalesce(e.recorded_to, e.wanted_to) >= {begins})"


def _evidence(row: "asyncpg.Record") -> Evidence:
    return Evidence(**(dict(row) | {"type": EvidenceType(row["type"]), "state": EvidenceState(row["state"])}))


async def list_evidence(
    connection: TenantConnection,
    store_id: uuid.UUID | None,
    alert_id: uuid.UUID | None,
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Evidence]:
    """Evidence in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR store_id = $1) AND ($2::uuid IS NULL OR alert_id = $2)"
        " AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid)) ORDER BY created_at DESC, id DESC LIMIT $5",
        store_id,
        alert_id,
        *(before or (None, None)),
        limit + 1,
    )
    return [_evidence(row) for row in rows]


async def evidence_of_incident(connection: TenantConnection, incident_id: uuid.UUID, limit: int) -> list[Evidence]:
    """What was asked for it, and what its alerts brought, oldest moment first."""
    rows = await connection.fetch(
        _SELECT + "incident_id = $1 OR alert_id IN (SELECT alert_id FROM incident_alerts"  # noqa: S608 - no value in it
        " WHERE incident_id = $1) ORDER BY moment, type, id LIMIT $2",
        incident_id,
        limit,
    )
    return [_evidence(row) for row in rows]


async def get_evidence(connection: TenantConnection, evidence_id: uuid.UUID, *, lock: bool = False) -> Evidence:
    """One piece in scope; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + "id = $1" + (" FOR UPDATE" if lock else ""), evidence_id)
    if row is None:
        raise NotFoundError("There is no such evidence, or you may not see it.")
    return _evidence(row)


async def boxes_of(connection: TenantConnection, evidence_id: uuid.UUID) -> list[dict[str, Any]]:
    """Who was where: `{"at_ms", "persons": [[track id, x1, y1, x2, y2]]}` of each analysed frame."""
    found: list[dict[str, Any]] | None = await connection.fetchval("SELECT boxes FROM evidence WHERE id = $1", evidence_id)
    return found or []


async def tracks_of_alert(connection: TenantConnection, alert_id: uuid.UUID | None) -> tuple[int, ...]:
    """Track ids of whom the alert is about."""
    found = await connection.fetchval("SELECT track_ids FROM alerts WHERE id = $1", alert_id)
    return tuple(int(each) for each in found or ())


async def add_wanted(connection: TenantConnection, chain_id: uuid.UUID, wanted: Evidence) -> None:
    """Ask for a recording of an incident's camera."""
    await connection.execute(
        "INSERT INTO evidence (id, chain_id, store_id, camera_id, incident_id, type, wanted_from, wanted_to, moment, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        wanted.id,
        chain_id,
        wanted.store_id,
        wanted.camera_id,
        wanted.incident_id,
        wanted.type.value,
        wanted.wanted_from,
        wanted.wanted_to,
        wanted.moment,
        wanted.created_at,
    )


async def count_asked(connection: TenantConnection, camera_id: uuid.UUID, since: datetime) -> int:
    """Recordings of a camera that people asked for and that wait for its worker; what ended before `since` waits in vain."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM evidence WHERE camera_id = $1 AND alert_id IS NULL AND state IN ('wanted', 'recording')"
        " AND wanted_to >= $2",
        camera_id,
        since,
    )
    return found


async def store_of_camera(connection: TenantConnection, camera_id: uuid.UUID) -> uuid.UUID | None:
    """The store of a camera in scope; None where there is none."""
    found: uuid.UUID | None = await connection.fetchval(
        "SELECT store_id FROM cameras WHERE id = $1 AND deleted_at IS NULL", camera_id
    )
    return found


async def change(connection: TenantConnection, evidence_id: uuid.UUID, **values: Any) -> None:
    """Set columns (names are the code's own)."""
    columns = ", ".join(f"{name} = ${number}" for number, name in enumerate(values, 2))
    await connection.execute(f"UPDATE evidence SET {columns} WHERE id = $1", evidence_id, *values.values())  # noqa: S608


async def chain_of(pool: "Pool[asyncpg.Record]", evidence_id: uuid.UUID) -> uuid.UUID:
    """The chain of a piece, before any scope is known; NotFoundError when there is none."""
    async with pool.acquire(timeout=5) as connection:
        found: uuid.UUID | None = await connection.fetchval("SELECT evidence_chain($1)", evidence_id)
    if found is None:
        raise NotFoundError("There is no such evidence, or you may not see it.")
    return found


async def custody_of(connection: TenantConnection, evidence_id: uuid.UUID) -> list[Custody]:
    """The chain of custody, first link first."""
    rows = await connection.fetch(
        "SELECT sequence, act, actor_kind, actor_id, at, details, hash FROM evidence_custody WHERE evidence_id = $1"
        " ORDER BY sequence LIMIT $2",
        evidence_id,
        MOST_LINKS,
    )
    return [Custody(*row) for row in rows]


async def add_custody(connection: TenantConnection, piece: Evidence, link: Link) -> None:
    """Append a link, in the transaction of the act; the piece's row must be locked by it."""
    last = await connection.fetchrow(
        "SELECT sequence, hash FROM evidence_custody WHERE evidence_id = $1 ORDER BY sequence DESC LIMIT 1", piece.id
    )
    sequence, before = (last["sequence"] + 1, last["hash"]) if last else (1, FIRST)
    await connection.execute(
        "INSERT INTO evidence_custody (evidence_id, sequence, chain_id, store_id, act, actor_kind, actor_id, at, details, hash)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        piece.id,
        sequence,
        piece.chain_id,
        piece.store_id,
        link.act,
        link.actor_kind,
        link.actor_id,
        link.at,
        link.details,
        link_hash(before, link_document(piece.id, sequence, link)),
    )


def link_by(who: Principal, act: str, at: datetime, **details: Any) -> Link:
    """A link of what a principal did."""
    return Link(act, who.kind.value, who.id, at, details)
