"""A store's policy as anybody may read it, through a function that returns nothing else."""

import uuid

import asyncpg

from app.kit.postgres import Pool
from app.tenancy.notice.models import PublicPolicy
from app.tenancy.policy.models import Switches


async def find_public_policy(pool: "Pool[asyncpg.Record]", public_id: uuid.UUID) -> PublicPolicy | None:
    """The store of a public id; None for one that no store has."""
    async with pool.acquire(timeout=5) as connection:
        row = await connection.fetchrow("SELECT * FROM public_policy($1)", public_id)
    if row is None:
        return None
    return PublicPolicy(
        public_id=public_id,
        chain=row["chain_name"],
        store=row["store_name"],
        demo=row["demo"],
        revision=row["revision"],
        switches=Switches(row["face"], row["gait"], row["re_identification"]),
        legal_basis=row["legal_basis"],
        notice_text=row["notice_text"],
        since=row["since"],
    )
