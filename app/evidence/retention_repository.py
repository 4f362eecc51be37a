"""SQL of retention: rules, what is stored, receipts. Each in the scope of one chain."""

import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.evidence.models import Evidence
from app.evidence.repository import shows
from app.evidence.retention import HELD_AROUND, Held, RetentionClass, Rule
from app.kit.ids import new_id
from app.kit.postgres import Pool, TenantConnection

MOST = 100_000
MOST_STRAYS = 20_000
"""Rows outside their days that one call of `drop_detections` removes (migration 0058)."""
_AROUND = f"interval '{HELD_AROUND.total_seconds():.0f} seconds'"
OF_REQUEST = f"""(EXISTS (SELECT FROM data_requests d WHERE d.store_id = e.store_id AND d.state = 'open'
    AND d.id IS DISTINCT FROM {{but}} AND {shows("d.seen_from", "d.seen_to")}
    AND NOT EXISTS (SELECT FROM data_request_footage f WHERE f.request_id = d.id AND f.evidence_id = e.id
        AND (f.erase_from IS NOT NULL OR NOT f.theirs)))
    OR EXISTS (SELECT FROM data_request_footage f JOIN data_requests d ON d.id = f.request_id WHERE f.evidence_id = e.id
        AND f.theirs AND f.erase_from IS NULL AND d.state = 'open' AND d.id IS DISTINCT FROM {{but}}))"""  # noqa: S608 - no value in it
"""An open request, but for one, holds what may show whoever asks, until a handler said that it does not, or is to be erased; and
what a handler said is theirs, wherever it was found."""
ABOUT = f"""(c.store_id = e.store_id
    AND (c.alert_id = e.alert_id OR {shows(f"c.happened_at - {_AROUND}", f"c.happened_at + {_AROUND}")}))"""
"""Whether a complaint `c` is about what a piece `e` shows, or about its alert."""
OF_COMPLAINT = f"EXISTS (SELECT FROM complaints c WHERE c.state <> 'decided' AND {ABOUT})"
OF_CASE = (
    "EXISTS (SELECT FROM incidents i WHERE i.state <> 'closed' AND (i.id = e.incident_id"
    " OR i.id IN (SELECT a.incident_id FROM incident_alerts a WHERE a.alert_id = e.alert_id)))"
)
_STORED = f"""
SELECT e.id, e.store_id, e.type = 'playback' AS is_playback, e.size, e.present_at AS stored_at,
    e.held OR {OF_REQUEST.format(but="NULL::uuid")} OR {OF_COMPLAINT} AS held,
    count(i.id) FILTER (WHERE i.state <> 'closed')::integer AS open_cases,
    max(i.changed_at) FILTER (WHERE i.state = 'closed') AS closed_at,
    EXISTS (SELECT FROM data_request_footage f WHERE f.evidence_id = e.id AND f.erase_from IS NOT NULL) AS asked
FROM evidence e LEFT JOIN incident_alerts a ON a.alert_id = e.alert_id
    LEFT JOIN incidents i ON i.id = a.incident_id OR i.id = e.incident_id
WHERE e.state = 'present' AND ($2::uuid IS NULL OR e.id = $2) GROUP BY e.id ORDER BY asked DESC, e.present_at LIMIT $1
"""  # noqa: S608 - no value in it
_ERASURES_ASKED = """
SELECT f.request_id, f.evidence_id FROM data_request_footage f JOIN evidence e ON e.id = f.evidence_id
    WHERE f.erase_from >= $1 AND e.state = 'present' LIMIT $2
"""


async def lead(pool: "Pool[asyncpg.Record]", run_id: uuid.UUID, seconds: float) -> bool:
    """Take the lease for so long, or renew it; False where another run has it."""
    async with pool.acquire(timeout=5) as connection:
        done = await connection.execute(
            "UPDATE retention_lease SET holder = $1, expires_at = now() + make_interval(secs => $2)"
            " WHERE expires_at < now() OR holder = $1",
            run_id,
            seconds,
        )
    return bool(done == "UPDATE 1")


async def leave(pool: "Pool[asyncpg.Record]", run_id: uuid.UUID) -> None:
    """Let the next run begin, unless it has."""
    async with pool.acquire(timeout=5) as connection:
        await connection.execute("UPDATE retention_lease SET expires_at = '-infinity' WHERE holder = $1", run_id)


async def drop_detections(pool: "Pool[asyncpg.Record]", keep_days: int) -> tuple[int, int]:
    """Drop the days of tracks that are older, of every chain, some of it at a time: (days, rows that lay elsewhere)."""
    async with pool.acquire(timeout=5) as connection:
        row = await connection.fetchrow("SELECT days, strays FROM drop_detection_partitions($1)", keep_days)
    assert row is not None  # noqa: S101 - it returns one
    return row["days"], row["strays"]


async def chains(pool: "Pool[asyncpg.Record]") -> list[uuid.UUID]:
    """Every chain."""
    async with pool.acquire(timeout=5) as connection:
        return [row[0] for row in await connection.fetch("SELECT * FROM retention_chains()")]


