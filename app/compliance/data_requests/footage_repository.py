"""SQL of footage that may show whoever asks. The scope must be the whole chain: others see no decision about it."""

import uuid
from datetime import datetime
from typing import Any, Final

import asyncpg

from app.compliance.data_requests.models import DataRequest, Footage
from app.evidence.models import EvidenceState
from app.evidence.repository import shows
from app.evidence.retention import Holder
from app.evidence.retention_repository import OF_CASE, OF_COMPLAINT, OF_REQUEST
from app.kit.postgres import TenantConnection

MOST: Final = 500
_HOLDERS: Final = {
    Holder.LEGAL_HOLD: "(e.held OR e.locked_at_store)",
    Holder.OPEN_CASE: OF_CASE,
    Holder.COMPLAINT: OF_COMPLAINT,
    Holder.DATA_REQUEST: OF_REQUEST.format(but="$1"),
}
_KEPT_FOR: Final = ", ".join(f"CASE WHEN {held} THEN '{holder.value}' END" for holder, held in _HOLDERS.items())
_STORED_OR_COMING: Final = "('wanted', 'recording', 'uploading', 'present')"
_FOOTAGE: Final = f"""
WITH wanted AS (
    SELECT evidence_id AS id FROM data_request_footage WHERE request_id = $1
    UNION SELECT e.id FROM evidence e WHERE e.store_id = $2 AND e.state IN {_STORED_OR_COMING} AND {shows("$3", "$4")}
    UNION SELECT e.id FROM data_request_subjects s JOIN matches m ON m.enrolment_id = s.enrolment_id
        JOIN evidence e ON e.store_id = m.store_id AND e.camera_id = m.camera_id AND e.state IN {_STORED_OR_COMING}
        AND {shows("m.captured_at - interval '10 seconds'", "m.captured_at + interval '10 seconds'")}
        WHERE s.request_id = $1)
SELECT e.id, e.store_id, e.type, s.name AS store, c.name AS camera, e.recorded_from, e.recorded_to, e.moment, f.theirs,
    f.erase_from, e.deleted_at AS erased_at, e.state AS evidence_state,
    array_remove(ARRAY[{_KEPT_FOR}], NULL) AS kept_for
FROM wanted w JOIN evidence e USING (id) JOIN cameras c ON c.id = e.camera_id JOIN stores s ON s.id = e.store_id
    LEFT JOIN data_request_footage f ON f.evidence_id = e.id AND f.request_id = $1
WHERE $6::uuid IS NULL OR e.id = $6
ORDER BY f.evidence_id IS NULL, e.moment, e.id LIMIT $5
"""  # noqa: S608 - no value in it


async def footage_of(
    connection: TenantConnection, request: DataRequest, only: uuid.UUID | None = None
) -> tuple[list[Footage], bool]:
    """Pieces that show some of the visit, or a moment of a lead of an entry, stored or on their way; and those that were
    decided about, which come before others where there are too many. Oldest first; and whether there are more than `MOST`.
    `only`: of one piece."""
    where = (request.store_id, request.seen_from, request.seen_to)
    rows = await connection.fetch(_FOOTAGE, request.id, *where, MOST + 1, only)
    found = [_footage(row) for row in rows[:MOST]]
    return sorted(found, key=lambda each: (each.moment, each.id)), len(rows) > MOST


def _footage(row: "asyncpg.Record") -> Footage:
    fixed = {"evidence_state": EvidenceState(row["evidence_state"]), "kept_for": tuple(map(Holder, row["kept_for"]))}
    return Footage(**{**dict(row), **fixed})


async def decide(
    connection: TenantConnection,
    chain_id: uuid.UUID,
    request_id: uuid.UUID,
    piece: Footage,
    by: uuid.UUID,
    at: datetime,
    *,
    theirs: bool,
) -> None:
    """Store that whoever asks is in it, or not."""
    await connection.execute(
        "INSERT INTO data_request_footage (request_id, evidence_id, chain_id, store_id, theirs, decided_by, decided_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (request_id, evidence_id) DO UPDATE SET theirs = excluded.theirs,"
        " decided_by = excluded.decided_by, decided_at = excluded.decided_at",
        request_id, piece.id, chain_id, piece.store_id, theirs, by, at,
    )  # fmt: skip


async def ask_for_erasure(connection: TenantConnection, request_id: uuid.UUID, evidence_id: uuid.UUID, at: datetime) -> None:
    """From now on retention deletes it, as soon as nothing holds it."""
    await connection.execute(
        "UPDATE data_request_footage SET erase_from = $3 WHERE request_id = $1 AND evidence_id = $2", request_id, evidence_id, at
    )


async def receipts_of(connection: TenantConnection, pieces: list[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
    """What retention wrote when it deleted them: size, sha256 and when."""
    rows = await connection.fetch(
        "SELECT evidence_id, size, encode(sha256, 'hex') AS sha256, deleted_at FROM deletion_receipts"
        " WHERE evidence_id = ANY ($1)",
        pieces,
    )
    return {row["evidence_id"]: dict(row) for row in rows}
