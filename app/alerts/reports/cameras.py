"""SQL of the reports about cameras: how many people each saw, and how long it sent pictures."""

from typing import Final, Literal

import asyncpg

from app.alerts.lifecycle import OPEN
from app.alerts.reports.repository import Span
from app.cameras.models import SILENT_AFTER
from app.kit.errors import BadInputError
from app.kit.postgres import TenantConnection

Seen = Literal["hour", "camera", "both"]
LEAST_FRAMES = 5
"""Fewer pictures of one track are more often a mistake than a person."""
MOST_ROWS = 10_000
_OPEN = ", ".join(f"'{each}'" for each in sorted(OPEN))
"""Written out, so that the index of open alerts is found."""
SHAPES: Final[dict[Seen, tuple[str, str, str]]] = {
    "hour": ("day", "NULL::uuid", "(day, hour)"),
    "camera": ("NULL::date", "camera_id", "(hour, camera_id)"),
    "both": ("day", "camera_id", "(day, hour), (hour, camera_id)"),
}
"""What is selected as day and as camera, and by what is counted."""


async def footfall(connection: TenantConnection, span: Span, by: Seen) -> "list[asyncpg.Record]":
    """(day, hour, camera_id, people): tracks by the hour in which each began, by the clock of its store.

    By hour: of each day, all cameras together (`camera_id` null). By camera: of each hour of the day, all days together (`day`
    null). Both: every track is read once for the two.

    Raises:
        BadInputError: there are more rows than are handed out.
    """
    day, camera, sets = SHAPES[by]
    rows = list(
        await connection.fetch(
            "WITH tracks AS (SELECT d.camera_id, d.store_id, min(d.started_at) AS began FROM ai_detections d"  # noqa: S608 - constants of this file
            " WHERE d.started_at >= $1 AND d.started_at < $2 AND ($3::uuid IS NULL OR d.store_id = $3)"
            " GROUP BY d.camera_id, d.store_id, d.epoch, d.track_id HAVING sum(d.frames) >= $4),"
            " placed AS (SELECT t.camera_id, local::date AS day, extract(hour FROM local)::int AS hour FROM tracks t"
            " JOIN stores s ON s.id = t.store_id CROSS JOIN LATERAL (SELECT t.began AT TIME ZONE s.timezone AS local) clock)"
            f" SELECT {day} AS day, hour, {camera} AS camera_id, count(*) AS people FROM placed GROUP BY GROUPING SETS ({sets})"
            " ORDER BY 1, 2, 3 LIMIT $5",
            *(span.since, span.until, span.store_id, LEAST_FRAMES, MOST_ROWS + 1),
        )
    )
    if len(rows) > MOST_ROWS:
        raise BadInputError(f"That is more than {MOST_ROWS} figures; ask for fewer days.")
    return rows


async def uptime(connection: TenantConnection, span: Span) -> "list[asyncpg.Record]":
    """(camera_id, store_id, name, asked_s, up_s, gaps, longest_gap_s) of cameras that are switched on; worst share first.

    Asked about is from the later of `since` and the camera's beginning. A session that nobody ended counts until its camera was
    last heard of. Gaps under a second are none.
    """
    return list(
        await connection.fetch(
            "WITH asked AS (SELECT c.id, c.store_id, c.name, greatest(c.created_at, $1) AS lo, $2::timestamptz AS hi,"
            " CASE WHEN s.reported_at > $2::timestamptz - $5::interval THEN $2 ELSE coalesce(s.reported_at, $2) END AS heard"
            " FROM cameras c LEFT JOIN camera_status s ON s.camera_id = c.id"
            " WHERE c.deleted_at IS NULL AND c.enabled AND c.created_at < $2 AND ($3::uuid IS NULL OR c.store_id = $3)),"
            " up AS (SELECT a.id, range_agg(tstzrange(greatest(t.started_at, a.lo),"
            " least(coalesce(t.ended_at, a.heard), a.hi))) AS seen"
            " FROM asked a JOIN stream_sessions t ON t.camera_id = a.id AND t.started_at < a.hi"
            " AND least(coalesce(t.ended_at, a.heard), a.hi) > greatest(t.started_at, a.lo) GROUP BY a.id)"
            " SELECT * FROM (SELECT a.id AS camera_id, a.store_id, a.name, extract(epoch FROM a.hi - a.lo)::float8 AS asked_s,"
            " coalesce((SELECT sum(extract(epoch FROM upper(r) - lower(r))) FROM unnest(up.seen) r), 0)::float8 AS up_s,"
            " gap.gaps, coalesce(gap.longest, 0)::float8 AS longest_gap_s"
            " FROM asked a LEFT JOIN up ON up.id = a.id CROSS JOIN LATERAL ("
            "SELECT count(*) AS gaps, max(extract(epoch FROM upper(g) - lower(g))) AS longest FROM unnest("
            "tstzmultirange(tstzrange(a.lo, a.hi)) - coalesce(up.seen, '{}'::tstzmultirange)) g"
            " WHERE upper(g) - lower(g) >= interval '1 second') gap) found"
            " ORDER BY up_s / greatest(asked_s, 1), name LIMIT $4",
            *(span.since, span.until, span.store_id, MOST_ROWS, SILENT_AFTER),
        )
    )


async def stores(connection: TenantConnection) -> "list[asyncpg.Record]":
    """(store_id, name, cameras, live, open, high, waiting_since) of each store in scope, by name: how it stands now.

    Live is a camera whose worker says so, and said so lately: as lists of cameras show it.
    """
    return list(
        await connection.fetch(
            "SELECT s.id AS store_id, s.name, coalesce(c.cameras, 0) AS cameras, coalesce(c.live, 0) AS live,"  # noqa: S608 - constants
            " coalesce(a.open, 0) AS open, coalesce(a.high, 0) AS high, a.waiting_since FROM stores s"
            " LEFT JOIN (SELECT k.store_id, count(*) AS cameras, count(*) FILTER (WHERE t.state = 'live'"
            " AND t.reported_at >= now() - $2::interval) AS live FROM cameras k"
            " LEFT JOIN camera_status t ON t.camera_id = k.id WHERE k.deleted_at IS NULL AND k.enabled GROUP BY 1) c"
            " ON c.store_id = s.id"
            " LEFT JOIN (SELECT store_id, count(*) AS open, count(*) FILTER (WHERE threat = 'high') AS high,"
            f" min(waiting_since) AS waiting_since FROM alerts WHERE state IN ({_OPEN})"
            " GROUP BY 1) a ON a.store_id = s.id ORDER BY s.name, s.id LIMIT $1",
            MOST_ROWS,
            SILENT_AFTER,
        )
    )