async def rules_of(connection: TenantConnection) -> list[Rule]:
    """The rules in scope."""
    rows = await connection.fetch(
        "SELECT store_id, class, days, most_bytes FROM retention_rules ORDER BY class, store_id NULLS FIRST"
    )
    return [Rule(row["store_id"], RetentionClass(row["class"]), row["days"], row["most_bytes"]) for row in rows]


async def set_rule(connection: TenantConnection, chain_id: uuid.UUID, rule: Rule, at: datetime) -> None:
    """Make or change one rule."""
    await connection.execute(
        "INSERT INTO retention_rules (id, chain_id, store_id, class, days, most_bytes, changed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (chain_id, store_id, class) DO UPDATE SET days = excluded.days, most_bytes = excluded.most_bytes,"
        " changed_at = excluded.changed_at",
        new_id(), chain_id, rule.store_id, rule.kind.value, rule.days, rule.most_bytes, at,
    )  # fmt: skip


async def stored(connection: TenantConnection, only: uuid.UUID | None = None) -> list[Held]:
    """What is stored, first what somebody asked to have erased, then the oldest; `only`: of one piece."""
    return [Held(**dict(row)) for row in await connection.fetch(_STORED, MOST, only)]


async def erasures_asked(connection: TenantConnection, since: datetime) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """(request, piece) of stored pieces whose erasure was asked for since then."""
    return {(row[0], row[1]) for row in await connection.fetch(_ERASURES_ASKED, since, MOST)}


async def leaving(connection: TenantConnection) -> list[uuid.UUID]:
    """Pieces whose deletion began and has no receipt yet: a run ended in between."""
    rows = await connection.fetch("SELECT id FROM evidence WHERE state = 'deleted' AND deleted_at IS NULL LIMIT $1", MOST)
    return [row["id"] for row in rows]


async def over_exports(connection: TenantConnection, at: datetime) -> list[tuple[uuid.UUID, str | None]]:
    """(export, key) of packages whose link is over, or whose piece is gone and shows somebody who asked for their data."""
    rows = await connection.fetch(
        "SELECT id, s3_key FROM evidence_exports x WHERE state <> 'ended' AND (expires_at <= $1 OR EXISTS (SELECT FROM"
        " data_request_footage f JOIN evidence e ON e.id = f.evidence_id WHERE f.evidence_id = x.evidence_id"
        " AND (e.state = 'deleted' AND f.erase_from IS NOT NULL OR e.state IN ('deleted', 'lost') AND f.theirs))) LIMIT $2",
        at,
        MOST,
    )
    return [(row["id"], row["s3_key"]) for row in rows]


async def known_keys(connection: TenantConnection) -> set[str]:
    """Keys of objects that rows of this chain still need."""
    rows = await connection.fetch(
        "SELECT s3_key FROM evidence WHERE s3_key IS NOT NULL AND state IN ('uploading', 'present')"
        " UNION ALL SELECT s3_key FROM evidence_exports WHERE s3_key IS NOT NULL AND state <> 'ended'"
    )
    return {row["s3_key"] for row in rows}


async def sample_of_keys(connection: TenantConnection, most: int) -> list[str]:
    """Keys of pieces that should be stored, drawn by lot."""
    rows = await connection.fetch("SELECT s3_key FROM evidence WHERE state = 'present' ORDER BY random() LIMIT $1", most)
    return [row["s3_key"] for row in rows]


async def was_released(connection: TenantConnection, evidence_id: uuid.UUID) -> bool:
    """Whether somebody lifted a legal hold on it."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM evidence_custody WHERE evidence_id = $1 AND act = 'released')", evidence_id
    )
    return found


async def present_keys(connection: TenantConnection) -> dict[uuid.UUID, str]:
    """The key of each piece that should be stored."""
    rows = await connection.fetch("SELECT id, s3_key FROM evidence WHERE state = 'present' LIMIT $1", MOST)
    return {row["id"]: row["s3_key"] for row in rows}


async def add_receipt(
    connection: TenantConnection, piece: Evidence | None, chain_id: uuid.UUID, key: str, kind: str, reason: str, at: datetime
) -> None:
    """Say for good that something was deleted, and why."""
    values: tuple[Any, ...] = (None, None, None, None)
    if piece is not None:
        values = (piece.store_id, piece.id, piece.size, piece.sha256)
    await connection.execute(
        "INSERT INTO deletion_receipts (id, chain_id, store_id, evidence_id, size, sha256, class, s3_key, reason, deleted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        new_id(), chain_id, *values, kind, key, reason, at,
    )  # fmt: skip


async def receipts(connection: TenantConnection, limit: int) -> list["asyncpg.Record"]:
    """The newest receipts."""
    return list(await connection.fetch("SELECT * FROM deletion_receipts ORDER BY deleted_at DESC, id DESC LIMIT $1", limit))
