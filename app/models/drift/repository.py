"""SQL of drift: days of each camera and version."""

import uuid
from datetime import timedelta
from typing import Final

import asyncpg

from app.kit.postgres import Pool, TenantConnection
from app.models.drift.models import BASELINE_DAYS
from app.models.readings.models import Sums

ACQUIRE_S: Final = 5.0
Key = tuple[uuid.UUID, str, int]
"""Camera, model, version."""


async def days(connection: TenantConnection) -> dict[Key, dict[int, Sums]]:
    """By days ago, of every camera and version that answered anything in the last day."""
    rows = await connection.fetch(
        "SELECT camera_id, model, version, floor(extract(epoch FROM now() - since) / 86400)::integer AS ago,"
        " sum(frames)::bigint AS frames, sum(failures)::bigint AS failures, sum(persons)::bigint AS persons,"
        " sum(score_sum) AS score_sum, sum(quality_sum) AS quality_sum, sum(norm_sum) AS norm_sum"
        " FROM model_readings WHERE span = 'hour' AND since >= now() - $1::interval GROUP BY 1, 2, 3, 4",
        timedelta(days=BASELINE_DAYS + 1),
    )
    found: dict[Key, dict[int, Sums]] = {}
    for row in rows:
        sums = Sums(
            row["frames"], row["failures"], row["persons"], row["score_sum"], row["quality_sum"], row["norm_sum"]
        )  # fmt: skip
        found.setdefault((row["camera_id"], row["model"], row["version"]), {})[row["ago"]] = sums
    return {key: by_day for key, by_day in found.items() if 0 in by_day}


async def chains(pool: "Pool[asyncpg.Record]") -> list[uuid.UUID]:
    """Those of which workers reported something in the last day."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        return [row["chain_id"] for row in await connection.fetch("SELECT * FROM chains_with_model_readings()")]
