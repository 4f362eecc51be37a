"""What readiness asks of the database."""

import asyncpg

from app.kit.ids import SHARDS
from app.kit.postgres import Pool


async def ping(pool: "Pool[asyncpg.Record]") -> None:
    """One round trip."""
    async with pool.acquire(timeout=3) as connection:
        await connection.execute("SELECT 1", timeout=3)


async def shards_owned(pool: "Pool[asyncpg.Record]") -> tuple[int, int]:
    """(shards with a living owner, all shards)."""
    async with pool.acquire(timeout=3) as connection:
        owned: int = await connection.fetchval("SELECT shards_owned()", timeout=3)
    return owned, SHARDS
