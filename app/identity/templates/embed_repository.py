"""SQL of templates that another model version made."""

import uuid
from collections.abc import Collection
from datetime import datetime

import asyncpg

from app.kit.postgres import Pool, TenantConnection


async def chains_to_embed(pool: "Pool[asyncpg.Record]", model: str, version: str) -> list[uuid.UUID]:
    """Chains with templates of another model or version, in stores whose face switch is on."""
    return [row["chain_id"] for row in await pool.fetch("SELECT chain_id FROM chains_to_embed($1, $2)", model, version)]


async def pushed_versions(pool: "Pool[asyncpg.Record]") -> list[tuple[uuid.UUID, str, bool]]:
    """(chain, version, whether it is over) of face versions that chains pushed and that have, or should have, templates."""
    rows = await pool.fetch("SELECT chain_id, version, over FROM pushed_face_versions()")
    return [(row["chain_id"], str(row["version"]), row["over"]) for row in rows]


async def drop_of(connection: TenantConnection, model: str, version: str) -> int:
    """Remove what a retired version made; how many."""
    done: str = await connection.execute("DELETE FROM facial_profiles WHERE model = $1 AND model_version = $2", model, version)
    return int(done.split()[-1])


async def entries_to_embed(
    connection: TenantConnection, model: str, version: str, most: int, without: Collection[uuid.UUID]
) -> list[uuid.UUID]:
    """Living entries with a picture and no template of this version, the approved ones first."""
    rows = await connection.fetch(
        "SELECT e.id FROM enrolments e WHERE e.ended_at IS NULL AND e.id <> ALL ($4::uuid[]) AND store_runs(e.store_id, 'face')"
        " AND EXISTS (SELECT FROM enrolment_images i WHERE i.enrolment_id = e.id) AND NOT EXISTS (SELECT FROM facial_profiles p"
        " WHERE p.enrolment_id = e.id AND p.model = $1 AND p.model_version = $2)"
        " ORDER BY e.state <> 'approved', e.id LIMIT $3",
        model,
        version,
        most,
        list(without),
    )
    return [row["id"] for row in rows]


async def has_template(connection: TenantConnection, enrolment_id: uuid.UUID, model: str, version: str) -> bool:
    """Whether this version has embedded it."""
    query = "SELECT EXISTS (SELECT FROM facial_profiles WHERE enrolment_id = $1 AND model = $2 AND model_version = $3)"
    return bool(await connection.fetchval(query, enrolment_id, model, version))


async def drop_earlier(connection: TenantConnection, model: str, version: str, made_before: datetime) -> int:
    """Remove templates that another version made before this version's own, which has stood since `made_before`; how many.

    What was made after it is a newer release's, which serves beside this one while the product is updated. What a version made
    that the chain pushed stays until that is retired.
    """
    done: str = await connection.execute(
        "DELETE FROM facial_profiles p WHERE (p.model <> $1 OR p.model_version <> $2) AND EXISTS (SELECT FROM facial_profiles n"
        " WHERE n.enrolment_id = p.enrolment_id AND n.model = $1 AND n.model_version = $2 AND n.created_at < $3"
        " AND p.created_at < n.created_at) AND NOT EXISTS (SELECT FROM model_versions v WHERE v.model = p.model"
        " AND v.version::text = p.model_version AND v.state IN ('ready', 'retiring'))",
        model,
        version,
        made_before,
    )
    return int(done.split()[-1])
