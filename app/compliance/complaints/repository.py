"""SQL of complaints."""

import uuid
from datetime import datetime

import asyncpg

from app.compliance.complaints.models import Complaint, ComplaintOutcome, ComplaintState
from app.evidence.retention_repository import ABOUT
from app.kit.errors import BadInputError, NotFoundError
from app.kit.postgres import TenantConnection

_COLUMNS = tuple(Complaint.__dataclass_fields__)
_SELECT = f"SELECT {', '.join(_COLUMNS)} FROM complaints WHERE "  # noqa: S608 - names of the code's own


def _complaint(row: "asyncpg.Record") -> Complaint:
    outcome = None if row["outcome"] is None else ComplaintOutcome(row["outcome"])
    return Complaint(**{**dict(row), "state": ComplaintState(row["state"]), "outcome": outcome})


async def list_complaints(
    connection: TenantConnection,
    store_id: uuid.UUID | None,
    states: list[str],
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Complaint]:
    """Complaints in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR store_id = $1) AND (cardinality($2::text[]) = 0 OR state = ANY ($2))"
        " AND ($3::timestamptz IS NULL OR (received_at, id) < ($3, $4::uuid)) ORDER BY received_at DESC, id DESC LIMIT $5",
        store_id,
        states,
        *(before or (None, None)),
        limit + 1,
    )
    return [_complaint(row) for row in rows]


async def get_complaint(connection: TenantConnection, complaint_id: uuid.UUID, *, lock: bool = False) -> Complaint:
    """One complaint in scope; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + "id = $1" + (" FOR UPDATE" if lock else ""), complaint_id)
    if row is None:
        raise NotFoundError("There is no such complaint, or you may not see it.")
    return _complaint(row)


async def demand_subjects(
    connection: TenantConnection, store_id: uuid.UUID, alert_id: uuid.UUID | None, match_id: uuid.UUID | None
) -> None:
    """BadInputError unless the alert and the match are of this store."""
    for table, wanted in (("alerts", alert_id), ("matches", match_id)):
        found = wanted is None or await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {table} WHERE id = $1 AND store_id = $2)",  # noqa: S608 - names of the code's own
            wanted,
            store_id,
        )
        if not found:
            raise BadInputError("This alert or match is none of this store.")


async def add_complaint(connection: TenantConnection, chain_id: uuid.UUID, complaint: Complaint) -> None:
    """A new complaint."""
    await connection.execute(
        "INSERT INTO complaints (id, chain_id, store_id, received_at, happened_at, alert_id, match_id, summary, contact,"
        " recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        complaint.id,
        chain_id,
        complaint.store_id,
        complaint.received_at,
        complaint.happened_at,
        complaint.alert_id,
        complaint.match_id,
        complaint.summary,
        complaint.contact,
        complaint.recorded_by,
        complaint.recorded_at,
    )


async def change_complaint(connection: TenantConnection, complaint: Complaint) -> bool:
    """Store what may change; False when somebody was faster."""
    done: str = await connection.execute(
        "UPDATE complaints SET state = $2, acknowledged_by = $3, acknowledged_at = $4, outcome = $5, answer = $6, corrected = $7,"
        " decided_by = $8, decided_at = $9, revision = $10 WHERE id = $1 AND revision = $10 - 1",
        complaint.id,
        complaint.state.value,
        complaint.acknowledged_by,
        complaint.acknowledged_at,
        None if complaint.outcome is None else complaint.outcome.value,
        complaint.answer,
        complaint.corrected,
        complaint.decided_by,
        complaint.decided_at,
        complaint.revision,
    )
    return done == "UPDATE 1"


async def held_evidence(connection: TenantConnection, complaint: Complaint) -> int:
    """How many pieces the complaint keeps from deletion while it is open."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM complaints c JOIN evidence e"  # noqa: S608 - no value in it
            f" ON {ABOUT} WHERE c.id = $1 AND e.state <> 'deleted'",
            complaint.id,
        )
    )


async def enrolment_of_match(connection: TenantConnection, match_id: uuid.UUID) -> uuid.UUID | None:
    """Whose match it was."""
    found: uuid.UUID | None = await connection.fetchval("SELECT enrolment_id FROM matches WHERE id = $1", match_id)
    return found
