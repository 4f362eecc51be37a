"""Reads the visits that an incident's alerts are part of."""

import uuid
from itertools import groupby
from typing import Final

from app.kit.postgres import TenantConnection
from app.visits.models import Key, Sighting, Visit

MOST_VISITS: Final = 20
MOST_SIGHTINGS: Final = 500
_VISITS_OF = """
SELECT DISTINCT s.visit_id FROM incident_alerts j JOIN alerts a ON a.id = j.alert_id
JOIN visit_sightings s ON s.camera_id = a.camera_id AND s.epoch = a.epoch AND s.track_id = ANY (a.track_ids)
    AND s.started_at <= a.ended_at AND s.ended_at >= a.started_at
WHERE j.incident_id = $1 ORDER BY 1 LIMIT $2
"""


async def followed(connection: TenantConnection, store_id: uuid.UUID) -> bool:
    """Whether this store's re-identification switch is on."""
    return bool(await connection.fetchval("SELECT store_runs($1, 're_identification')", store_id))


async def visits_of(connection: TenantConnection, incident_id: uuid.UUID) -> list[Visit]:
    """Visits in scope that an alert of this incident saw, the earliest first; at most MOST_VISITS."""
    visits = await connection.fetch(_VISITS_OF, incident_id, MOST_VISITS)
    rows = await connection.fetch(
        "SELECT visit_id, camera_id, epoch, track_id, started_at, ended_at, rivals FROM visit_sightings"
        " WHERE visit_id = ANY ($1::uuid[]) ORDER BY visit_id, started_at, camera_id LIMIT $2",
        [row["visit_id"] for row in visits],
        MOST_SIGHTINGS,
    )
    found = []
    for visit_id, sightings in groupby(rows, lambda row: row["visit_id"]):
        seen = (
            Sighting(Key(row["camera_id"], row["epoch"], int(row["track_id"]), row["started_at"]), row["ended_at"], row["rivals"])
            for row in sightings
        )
        found.append(Visit(visit_id, tuple(seen)))
    return sorted(found, key=lambda visit: visit.sightings[0].key.started_at)
