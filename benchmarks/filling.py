"""A chain with very much in it, made inside the database: cameras, alerts, incidents, evidence, deliveries, tracks of months."""

import asyncio
import uuid
from dataclasses import dataclass
from typing import Final

import asyncpg

from app.kit.postgres import TenantScope

CAMERAS: Final = 50
DAYS: Final = 30
BATCH: Final = 250_000
CONNECTIONS: Final = 2
PATIENCE_S: Final = 600.0
_CAMERA = "(SELECT array_agg(c ORDER BY c.id) AS known FROM cameras c) k"
_CAMERAS = """
INSERT INTO cameras (id, chain_id, store_id, name, url)
    SELECT gen_random_uuid(), chain_id, id, 'camera ' || n, 'rtsp://192.0.2.1/' || n
    FROM stores, generate_series(1, $1::integer) n
"""
_ALERTS = f"""
INSERT INTO alerts (id, chain_id, store_id, camera_id, kind, threat, state, score, threshold, explanation, track_ids, epoch,
        started_at, ended_at, raised_at, resolved_at, outcome, waiting_since)
    SELECT gen_random_uuid(), c.chain_id, c.store_id, c.id,
        (ARRAY['loitering', 'falling', 'fighting', 'crowding'])[1 + n % 4], 'low',
        CASE WHEN n % 50 = 0 THEN 'raised' ELSE 'resolved' END, 1, 0.5, '{{}}', '{{1}}', 1, t, t + interval '10 seconds', t,
        CASE WHEN n % 50 = 0 THEN NULL ELSE t END, CASE WHEN n % 50 = 0 THEN NULL ELSE 'true-alert' END,
        CASE WHEN n % 50 = 0 THEN t END
    FROM generate_series(1, $1::integer) n, {_CAMERA}, LATERAL (SELECT k.known[1 + n % cardinality(k.known)] AS c) x,
        LATERAL (SELECT (x.c).*) c, LATERAL (SELECT now() - n * interval '{DAYS} days' / $1 AS t) w
"""  # noqa: S608 - constants of this file
_TRACKS = f"""
INSERT INTO ai_detections (id, chain_id, store_id, camera_id, epoch, track_id, started_at, ended_at, frames, mean_score,
        width, height, boxes)
    SELECT gen_random_uuid(), c.chain_id, c.store_id, c.id, 1, n, t, t + interval '8 seconds', 40, 0.9, 1280, 720, b.boxes
    FROM generate_series($2::integer, $3::integer) n, {_CAMERA}, (SELECT decode(repeat('00000000', 45), 'hex') AS boxes) b,
        LATERAL (SELECT k.known[1 + n % cardinality(k.known)] AS c) x, LATERAL (SELECT (x.c).*) c,
        LATERAL (SELECT now() - n * interval '{DAYS} days' / $1 AS t) w
"""  # noqa: S608 - constants of this file
_DAY = """
SELECT format('CREATE TABLE IF NOT EXISTS public.%I PARTITION OF public.ai_detections FOR VALUES FROM (%L) TO (%L)',
    'ai_detections_' || to_char(d, 'YYYYMMDD'), d AT TIME ZONE 'UTC', (d + interval '1 day') AT TIME ZONE 'UTC')
FROM generate_series((now() AT TIME ZONE 'UTC')::date - $1::integer, (now() AT TIME ZONE 'UTC')::date, '1 day') d
"""
_INDEXES = """
SELECT indexrelid::regclass::text AS name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') AS made
FROM pg_index WHERE indrelid = 'ai_detections'::regclass AND NOT indisprimary
"""


@dataclass(frozen=True, slots=True)
class Filled:
    """Where it lies."""

    chain: uuid.UUID
    store: uuid.UUID
    camera: uuid.UUID

    @property
    def scope(self) -> TenantScope:
        """The whole chain."""
        return TenantScope(self.chain)


async def fill(url: str, alerts: int, tracks: int, cameras: int = CAMERAS) -> Filled:
    """Fill the first store of a set-up database as its administrator (`url`), and have it analysed."""
    admin = await asyncpg.connect(url, timeout=10)
    try:
        await admin.execute("SET synchronous_commit = off")
        await admin.execute(_CAMERAS, cameras, timeout=PATIENCE_S)
        for row in await admin.fetch(_DAY, DAYS + 1):
            await admin.execute(row[0])
        await admin.execute(_ALERTS, alerts, timeout=PATIENCE_S)
        await _cases(admin)
        await admin.execute("VACUUM ANALYZE", timeout=PATIENCE_S)  # before there are tracks, whose every page it would write
        await _tracks(url, admin, tracks)
        camera = await admin.fetchrow("SELECT chain_id, store_id, id FROM cameras ORDER BY id LIMIT 1")
        assert camera is not None
        return Filled(*camera)
    finally:
        await admin.close(timeout=5)


async def _tracks(url: str, admin: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    """Over two connections, without their indexes, which are made anew afterwards: that takes a fraction of the time."""
    indexes = await admin.fetch(_INDEXES)
    for index in indexes:
        await admin.execute(f"DROP INDEX {index['name']}")
    firsts = iter(range(1, count + 1, BATCH))

    async def insert() -> None:
        connection = await asyncpg.connect(url, timeout=10)
        try:
            await connection.execute("SET synchronous_commit = off")
            for first in firsts:  # both take from the same
                await connection.execute(_TRACKS, count, first, min(count, first + BATCH - 1), timeout=PATIENCE_S)
        finally:
            await connection.close(timeout=5)

    await asyncio.gather(*(insert() for _ in range(CONNECTIONS)))
    await admin.execute("SET maintenance_work_mem = '256MB'")
    for index in indexes:
        await admin.execute(index["made"], timeout=PATIENCE_S)
    await admin.execute("ANALYZE ai_detections", timeout=PATIENCE_S)


async def _cases(admin: "asyncpg.Connection[asyncpg.Record]") -> None:
    """An incident of every twentieth alert; the clips and stills that a trigger asked for count as lost."""
    await admin.execute(
        "INSERT INTO incidents (id, chain_id, store_id, camera_id, kind, title, opened_at, changed_at)"
        " SELECT gen_random_uuid(), chain_id, store_id, camera_id, 'theft', 'made', raised_at, raised_at FROM"
        " (SELECT *, row_number() OVER () AS n FROM alerts) a WHERE n % 20 = 0",
        timeout=PATIENCE_S,
    )
    # A trigger asked for a clip and a still of each alert: as if all of them had come.
    await admin.execute(
        "UPDATE evidence e SET state = 'lost', reason = 'made', created_at = a.raised_at FROM alerts a WHERE a.id = e.alert_id",
        timeout=PATIENCE_S,
    )
