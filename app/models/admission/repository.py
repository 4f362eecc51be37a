"""SQL of versions that are refused after they were served."""

import uuid
from dataclasses import dataclass
from typing import Final

import asyncpg

from app.kit.postgres import Pool, TenantConnection

ACQUIRE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Served:
    """A pushed version that Triton should serve."""

    chain_id: uuid.UUID
    id: uuid.UUID
    model: str
    version: int
    manifest_sha256: bytes


async def served(pool: "Pool[asyncpg.Record]") -> list[Served]:
    """Of every chain."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        return [Served(**dict(row)) for row in await connection.fetch("SELECT * FROM ready_model_versions()")]


async def refuse(connection: TenantConnection, version_id: uuid.UUID, why: str) -> bool:
    """For good; False where it is refused or retired already."""
    query = "UPDATE model_versions SET state = 'refused', refused_because = $2 WHERE id = $1 AND state = 'ready'"
    return bool(await connection.execute(query, version_id, why[:500]) == "UPDATE 1")
