"""SQL of what a version of the face embedding must bring."""

from app.kit.postgres import TenantConnection
from app.models.embeddings.models import Readiness
from app.models.models import FACE_EMBEDDING

_ENTRIES = (
    "SELECT count(*) AS entries, count(*) FILTER (WHERE EXISTS (SELECT FROM facial_profiles p WHERE p.enrolment_id = e.id"
    " AND p.model = $1 AND p.model_version = $2)) AS embedded FROM enrolments e WHERE e.ended_at IS NULL"
    " AND store_runs(e.store_id, 'face') AND EXISTS (SELECT FROM enrolment_images i WHERE i.enrolment_id = e.id)"
)
_CALIBRATED = (
    "SELECT made_at, coalesce(details->>'made_by', '') AS made_by FROM face_calibrations WHERE chain_id IS NOT NULL"
    " AND model = $1 AND model_version = $2 AND details->>'measured_on' = 'pictures' ORDER BY made_at DESC LIMIT 1"
)
_UNTESTED = (
    "WITH tests AS (SELECT t.store_id, t.passed, t.performed_on, t.id, t.recorded_by FROM acceptance_tests t"
    " WHERE t.switch = 'face' AND t.model = $1 AND t.recorded_at >= $2)"
    " SELECT s.name FROM stores s WHERE store_runs(s.id, 'face') AND NOT (coalesce((SELECT t.passed FROM tests t"
    " WHERE t.store_id = s.id ORDER BY t.performed_on DESC, t.id DESC LIMIT 1), false) AND coalesce((SELECT t.passed FROM tests t"
    " JOIN users u ON u.id = t.recorded_by WHERE t.store_id = s.id AND u.id::text <> $3"
    " ORDER BY t.performed_on DESC, t.id DESC LIMIT 1), false)) ORDER BY s.name"
)


async def readiness(connection: TenantConnection, version: int, tested_as: str) -> Readiness:
    """Of a version in the scope's chain. `tested_as`: how acceptance tests name it.

    Tests that were recorded before its threshold was measured say nothing of it, and those that whoever measured it recorded, or
    an API key, are not of a second person: the newest of all and the newest of second people must both have been passed.
    """
    row = await connection.fetchrow(_ENTRIES, FACE_EMBEDDING, str(version))
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    calibrated = await connection.fetchrow(_CALIBRATED, FACE_EMBEDDING, str(version))
    untested = [] if calibrated is None else await connection.fetch(_UNTESTED, tested_as, *calibrated)
    return Readiness(row["entries"], row["embedded"], calibrated is not None, [each["name"] for each in untested])
