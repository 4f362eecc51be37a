"""SQL of following visits: one look at a store's recent tracks at a time, and what becomes of their visits."""

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import numpy as np

from app.kit.clock import from_us
from app.kit.postgres import Pool
from app.perception.ground import Point
from app.pipeline.transaction_repository import bounded_transaction
from app.visits.linking import LONGEST_PIECE_S, UNDECIDED_S, WINDOW_S
from app.visits.models import Key, Passage, Stand, Track
from app.visits.visits import Changes

Connection = asyncpg.pool.PoolConnectionProxy
UNDECIDED: Final = timedelta(seconds=UNDECIDED_S)
WINDOW: Final = timedelta(seconds=WINDOW_S)
LONGEST: Final = timedelta(seconds=LONGEST_PIECE_S)
AHEAD: Final = timedelta(seconds=10)
"""A track that ends farther in the future waits for its time: its camera's clock is ahead."""
MOST_TRACKS: Final = 20_000
"""Of one look; 64 cameras with ten people in each picture have 12,000 in the window."""
_TRACKS = """
SELECT d.camera_id, d.epoch, d.track_id, d.started_at, d.ended_at, d.width, d.height, substring(d.boxes FROM 1 FOR 20) AS first,
    substring(d.boxes FROM octet_length(d.boxes) - 19) AS last, s.visit_id, s.rivals,
    (SELECT min(v.started_at) FROM visit_sightings v WHERE v.visit_id = s.visit_id) AS visit_began
FROM ai_detections d LEFT JOIN visit_sightings s USING (camera_id, epoch, track_id, started_at)
WHERE d.store_id = $1 AND d.started_at > $2::timestamptz - $4::interval AND d.ended_at > $2 AND d.ended_at <= $6
    AND octet_length(d.boxes) >= 20
    AND d.started_at >= (
        SELECT min(p.created_at) FROM site_policies p WHERE p.store_id = $1 AND p.re_identification AND NOT EXISTS (
            SELECT FROM site_policies q WHERE q.store_id = $1 AND q.revision > p.revision AND NOT q.re_identification))
    AND (d.ended_at > $3 OR s.visit_id IS NULL OR NOT EXISTS (
        SELECT FROM visit_sightings n WHERE n.visit_id = s.visit_id AND n.started_at > d.started_at AND n.ended_at <= $3))
ORDER BY d.ended_at DESC LIMIT $5
"""
_PUT = """
INSERT INTO visit_sightings AS s (camera_id, epoch, track_id, started_at, chain_id, store_id, ended_at, visit_id, rivals)
SELECT camera_id, epoch, track_id, started_at, $2, $3, ended_at, visit_id, rivals FROM jsonb_to_recordset($1) AS given(
    camera_id uuid, epoch bigint, track_id numeric, started_at timestamptz, ended_at timestamptz, visit_id uuid, rivals integer)
ON CONFLICT (camera_id, epoch, track_id, started_at) DO UPDATE SET visit_id = excluded.visit_id, rivals = excluded.rivals
    WHERE (s.visit_id, s.rivals) IS DISTINCT FROM (excluded.visit_id, excluded.rivals)
"""
_MOVED = """
SELECT EXISTS (SELECT FROM jsonb_to_recordset($1) AS given(
    camera_id uuid, epoch bigint, track_id numeric, started_at timestamptz, visit_id uuid)
    LEFT JOIN visit_sightings s USING (camera_id, epoch, track_id, started_at)
    WHERE s.visit_id IS DISTINCT FROM given.visit_id)
"""
_DROP = """
DELETE FROM visit_sightings s USING jsonb_to_recordset($1) AS g(
    camera_id uuid, epoch bigint, track_id numeric, started_at timestamptz)
WHERE s.camera_id = g.camera_id AND s.epoch = g.epoch AND s.track_id = g.track_id AND s.started_at = g.started_at
"""
_DROP_ALONE = """
DELETE FROM visit_sightings WHERE visit_id IN (
    SELECT visit_id FROM visit_sightings WHERE visit_id = ANY ($1::uuid[]) GROUP BY visit_id HAVING count(*) = 1)
"""


@asynccontextmanager
async def short_transaction(pool: "Pool[asyncpg.Record]") -> "AsyncIterator[Connection[asyncpg.Record]]":
    """One for reading what a look needs, or for writing what came of it; none is held while tracks are joined."""
    async with bounded_transaction(pool) as connection:
        yield connection


