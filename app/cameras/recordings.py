"""What workers should record, as the heartbeat tells them: evidence that alerts and people ask for."""

import uuid
from typing import Final

import asyncpg

from app.contracts.control import Recording
from app.kit.clock import to_us
from app.kit.postgres import Pool

MOST: Final = 200
"""Recordings one desired state names; those that end first come first."""


async def wanted_recordings(pool: "Pool[asyncpg.Record]", worker_id: uuid.UUID) -> list[Recording]:
    """The recordings of the cameras this worker holds. What nobody can record any more is given up on the way."""
    async with pool.acquire(timeout=5) as connection:
        rows = await connection.fetch("SELECT * FROM evidence_jobs($1, $2)", worker_id, MOST)
    times = ("wanted_from", "wanted_to", "moment")
    return [Recording(row["evidence_id"], row["camera_id"], row["type"], *(to_us(row[each]) for each in times)) for row in rows]
