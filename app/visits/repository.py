"""Reads the visits that an incident's alerts are part of."""

import uuid
from itertools import groupby
from typing import Final

from app.kit.postgres import TenantConnection
from app.visits.models import Key, Sighting, Visit

MOST_VISITS: Final = 20
MOST_SIGHTINGS: Final = 50
"""Of one visit."""
_VISITS_OF = """
WITH own AS (
    SELECT DISTINCT s.visit_id, s.camera_id, s.epoch, s.track_id, s.started_at, s.ended_at
    FROM incident_alerts j JOIN alerts a ON a.id = j.alert_id
    JOIN visit_sightings s ON s.camera_id = a.camera_id AND s.epoch = a.epoch AND s.track_id = ANY (a.track_ids)
        AND s.started_at <= a.ended_at AND s.ended_at >= a.started_at
    WHERE j.incident_id = $1),
asked AS (
    SELECT visit_id, min(started_at) AS since, max(ended_at) AS until, count(*) OVER () AS visits
    FROM own GROUP BY visit_id ORDER BY since, visit_id LIMIT $2),
near AS (
    SELECT s.*, asked.since, asked.visits, count(*) OVER (PARTITION BY s.visit_id) AS sightings,
        row_number() OVER (PARTITION BY s.visit_id ORDER BY o.visit_id IS NULL,
            greatest(asked.since - s.ended_at, s.started_at - asked.until, interval '0'), s.started_at, s.camera_id) AS place
    FROM asked JOIN visit_sightings s USING (visit_id)
    LEFT JOIN own o USING (visit_id, camera_id, epoch, track_id, started_at))
SELECT visit_id, camera_id, epoch, track_id, started_at, ended_at, rivals, visits, sightings FROM near
WHERE place <= $3 ORDER BY since, visit_id, started_at, camera_id
"""


async def followed(connection: TenantConnection, store_id: uuid.UUID) -> bool:
    """Whether this store's re-identification switch is on."""
    return bool(await connection.fetchval("SELECT store_runs($1, 're_identification')", store_id))


async def visits_of(connection: TenantConnection, incident_id: uuid.UUID) -> tuple[list[Visit], int]:
    """Visits in scope that an alert of this incident saw, the earliest alert first; and how many are left out.

    At most MOST_VISITS, each with the alerts' own sightings first and those next to them in time, MOST_SIGHTINGS at most.
    """
    rows = await connection.fetch(_VISITS_OF, incident_id, MOST_VISITS, MOST_SIGHTINGS)
    found = []
    for visit_id, group in groupby(rows, lambda row: row["visit_id"]):
        sightings = list(group)
        seen = (
            Sighting(Key(row["camera_id"], row["epoch"], int(row["track_id"]), row["started_at"]), row["ended_at"], row["rivals"])
            for row in sightings
        )
        found.append(Visit(visit_id, tuple(seen), sightings[0]["sightings"] - len(sightings)))
    return found, rows[0]["visits"] - len(found) if rows else 0
