"""SQL of footage that may show whoever asks. The scope must be the whole chain: others see no decision about it."""

import uuid
from datetime import datetime
from typing import Any, Final

from app.compliance.data_requests.models import DataRequest, Footage
from app.evidence.retention import AT_STORE, Holder
from app.evidence.retention_repository import OF_CASE, OF_COMPLAINT, OF_REQUEST
from app.kit.postgres import TenantConnection

MOST: Final = 500
_HOLDERS: Final = {
    Holder.LEGAL_HOLD: f"(e.held OR e.state = 'deleted' AND e.reason LIKE '%{AT_STORE}')",
    Holder.OPEN_CASE: OF_CASE,
    Holder.COMPLAINT: OF_COMPLAINT,
    Holder.DATA_REQUEST: OF_REQUEST.format(but="$1"),
}
_KEPT_FOR: Final = ", ".join(f"CASE WHEN {held} THEN '{holder.value}' END" for holder, held in _HOLDERS.items())
_STORED_OR_COMING: Final = "('wanted', 'recording', 'uploading', 'present')"
_FOOTAGE: Final = f"""
WITH wanted AS (
    SELECT evidence_id AS id FROM data_request_footage WHERE request_id = $1
    UNION SELECT id FROM evidence WHERE store_id = $2 AND state IN {_STORED_OR_COMING}
        AND coalesce(recorded_from, wanted_from) <= $4 AND coalesce(recorded_to, wanted_to) >= $3
    UNION SELECT e.id FROM data_request_subjects s JOIN matches m ON m.enrolment_id = s.enrolment_id
        JOIN evidence e ON e.store_id = m.store_id AND e.camera_id = m.camera_id AND e.state IN {_STORED_OR_COMING}
        AND coalesce(e.recorded_from, e.wanted_from) <= m.captured_at + interval '10 seconds'
        AND coalesce(e.recorded_to, e.wanted_to) >= m.captured_at - interval '10 seconds'
        WHERE s.request_id = $1)
SELECT e.id, e.store_id, e.type, s.name AS store, c.name AS camera, e.recorded_from, e.recorded_to, e.moment, f.theirs,
    f.erase_from, e.deleted_at AS erased_at, e.deleted_at IS NOT NULL AS gone, e.state = 'lost' AS lost,
    e.state NOT IN ('present', 'lost', 'deleted') AS coming,
    array_remove(ARRAY[{_KEPT_FOR}], NULL) AS kept_for
FROM wanted w JOIN evidence e USING (id) JOIN cameras c ON c.id = e.camera_id JOIN stores s ON s.id = e.store_id
    LEFT JOIN data_request_footage f ON f.evidence_id = e.id AND f.request_id = $1
ORDER BY e.moment, e.id LIMIT $5
"""  # noqa: S608 - no value in it


async def footage_of(connection: TenantConnection, request: DataRequest) -> list[Footage]:
    """Pieces that show some of the visit, or a moment of a lead of an entry, stored or on their way; and those that were
    decided about. Oldest first; one more than `MOST` when there are more."""
    where = (request.store_id, request.seen_from, request.seen_to)
    rows = await connection.fetch(_FOOTAGE, request.id, *where, MOST + 1)
    return [Footage(**{**dict(row), "kept_for": tuple(Holder(each) for each in row["kept_for"])}) for row in rows]


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
