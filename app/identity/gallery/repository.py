"""SQL of the gallery's loader: what may be searched, through the `gallery_*` functions, which show no name and no reason."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import asyncpg
import numpy as np
import numpy.typing as npt

from app.identity.decision.thresholds import Calibrated
from app.kit.postgres import TenantConnection

Connection = asyncpg.pool.PoolConnectionProxy
MOST_VECTORS = 10_000
_HEAD_BYTES = 4
"""A halfvec travels as its dimensions, two bytes of nothing, then big-endian half-precision numbers."""


class Kind(NamedTuple):
    """Vectors that may be compared: of one model version, turned by one rotation."""

    model: str
    version: str
    rotation: int


class Entry(NamedTuple):
    """A template that may be searched, without its vector."""

    profile_id: uuid.UUID
    enrolment_id: uuid.UUID
    person_id: uuid.UUID
    watchlist_id: uuid.UUID
    category: str
    expires_at: datetime
    dimensions: int


class Assignment(NamedTuple):
    """A list that is searched in a store, from when until when."""

    watchlist_id: uuid.UUID
    store_id: uuid.UUID
    starts_at: datetime
    ends_at: datetime | None


class Local(NamedTuple):
    """A store's own threshold; `watchlist_id` None: for all lists."""

    store_id: uuid.UUID
    watchlist_id: uuid.UUID | None
    model: str
    version: str
    threshold: float


class Seed(NamedTuple):
    """A sealed rotation."""

    rotation_id: uuid.UUID
    version: int
    sealed: bytes


async def revisions(connection: "Connection[asyncpg.Record]") -> dict[uuid.UUID, int]:
    """Of every chain's gallery."""
    return {row["chain_id"]: row["revision"] for row in await connection.fetch("SELECT chain_id, revision FROM gallery_state()")}


async def kinds(connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID) -> list[Kind]:
    """What kinds of templates a chain has."""
    return [
        Kind(*row) for row in await connection.fetch("SELECT model, model_version, rotation FROM gallery_kinds($1)", chain_id)
    ]


async def entries(connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID, kind: Kind) -> dict[uuid.UUID, Entry]:
    """Templates of a kind that may be searched now, by profile."""
    rows = await connection.fetch(
        "SELECT profile_id, enrolment_id, person_id, watchlist_id, category, expires_at, dimensions"
        " FROM gallery_listed($1, $2, $3, $4)",
        chain_id,
        *kind,
        timeout=60,
    )
    return await asyncio.to_thread(lambda: {row["profile_id"]: Entry(*row) for row in rows})


async def vectors(
    connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID, kind: Kind, profiles: Sequence[uuid.UUID]
) -> dict[uuid.UUID, npt.NDArray[np.float32]]:
    """The stored vectors of `MOST_VECTORS` templates at most; one that has gone meanwhile is absent."""
    rows = await connection.fetch(
        "SELECT profile_id, halfvec_send(embeddings) AS raw FROM gallery_vectors($1, $2, $3, $4, $5::uuid[])",
        chain_id,
        *kind,
        list(profiles[:MOST_VECTORS]),
        timeout=60,
    )
    return await asyncio.to_thread(lambda: {row["profile_id"]: _floats(row["raw"]) for row in rows})


def _floats(raw: bytes) -> npt.NDArray[np.float32]:
    return np.frombuffer(raw, ">f2", offset=_HEAD_BYTES).astype(np.float32)


async def assignments(connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID) -> list[Assignment]:
    """Where the chain's lists are searched."""
    rows = await connection.fetch("SELECT watchlist_id, store_id, starts_at, ends_at FROM gallery_assignments($1)", chain_id)
    return [Assignment(*row) for row in rows]


async def thresholds(connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID) -> list[Local]:
    """Stores' own thresholds."""
    rows = await connection.fetch(
        "SELECT store_id, watchlist_id, model, model_version, threshold FROM gallery_thresholds($1)", chain_id
    )
    return [Local(*row) for row in rows]


async def suspended(connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID) -> frozenset[uuid.UUID]:
    """Stores and cameras that do not match for now."""
    rows = await connection.fetch("SELECT store_id, camera_id FROM gallery_suspensions($1)", chain_id)
    return frozenset(row["camera_id"] or row["store_id"] for row in rows)


async def seeds(connection: "Connection[asyncpg.Record]", chain_id: uuid.UUID) -> list[Seed]:
    """The chain's sealed rotations."""
    return [Seed(*row) for row in await connection.fetch("SELECT id, version, seed FROM gallery_rotations($1)", chain_id)]


async def calibrated(connection: "Connection[asyncpg.Record] | TenantConnection") -> Calibrated:
    """The newest calibrations that the role may see: of everybody, and of each chain on pictures and on strangers."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (chain_id, model, model_version, on_pictures) chain_id, model, model_version, threshold, details,"
        " coalesce(details->>'measured_on', '') = 'pictures' AS on_pictures"
        " FROM face_calibrations ORDER BY chain_id, model, model_version, on_pictures, made_at DESC, id DESC"
    )
    return {
        (row["chain_id"], row["model"], row["model_version"], row["chain_id"] is not None and row["on_pictures"]): (
            round(float(row["threshold"]), 6), row["details"],
        )
        for row in rows
    }  # fmt: skip
