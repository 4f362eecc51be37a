"""SQL of the reports about alerts."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from app.alerts.reports.models import RIGHT, Judged
from app.behaviour import falling
from app.kit.postgres import TenantConnection

By = Literal["kind", "store", "camera"]
MOST_JUDGED = 20_000
MOST_ROWS = 5000
_RIGHT = ", ".join(f"'{each}'" for each in sorted(RIGHT))
_WITHIN = " WHERE a.raised_at >= $1 AND a.raised_at < $2 AND ($3::uuid IS NULL OR a.store_id = $3)"
# What the settable threshold of a kind is compared with: the score, but the dwell for loitering, whose score only orders.
_MEASURED = "CASE WHEN a.kind = 'loitering' THEN (a.explanation->>'dwell_s')::float8 ELSE a.score END"

# Scores of falls from before the trees are of another scale and say nothing about today's threshold.
_OF_TODAY = f"(a.kind <> '{falling.KIND}' OR a.explanation ? '{falling.BY_TREES}')"


@dataclass(frozen=True, slots=True)
class Span:
    """What a report is about."""

    since: datetime
    until: datetime
    store_id: uuid.UUID | None = None


async def outcomes(connection: TenantConnection, span: Span, by: By) -> "list[asyncpg.Record]":
    """(kind, store_id, camera_id, right, wrong, unknown, open): alerts by what became of them; ids null where not asked by."""
    store = "NULL::uuid" if by == "kind" else "a.store_id"
    camera = "a.camera_id" if by == "camera" else "NULL::uuid"
    return list(
        await connection.fetch(
            f"SELECT a.kind, {store} AS store_id, {camera} AS camera_id,"  # noqa: S608 - constants of this file
            f" count(*) FILTER (WHERE a.outcome IN ({_RIGHT})) AS right, count(*) FILTER (WHERE a.outcome = 'false') AS wrong,"
            " count(*) FILTER (WHERE a.outcome = 'unknown') AS unknown, count(*) FILTER (WHERE a.outcome IS NULL) AS open"
            f" FROM alerts a{_WITHIN} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $4",
            *(span.since, span.until, span.store_id, MOST_ROWS),
        )
    )


async def judged(
    connection: TenantConnection, span: Span, kind: str, camera_id: uuid.UUID | None, zoned: bool | None
) -> list[Judged]:
    """Judged alerts of a kind, newest first, at most `MOST_JUDGED`; of falls only those on today's scale.

    `zoned`: only those in a zone, or only those in none.
    """
    rows = await connection.fetch(
        f"SELECT {_MEASURED} AS measured, a.outcome IN ({_RIGHT}) AS right FROM alerts a{_WITHIN}"  # noqa: S608
        " AND a.kind = $4 AND ($5::uuid IS NULL OR a.camera_id = $5) AND ($6::boolean IS NULL OR (a.zone_id IS NOT NULL) = $6)"
        f" AND a.outcome IN ({_RIGHT}, 'false') AND {_OF_TODAY} ORDER BY a.raised_at DESC LIMIT $7",
        *(span.since, span.until, span.store_id, kind, camera_id, zoned, MOST_JUDGED),
    )
    return [Judged(row["measured"], row["right"]) for row in rows if row["measured"] is not None]


async def counts(connection: TenantConnection, span: Span) -> "list[asyncpg.Record]":
    """(day, hour, kind, alerts, occurrences) by the wall clock of each alert's store."""
    local = "(a.raised_at AT TIME ZONE s.timezone)"
    return list(
        await connection.fetch(
            f"SELECT {local}::date AS day, extract(hour FROM {local})::int AS hour, a.kind, count(*) AS alerts,"  # noqa: S608
            f" sum(a.occurrences)::bigint AS occurrences FROM alerts a JOIN stores s ON s.id = a.store_id{_WITHIN}"
            " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT $4",
            *(span.since, span.until, span.store_id, MOST_ROWS),
        )
    )


async def response(connection: TenantConnection, span: Span) -> "list[asyncpg.Record]":
    """By kind: alerts, how many somebody reacted to, went up and are unanswered, and seconds to reaction and to the end."""
    reacted = "least(a.claimed_at, a.acknowledged_at, a.resolved_at)"
    first, end = (
        f"extract(epoch FROM {moment} - a.raised_at)" for moment in (reacted, "coalesce(a.resolved_at, a.acknowledged_at)")
    )
    return list(
        await connection.fetch(
            f"SELECT a.kind, count(*) AS alerts, count({reacted}) AS reacted,"  # noqa: S608 - constants of this file
            " count(*) FILTER (WHERE a.escalation_level <> 'store') AS escalated,"
            f" percentile_cont(0.5) WITHIN GROUP (ORDER BY {first}) AS reaction_p50_s,"
            f" percentile_cont(0.9) WITHIN GROUP (ORDER BY {first}) AS reaction_p90_s,"
            f" percentile_cont(0.5) WITHIN GROUP (ORDER BY {end}) AS end_p50_s,"
            f" percentile_cont(0.9) WITHIN GROUP (ORDER BY {end}) AS end_p90_s"
            f" FROM alerts a{_WITHIN} GROUP BY 1 ORDER BY 1 LIMIT $4",
            *(span.since, span.until, span.store_id, MOST_ROWS),
        )
    )
