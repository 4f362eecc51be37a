"""SQL of shadow runs."""

import uuid
from datetime import timedelta
from typing import Any, Final

import asyncpg

from app.contracts.models import ShadowSums
from app.kit.errors import NotFoundError
from app.kit.postgres import Pool, TenantConnection
from app.models.readings.repository import MOST_CAMERAS, summed
from app.models.shadows.models import Agreement, Disagreed, Shadow

ACQUIRE_S: Final = 5.0
LONGEST: Final = timedelta(days=7)
"""A run ends by itself: pictures are kept for what is being decided, not for good."""
_SHADOW: Final = "SELECT id, model, version, share, started_at, ended_at FROM model_shadows "
_SUMS: Final = summed(ShadowSums)


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


async def start(connection: TenantConnection, chain_id: uuid.UUID, made: Shadow, by: uuid.UUID) -> None:
    """Begin one; none of this model may run."""
    await connection.execute(
        "INSERT INTO model_shadows (id, chain_id, model, version, share, started_by, started_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        made.id, chain_id, made.model, made.version, made.share, by, made.started_at,
    )  # fmt: skip


async def end(connection: TenantConnection, shadow_id: uuid.UUID) -> None:
    """It runs no longer; what it showed stays."""
    await connection.execute("UPDATE model_shadows SET ended_at = now() WHERE id = $1 AND ended_at IS NULL", shadow_id)


async def agreements(connection: TenantConnection, shadow_id: uuid.UUID) -> dict[uuid.UUID, Agreement]:
    """What each camera compared, with any version; at most `MOST_CAMERAS` of them."""
    rows = await connection.fetch(
        f"SELECT camera_id, {_SUMS} FROM model_comparisons WHERE shadow_id = $1 GROUP BY camera_id ORDER BY camera_id LIMIT $2",  # noqa: S608 - names of fields
        shadow_id, MOST_CAMERAS,
    )  # fmt: skip
    return {camera_id: Agreement(**sums) for camera_id, sums in ((row["camera_id"], _sums(row)) for row in rows)}


async def total(connection: TenantConnection, shadow_id: uuid.UUID, against: int | None = None) -> Agreement:
    """What all cameras compared: with this version, or with any."""
    row = await connection.fetchrow(
        f"SELECT {_SUMS} FROM model_comparisons WHERE shadow_id = $1 AND ($2::integer IS NULL OR against = $2)",  # noqa: S608 - names of fields
        shadow_id, against,
    )  # fmt: skip
    assert row is not None  # noqa: S101 - an aggregate without GROUP BY has one row
    return Agreement(**_sums(row))


def _sums(row: "asyncpg.Record") -> dict[str, Any]:
    return {name: row[name] for name in ShadowSums.__struct_fields__}


async def disagreements(connection: TenantConnection, shadow_id: uuid.UUID) -> list[Disagreed]:
    """Kept frames, the worst first."""
    rows = await connection.fetch(
        "SELECT id, camera_id, captured_at, only_old, only_new, likeness FROM model_disagreements"
        " WHERE shadow_id = $1 AND picture IS NOT NULL"
        " ORDER BY only_old + only_new DESC, likeness, captured_at DESC, id",
        shadow_id,
    )
    return [Disagreed(**dict(row)) for row in rows]


async def still(connection: TenantConnection, disagreement_id: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID, bytes]:
    """(camera, its store, sealed JPEG) of a kept frame; NotFoundError for one that is gone."""
    query = (
        "SELECT d.camera_id, c.store_id, d.picture FROM model_disagreements d JOIN cameras c ON c.id = d.camera_id"
        " WHERE d.id = $1 AND d.picture IS NOT NULL"
    )
    row = await connection.fetchrow(query, disagreement_id)
    if row is None:
        raise NotFoundError("There is no such picture, or it was deleted after its time.")
    return row["camera_id"], row["store_id"], bytes(row["picture"])


async def overdue(pool: "Pool[asyncpg.Record]") -> list[tuple[uuid.UUID, str]]:
    """(chain, model) of every run that nobody ended in time."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        rows = await connection.fetch("SELECT * FROM overdue_model_shadows($1)", LONGEST)
    return [(row["chain_id"], row["model"]) for row in rows]
