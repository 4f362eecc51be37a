"""Measured and local match thresholds. Rows are added, never changed; the newest of a list and model holds."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.tenancy.changes.models import ProposedChange


@dataclass(frozen=True, slots=True)
class LocalThreshold:
    """A store's own threshold; `watchlist_id` None: of all its lists."""

    watchlist_id: uuid.UUID | None
    model: str
    model_version: str
    revision: int
    threshold: float
    proposed_by: uuid.UUID
    approved_by: uuid.UUID
    created_at: datetime


async def measured(connection: TenantConnection, model: str, model_version: str) -> tuple[float, float] | None:
    """(threshold, false positive identification rate it stands for) of the newest calibration; None before there is one."""
    row = await connection.fetchrow(
        "SELECT threshold, fpir FROM face_calibrations WHERE model = $1 AND model_version = $2"
        " ORDER BY made_at DESC, id DESC LIMIT 1",
        model,
        model_version,
    )
    return None if row is None else (round(float(row["threshold"]), 6), round(float(row["fpir"]), 9))


async def standing(connection: TenantConnection, store_id: uuid.UUID) -> list[LocalThreshold]:
    """The thresholds of a store that hold."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (watchlist_id, model, model_version) watchlist_id, model, model_version, revision, threshold,"
        " proposed_by, approved_by, created_at FROM match_thresholds WHERE store_id = $1"
        " ORDER BY watchlist_id, model, model_version, revision DESC",
        store_id,
    )
    return [LocalThreshold(**{**dict(row), "threshold": round(float(row["threshold"]), 6)}) for row in rows]


async def add_threshold(connection: TenantConnection, chain_id: uuid.UUID, change: ProposedChange, made: LocalThreshold) -> None:
    """A store's new threshold, by the approved change."""
    await connection.execute(
        "INSERT INTO match_thresholds (id, chain_id, store_id, watchlist_id, model, model_version, revision, threshold,"
        " change_id, proposed_by, approved_by, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new_id(),
        chain_id,
        change.store_id,
        made.watchlist_id,
        made.model,
        made.model_version,
        made.revision,
        made.threshold,
        change.id,
        made.proposed_by,
        made.approved_by,
        made.created_at,
    )