async def present(connection: "Connection[asyncpg.Record]") -> datetime:
    """The database's clock."""
    moment: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return moment


async def tracks_of(connection: "Connection[asyncpg.Record]", store_id: uuid.UUID, at: datetime) -> list[Track]:
    """The tracks that are undecided at `at`, and those before that nothing decided comes after; the newest MOST_TRACKS.

    What began before the store's switch went on is left out: nobody was told of it then.
    """
    rows = await connection.fetch(_TRACKS, store_id, at - WINDOW, at - UNDECIDED, LONGEST, MOST_TRACKS, at + AHEAD)
    return [_track(row) for row in rows]


def _track(row: "asyncpg.Record") -> Track:
    width, height = max(row["width"], 1), max(row["height"], 1)
    ends = np.frombuffer(row["first"] + row["last"], "<f4").reshape(2, 5)[:, 1:] / (width, height, width, height)
    first, last = (Stand((x1 + x2) / 2, y2, y2 - y1) for x1, y1, x2, y2 in ends.tolist())
    key = Key(row["camera_id"], row["epoch"], int(row["track_id"]), row["started_at"])
    times = row["started_at"].timestamp(), row["ended_at"].timestamp()
    began = row["visit_began"]
    visit = row["visit_id"], row["rivals"] or 0, None if began is None else began.timestamp()
    return Track(key, *times, first, last, width / height, *visit)


async def passages_of(connection: "Connection[asyncpg.Record]", store_id: uuid.UUID) -> list[Passage]:
    """The drawn ways of a store; one whose zone was removed is none until it is drawn anew."""
    rows = await connection.fetch(
        "SELECT l.camera_a, l.camera_b, l.metres, a.polygon AS area_a, b.polygon AS area_b FROM camera_links l"
        " LEFT JOIN zones a ON a.id = l.zone_a AND a.deleted_at IS NULL"
        " LEFT JOIN zones b ON b.id = l.zone_b AND b.deleted_at IS NULL"
        " WHERE l.store_id = $1 AND (l.zone_a IS NULL) = (a.id IS NULL) AND (l.zone_b IS NULL) = (b.id IS NULL)",
        store_id,
    )
    return [Passage(row[0], row[1], row[2], _area(row[3]), _area(row[4])) for row in rows]


def _area(polygon: Sequence[Sequence[float]] | None) -> list[Point] | None:
    return None if polygon is None else [(float(x), float(y)) for x, y in polygon]


async def put_changes(
    connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID, store_id: uuid.UUID, tracks: Sequence[Track], done: Changes
) -> bool:
    """Write them, and drop visits of which one track is left. False, and nothing written, where another process was faster.

    Raises:
        asyncpg.InsufficientPrivilegeError: the store's switch has gone off meanwhile.
    """
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"visits {store_id}")
    touched = [tracks[index] for index in (*done.dropped, *(index for index, _, _ in done.put))]
    if await connection.fetchval(_MOVED, [{**_named(track.key), "visit_id": track.visit_id} for track in touched]):
        return False
    if done.dropped:
        await connection.execute(_DROP, [_named(tracks[index].key) for index in done.dropped])
    if done.put:
        rows = [
            {
                **_named(tracks[index].key),
                "ended_at": from_us(round(tracks[index].ended_s * 1e6)),
                "visit_id": visit,
                "rivals": rivals,
            }
            for index, visit, rivals in done.put
        ]
        await connection.execute(_PUT, rows, chain_id, store_id)
    left = {track.visit_id for track in touched if track.visit_id is not None}
    await connection.execute(_DROP_ALONE, list(left))
    return True


def _named(key: Key) -> dict[str, object]:
    return {"camera_id": key.camera_id, "epoch": key.epoch, "track_id": key.track_id, "started_at": key.started_at}


async def forget_visits(pool: "Pool[asyncpg.Record]", keep: timedelta, keep_closed: timedelta) -> int | None:
    """Delete sightings whose time is over, or whose store follows none any more; how many went. None where another does it."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock(hashtextextended('forget visits', 0))"):
            return None
        return int(await connection.fetchval("SELECT forget_visits($1, $2)", keep, keep_closed))
