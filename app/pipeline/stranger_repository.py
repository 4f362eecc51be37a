"""SQL of the counts of strangers' scores and of what is measured on them."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np

from app.identity.decision.strangers import StrangerScores
from app.kit.clock import now
from app.kit.ids import new_id
from app.kit.postgres import Pool

Connection = asyncpg.pool.PoolConnectionProxy
KEPT_DAYS = 90
_MEASURING = 6_204_117
"""Advisory lock: one process writes a measurement at a time."""


@dataclass(frozen=True, slots=True)
class Made:
    """A chain's measurement: the threshold of one template at a false positive rate, and the curves behind it."""

    chain_id: uuid.UUID
    model: str
    version: str
    fpir: float
    threshold: float
    details: Mapping[str, Any]


async def add_counts(pool: "Pool[asyncpg.Record]", place: tuple[uuid.UUID, uuid.UUID, str, str], counts: StrangerScores) -> None:
    """Add to the row of today. A store whose face switch went off meanwhile keeps what it had."""
    async with pool.acquire(timeout=5) as connection:
        await connection.execute(
            "INSERT INTO stranger_scores AS s (chain_id, store_id, model, model_version, day, searches, comparisons, bins)"
            " SELECT $1, $2, $3, $4, $5, $6, $7, $8::int[] WHERE store_runs($2, 'face')"
            " ON CONFLICT (store_id, model, model_version, day) DO UPDATE SET searches = s.searches + excluded.searches,"
            " comparisons = s.comparisons + excluded.comparisons,"
            " bins = ARRAY(SELECT a + b FROM unnest(s.bins, excluded.bins) WITH ORDINALITY AS u(a, b, n) ORDER BY n)",
            *place,
            now().date(),
            counts.searches,
            counts.comparisons,
            counts.bins.tolist(),
            timeout=5,
        )


async def forget_counts(connection: "Connection[asyncpg.Record]") -> None:
    """Old counts."""
    await connection.execute("DELETE FROM stranger_scores WHERE day < current_date - $1::int", KEPT_DAYS)


async def to_measure(
    connection: "Connection[asyncpg.Record]", least: int, days: int
) -> list[tuple[uuid.UUID, str, str, float | None]]:
    """(chain, model, version, its present threshold) with enough strangers."""
    rows = await connection.fetch(
        "SELECT s.chain_id, s.model, s.model_version, (SELECT c.threshold FROM face_calibrations c WHERE c.chain_id = s.chain_id"
        " AND c.model = s.model AND c.model_version = s.model_version AND c.details->>'measured_on' IS DISTINCT FROM 'pictures'"
        " ORDER BY c.made_at DESC, c.id DESC LIMIT 1)"
        " FROM stranger_scores s WHERE s.day > current_date - $2::int GROUP BY 1, 2, 3 HAVING sum(s.searches) >= $1",
        least,
        days,
    )
    return [tuple(row) for row in rows]


async def counts_of(
    connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID, model: str, version: str, days: int
) -> list[StrangerScores]:
    """Of each store and day."""
    rows = await connection.fetch(
        "SELECT bins, comparisons FROM stranger_scores WHERE chain_id = $1 AND model = $2 AND model_version = $3"
        " AND day > current_date - $4::int",
        chain_id,
        model,
        version,
        days,
    )
    return [StrangerScores(np.array(row["bins"], np.int64), row["comparisons"]) for row in rows]


async def false_leads(
    connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID, model: str, version: str, days: int
) -> list[float]:
    """Scores of leads that reviewers found to be somebody else: strangers, too."""
    rows = await connection.fetch(
        "SELECT match_score FROM matches WHERE chain_id = $1 AND model = $2 AND model_version = $3 AND state = 'rejected'"
        " AND raised_at > now() - make_interval(days => $4) LIMIT 10000",
        chain_id,
        model,
        version,
        days,
    )
    return [float(row["match_score"]) for row in rows]


async def add_calibration(connection: "Connection[asyncpg.Record]", made: Made, before: float | None) -> bool:
    """What was measured for a chain, if the threshold that it began with still stands; False where somebody was faster."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _MEASURING, timeout=5)
        done: str = await connection.execute(
            "INSERT INTO face_calibrations (id, chain_id, model, model_version, fpir, threshold, details, made_at)"
            " SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT c.threshold FROM face_calibrations c WHERE c.chain_id = $2"
            " AND c.model = $3 AND c.model_version = $4 AND c.details->>'measured_on' IS DISTINCT FROM 'pictures'"
            " ORDER BY c.made_at DESC, c.id DESC LIMIT 1) IS NOT DISTINCT FROM $9",
            new_id(),
            made.chain_id,
            made.model,
            made.version,
            made.fpir,
            max(-1.0, min(1.0, made.threshold)),
            made.details,
            now(),
            before,
        )
    return done == "INSERT 0 1"
