"""What people decided about what versions led to: alerts of behaviours by pose version, leads by face version. Counts alone."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import asyncpg

from app.auth.models import Access
from app.kit.postgres import Pool, tenant_transaction
from app.models.models import POSE_MODEL

LEAST: Final = 20
"""Decisions below which a version's counts are not told: they would be about single people."""
_ALERTS: Final = """
WITH used AS (
    SELECT camera_id, since, min(version) AS version FROM model_readings
    WHERE model = 'yolo_pose' AND span = 'hour' AND since >= now() - $1::interval - interval '1 hour'
    GROUP BY camera_id, since HAVING count(DISTINCT version) = 1
)
SELECT 'yolo_pose' AS model, u.version::text AS version, count(*) AS raised,
    count(*) FILTER (WHERE a.outcome IN ('correct', 'action-taken')) AS right,
    count(*) FILTER (WHERE a.outcome = 'false') AS wrong
FROM alerts a JOIN used u ON u.camera_id = a.camera_id AND u.since = date_trunc('hour', a.started_at)
WHERE a.raised_at >= now() - $1::interval GROUP BY u.version
"""
_LEADS: Final = """
SELECT m.model, m.model_version AS version, count(*) AS raised, count(*) FILTER (WHERE m.state = 'confirmed') AS right,
    count(*) FILTER (WHERE m.state = 'rejected') AS wrong
FROM matches m WHERE m.raised_at >= now() - $1::interval
    AND m.store_id IN (SELECT store_id FROM (
        SELECT DISTINCT ON (p.store_id) p.store_id, p.face FROM site_policies p ORDER BY p.store_id, p.revision DESC
    ) newest WHERE face)
GROUP BY m.model, m.model_version
"""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of one version.

    Attributes:
        raised: alerts or leads; None for leads of which fewer than `LEAST` are decided.
        right: alerts that were correct; leads that two people confirmed.
        false_share: wrong ones of all decided; None where fewer than `LEAST` are, and then right and wrong are 0.
    """

    model: str
    version: str
    raised: int | None
    right: int
    wrong: int
    false_share: float | None


async def decided(pool: "Pool[asyncpg.Record]", access: Access, days: int) -> list[Decided]:
    """Every version of the last `days`, by name; alerts of an hour in which a camera used two versions count for none."""
    span = timedelta(days=days)
    async with tenant_transaction(pool, access.whole_chain) as connection:
        rows = [*await connection.fetch(_ALERTS, span), *await connection.fetch(_LEADS, span)]
    return sorted((_told(row) for row in rows), key=lambda each: (each.model, each.version))


def _told(row: "asyncpg.Record") -> Decided:
    sum_of_both = row["right"] + row["wrong"]
    if sum_of_both < LEAST:
        raised = row["raised"] if row["model"] == POSE_MODEL else None
        return Decided(row["model"], row["version"], raised, 0, 0, None)
    return Decided(row["model"], row["version"], row["raised"], row["right"], row["wrong"], row["wrong"] / sum_of_both)
