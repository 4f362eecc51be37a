"""SQL of model versions and pointers."""

import uuid

import asyncpg

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.models.models import RELEASED_VERSION, ModelVersion, Pointer

MOST_VERSIONS = 500
_VERSION = (
    "SELECT id, model, version, state, artefact, publisher, licence, training_data, manifest_sha256, signed_by, report,"
    " pushed_by, pushed_at, retired_at, refused_because FROM model_versions "
)


def _version(row: "asyncpg.Record") -> ModelVersion:
    return ModelVersion(**dict(row))


async def next_number(connection: TenantConnection) -> int:
    """A version number that nobody had before, of any chain."""
    return int(await connection.fetchval("SELECT next_model_version()"))


async def list_versions(connection: TenantConnection) -> list[ModelVersion]:
    """The newest versions first."""
    rows = await connection.fetch(_VERSION + "ORDER BY pushed_at DESC, id DESC LIMIT $1", MOST_VERSIONS)
    return [_version(row) for row in rows]


async def get_version(connection: TenantConnection, version_id: uuid.UUID) -> ModelVersion:
    """One version; NotFoundError otherwise."""
    row = await connection.fetchrow(_VERSION + "WHERE id = $1", version_id)
    if row is None:
        raise NotFoundError("There is no such version, or you may not see it.")
    return _version(row)


async def find_pushed(connection: TenantConnection, model: str, manifest_sha256: bytes) -> ModelVersion | None:
    """The version that this very package became, unless it was retired."""
    query = _VERSION + "WHERE model = $1 AND manifest_sha256 = $2 AND state = 'ready'"
    row = await connection.fetchrow(query, model, manifest_sha256)
    return None if row is None else _version(row)


async def add_version(connection: TenantConnection, chain_id: uuid.UUID, made: ModelVersion) -> None:
    """A version that passed its checks."""
    await connection.execute(
        "INSERT INTO model_versions (id, chain_id, model, version, artefact, publisher, licence, training_data,"
        " manifest_sha256, signed_by, report, pushed_by, pushed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        made.id, chain_id, made.model, made.version, made.artefact, made.publisher, made.licence, made.training_data,
        made.manifest_sha256, made.signed_by, made.report, made.pushed_by, made.pushed_at,
    )  # fmt: skip


async def set_state(connection: TenantConnection, version_id: uuid.UUID, state: str) -> None:
    """`retiring` or `retired`."""
    await connection.execute(
        "UPDATE model_versions SET state = $2, retired_at = CASE WHEN $2 = 'retired' THEN now() END WHERE id = $1",
        version_id,
        state,
    )


async def lock_pointer(connection: TenantConnection, chain_id: uuid.UUID, model: str) -> Pointer:
    """The chain's pointer, held until the transaction ends; where there is none, the released version's."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"model_pointers {chain_id} {model}")
    row = await connection.fetchrow(
        "SELECT model, stable, candidate, share, previous FROM model_pointers WHERE model = $1", model
    )
    return Pointer(model, RELEASED_VERSION) if row is None else Pointer(**dict(row))


async def put_pointer(connection: TenantConnection, chain_id: uuid.UUID, pointer: Pointer) -> None:
    """Move it."""
    await connection.execute(
        "INSERT INTO model_pointers (chain_id, model, stable, candidate, share, previous) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (chain_id, model) DO UPDATE SET stable = excluded.stable, candidate = excluded.candidate,"
        " share = excluded.share, previous = excluded.previous, changed_at = now()",
        chain_id, pointer.model, pointer.stable, pointer.candidate, pointer.share, pointer.previous,
    )  # fmt: skip
