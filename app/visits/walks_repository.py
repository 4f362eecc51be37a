"""What gait says of leads whose track is one of an incident's alerts, or of their visits where the store follows them."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from app.identity.gait.models import ShownSupport, Verdict
from app.kit.postgres import TenantConnection

MOST_WALKS: Final = 50
_WALKS_OF = """
WITH own AS (
    SELECT a.camera_id, a.epoch, unnest(a.track_ids) AS track_id, a.started_at, a.ended_at
    FROM incident_alerts j JOIN alerts a ON a.id = j.alert_id WHERE j.incident_id = $1),
seen AS (
    SELECT camera_id, epoch, track_id, true AS of_alert FROM own
    UNION ALL
    SELECT v.camera_id, v.epoch, v.track_id, false FROM own JOIN visit_sightings s USING (camera_id, epoch, track_id)
        JOIN visit_sightings v ON v.visit_id = s.visit_id
    WHERE s.started_at <= own.ended_at AND s.ended_at >= own.started_at AND store_runs(s.store_id, 're_identification')),
tracks AS (SELECT camera_id, epoch, track_id, bool_or(of_alert) AS of_alert FROM seen GROUP BY 1, 2, 3)
SELECT m.id, m.camera_id, m.epoch, m.track_id, m.captured_at, m.state, t.of_alert, g.verdict, g.reason, g.gait_score AS score,
    g.threshold, g.searched, g.quality, g.features, g.model, g.model_version, g.seen_at
FROM tracks t JOIN matches m USING (camera_id, epoch, track_id) JOIN gait_supports g ON g.match_id = m.id
WHERE store_runs(m.store_id, 'gait') AND m.state IN ('open', 'second-review', 'confirmed')
ORDER BY m.captured_at, m.id LIMIT $2
"""
_OF_TRACK: Final = ("camera_id", "epoch", "track_id", "captured_at", "state", "of_alert")


@dataclass(frozen=True, slots=True)
class WalkOfTrack:
    """What gait says of one lead, and of which track that lead is; `of_alert`: one that an alert of the incident is about."""

    camera_id: uuid.UUID
    epoch: int
    track_id: int
    captured_at: datetime
    state: str
    of_alert: bool
    support: ShownSupport


async def walks_of(connection: TenantConnection, incident_id: uuid.UUID) -> list[WalkOfTrack]:
    """In scope, the earliest first, MOST_WALKS at most; none where the store's gait switch is off."""
    return [_walk(dict(row)) for row in await connection.fetch(_WALKS_OF, incident_id, MOST_WALKS)]


def _walk(row: dict[str, Any]) -> WalkOfTrack:
    track = {name: row.pop(name) for name in _OF_TRACK}
    support = ShownSupport(match_id=row.pop("id"), verdict=Verdict(row.pop("verdict")), **row)
    return WalkOfTrack(**{**track, "track_id": int(track["track_id"])}, support=support)
