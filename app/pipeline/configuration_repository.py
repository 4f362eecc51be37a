"""SQL of what the pipeline watches for, and of the partitions its detections go to."""

import asyncpg

from app.kit.postgres import Pool
from app.pipeline.configuration import CameraRow, RuleRow, ZoneRow
from app.pipeline.policy import NOTHING, StorePolicy

Rows = tuple[list[CameraRow], list[ZoneRow], list[RuleRow]]
PARTITION_DAYS_AHEAD = 7
SERIES_DAYS = 14
"""How long what rules measured is kept for replay."""
MOST_FORGOTTEN = 20_000


async def configuration_revision(pool: "Pool[asyncpg.Record]") -> int:
    """Rises with every change of cameras, zones, rules and policies."""
    async with pool.acquire(timeout=5) as connection:
        return int(await connection.fetchval("SELECT revision FROM configuration_revision"))


async def read_configuration(pool: "Pool[asyncpg.Record]") -> Rows:
    """All rows, as of one moment. A camera deleted a short while ago still counts, disabled, so that its session is ended."""
    async with pool.acquire(timeout=5) as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        cameras = await connection.fetch(
            "SELECT c.id, c.chain_id, c.store_id, c.enabled AND c.deleted_at IS NULL AS enabled, s.timezone, c.floor, p.*"
            " FROM cameras c JOIN stores s ON s.id = c.store_id"
            " LEFT JOIN (SELECT DISTINCT ON (store_id) store_id AS of_store, revision, face, gait, re_identification"
            " FROM site_policies ORDER BY store_id, revision DESC) p ON p.of_store = c.store_id"
            " WHERE c.deleted_at IS NULL OR c.deleted_at > now() - interval '1 hour'"
        )
        zones = await connection.fetch("SELECT id, camera_id, kind, polygon FROM zones WHERE deleted_at IS NULL")
        rules = await connection.fetch(
            "SELECT store_id, camera_id, zone_id, kind, enabled, parameters, cool_down_s, opens_incident FROM rules"
        )
    return (
        [
            CameraRow(row["id"], row["chain_id"], row["store_id"], row["enabled"], _policy(row), row["timezone"], row["floor"])
            for row in cameras
        ],
        [ZoneRow(row["id"], row["camera_id"], row["kind"], row["polygon"]) for row in zones],
        [RuleRow(*row) for row in rules],
    )


def _policy(row: "asyncpg.Record") -> StorePolicy:
    return StorePolicy(row["revision"], row["face"], row["gait"], row["re_identification"]) if row["of_store"] else NOTHING


async def make_partitions(pool: "Pool[asyncpg.Record]") -> int:
    """Have the daily partitions of the next days made; how many were."""
    async with pool.acquire(timeout=5) as connection:
        return int(await connection.fetchval("SELECT make_detection_partitions($1)", PARTITION_DAYS_AHEAD))


async def forget_old_series(pool: "Pool[asyncpg.Record]") -> None:
    """Delete what rules measured longer ago than replay looks back, some of it at a time."""
    async with pool.acquire(timeout=5) as connection:
        await connection.execute(
            "DELETE FROM rule_series WHERE (camera_id, started_at, epoch) IN (SELECT camera_id, started_at, epoch"
            " FROM rule_series WHERE ended_at < now() - make_interval(days => $1) ORDER BY ended_at LIMIT $2)",
            SERIES_DAYS,
            MOST_FORGOTTEN,
        )
