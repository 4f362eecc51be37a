"""SQL of shadow runs."""

import uuid
from datetime import timedelta
from typing import Any, Final

import asyncpg

from app.contracts.models import LATENCIES
from app.kit.errors import NotFoundError
from app.kit.postgres import Pool, TenantConnection
from app.models.shadows.models import Agreement, Disagreed, Shadow

MOST_CAMERAS: Final = 5_000
ACQUIRE_S: Final = 5.0
LONGEST: Final = timedelta(days=7)
"""A run ends by itself: pictures are kept for what is being decided, not for good."""
_SHADOW: Final = "SELECT id, model, version, share, started_by, started_at, ended_at FROM model_shadows "
_SUMS: Final = (
    "frames", "failures", "skipped", "agreeing", "both", "only_old", "only_new", "overlap_sum", "likeness_sum", "likened",
    "shift_sum", "shift_squares",
)  # fmt: skip


def _shadow(row: "asyncpg.Record") -> Shadow:
    return Shadow(**dict(row))


async def running(connection: TenantConnection, model: str) -> Shadow | None:
    """The one that runs."""
    row = await connection.fetchrow(_SHADOW + "WHERE model = $1 AND ended_at IS NULL", model)
    return None if row is None else _shadow(row)


async def newest(connection: TenantConnection, model: str) -> Shadow | None:
    """The one that runs, else the last that ran."""
    row = await connection.fetchrow(_SHADOW + "WHERE model = $1 ORDER BY started_at DESC, id DESC LIMIT 1", model)
    return None if row is None else _shadow(row)


async def newest_of(connection: TenantConnection, model: str, version: int) -> Shadow | None:
    """The last run of this version."""
    query = _SHADOW + "WHERE model = $1 AND version = $2 ORDER BY started_at DESC, id DESC LIMIT 1"
    row = await connection.fetchrow(query, model, version)
    return None if row is None else _shadow(row)


async def start(connection: TenantConnection, chain_id: uuid.UUID, made: Shadow) -> None:
    """Begin one; none of this model may run."""
    await connection.execute(
        "INSERT INTO model_shadows (id, chain_id, model, version, share, started_by, started_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        made.id, chain_id, made.model, made.version, made.share, made.started_by, made.started_at,
    )  # fmt: skip


async def end(connection: TenantConnection, shadow_id: uuid.UUID) -> None:
    """It runs no longer; what it showed stays."""
    await connection.execute("UPDATE model_shadows SET ended_at = now() WHERE id = $1 AND ended_at IS NULL", shadow_id)


async def agreements(
    connection: TenantConnection, shadow_id: uuid.UUID, against: int | None = None
) -> dict[uuid.UUID, Agreement]:
    """What each camera compared: with this version, or with any."""
    rows = await connection.fetch(
        "SELECT * FROM model_comparisons WHERE shadow_id = $1 AND ($2::integer IS NULL OR against = $2)"
        " ORDER BY camera_id, against LIMIT $3",
        shadow_id, against, MOST_CAMERAS,
    )  # fmt: skip
    found: dict[uuid.UUID, list[Agreement]] = {}
    for row in rows:
        found.setdefault(row["camera_id"], []).append(_agreement(row))
    return {camera_id: Agreement.of(several) for camera_id, several in found.items()}


def _agreement(row: "asyncpg.Record") -> Agreement:
    sums: dict[str, Any] = {name: row[name] for name in _SUMS}
    old, new = ((*row[name], *(0,) * LATENCIES)[:LATENCIES] for name in ("latency_old", "latency_new"))
    return Agreement(**sums, latency_old=tuple(old), latency_new=tuple(new))


async def disagreements(connection: TenantConnection, shadow_id: uuid.UUID) -> list[Disagreed]:
    """Kept frames, the worst first."""
    rows = await connection.fetch(
        "SELECT id, camera_id, captured_at, against, only_old, only_new, likeness FROM model_disagreements WHERE shadow_id = $1"
        " ORDER BY only_old + only_new DESC, likeness, captured_at DESC, id",
        shadow_id,
    )
    return [Disagreed(**dict(row)) for row in rows]


async def still(connection: TenantConnection, disagreement_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID, bytes]:
    """(camera, its store, JPEG) of a kept frame; NotFoundError for one that is gone."""
    query = (
        "SELECT d.camera_id, c.store_id, d.still FROM model_disagreements d JOIN cameras c ON c.id = d.camera_id WHERE d.id = $1"
    )
    row = await connection.fetchrow(query, disagreement_id)
    if row is None:
        raise NotFoundError("There is no such picture, or it was deleted after its time.")
    return row["camera_id"], row["store_id"], bytes(row["still"])


async def overdue(pool: "Pool[asyncpg.Record]") -> list[tuple[uuid.UUID, str]]:
    """(chain, model) of every run that nobody ended in time."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        rows = await connection.fetch("SELECT * FROM overdue_model_shadows($1)", LONGEST)
    return [(row["chain_id"], row["model"]) for row in rows]
