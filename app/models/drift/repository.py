"""SQL of drift: days of each camera and version."""

import uuid
from datetime import timedelta
from typing import Final

import asyncpg

from app.contracts.models import ModelSums
from app.kit.postgres import Pool, TenantConnection
from app.models.drift.models import BASELINE_DAYS
from app.models.readings.models import Sums
from app.models.readings.repository import MOST_CAMERAS, summed

ACQUIRE_S: Final = 5.0
_LOOKED_AT: Final = (
    "WITH fresh AS MATERIALIZED (SELECT DISTINCT camera_id, model, version FROM model_readings"
    " WHERE span = 'hour' AND since > now() - interval '1 day'),"
    " looked_at AS MATERIALIZED (SELECT * FROM fresh ORDER BY camera_id, model, version LIMIT $2)"
    " SELECT camera_id, model, version, floor(extract(epoch FROM now() - since) / 86400)::integer AS ago,"
    " (SELECT count(*) FROM fresh) AS fresh, "
)
_SUMS: Final = summed(ModelSums, "latency")
_DAYS: Final = (
    " FROM model_readings JOIN looked_at USING (camera_id, model, version)"
    " WHERE span = 'hour' AND since >= now() - $1::interval GROUP BY 1, 2, 3, 4"
)
Key = tuple[uuid.UUID, str, int]
"""Camera, model, version."""


async def days(connection: TenantConnection) -> tuple[dict[Key, dict[int, Sums]], int]:
    """By days ago, of every camera and version that answered anything in the last day.

    Of `MOST_CAMERAS` of these at most; how many are left out comes second.
    """
    rows = await connection.fetch(_LOOKED_AT + _SUMS + _DAYS, timedelta(days=BASELINE_DAYS + 1), MOST_CAMERAS)
    found: dict[Key, dict[int, Sums]] = {}
    for row in rows:
        sums = Sums(**{name: row[name] for name in ModelSums.__struct_fields__ if name != "latency"})
        found.setdefault((row["camera_id"], row["model"], row["version"]), {})[row["ago"]] = sums
    return found, max(0, rows[0]["fresh"] - MOST_CAMERAS) if rows else 0


async def chains(pool: "Pool[asyncpg.Record]") -> list[uuid.UUID]:
    """Those of which workers reported something in the last day."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        return [row["chain_id"] for row in await connection.fetch("SELECT * FROM chains_with_model_readings()")]
