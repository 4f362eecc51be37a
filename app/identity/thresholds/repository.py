"""Measured and local match thresholds. Rows are added, never changed; the newest of a list and model holds."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.inference.face_client import FACE_MODEL, FACE_VERSION
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.models.models import OWN_FACES
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


@dataclass(frozen=True, slots=True)
class SearchedList:
    """A list that is searched in a store, and how many people are compared with there."""

    watchlist_id: uuid.UUID
    name: str
    templates: int


@dataclass(frozen=True, slots=True)
class Footfall:
    """Strangers whose faces a store's cameras compared in the last days: tracks, on how many days."""

    searches: int
    days: int

    @property
    def a_day(self) -> float | None:
        """None before any was counted."""
        return self.searches / self.days if self.days else None


FOOTFALL_DAYS = 28


async def searched_lists(connection: TenantConnection, store_id: uuid.UUID) -> list[SearchedList]:
    """Lists that are searched in a store now, with their active entries."""
    rows = await connection.fetch(
        "SELECT w.id, w.name, (SELECT count(*) FROM enrolments e WHERE e.watchlist_id = w.id AND e.state = 'approved'"
        " AND e.expires_at > now()) AS templates FROM watchlists w JOIN watchlist_assignments a ON a.watchlist_id = w.id"
        " WHERE a.store_id = $1 AND a.state = 'approved' AND a.starts_at <= now() AND (a.ends_at IS NULL OR a.ends_at > now())"
        " AND w.retired_at IS NULL ORDER BY w.created_at, w.id",
        store_id,
    )
    return [SearchedList(*row) for row in rows]


async def footfall(connection: TenantConnection, store_id: uuid.UUID, model: str, model_version: str) -> Footfall:
    """Of the last four weeks."""
    row = await connection.fetchrow(
        "SELECT coalesce(sum(searches), 0) AS searches, count(*) AS days FROM stranger_scores"
        " WHERE store_id = $1 AND model = $2 AND model_version = $3 AND day > current_date - $4::int",
        store_id,
        model,
        model_version,
        FOOTFALL_DAYS,
    )
    return Footfall(int(row["searches"]), int(row["days"])) if row else Footfall(0, 0)


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


async def version_in_use(connection: TenantConnection) -> str:
    """Of the face embedding, in the scope's chain: the released one, or what was promoted for all cameras."""
    found = await connection.fetchval("SELECT stable FROM model_pointers WHERE model = $1", FACE_MODEL)
    return FACE_VERSION if found is None or OWN_FACES else str(found)
