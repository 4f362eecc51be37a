"""SQL of the sealed seeds of rotations, and of templates that move from one rotation to the next."""

import uuid
from dataclasses import dataclass, field
from typing import Any

Pool = Any
Connection = Any
"""A TenantConnection, or the owner's connection in a transaction."""


@dataclass(frozen=True, slots=True)
class SealedSeed:
    """A rotation as stored."""

    rotation_id: uuid.UUID
    version: int
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealedTemplate:
    """A template to turn anew: of a face, or of a walk."""

    profile_id: uuid.UUID
    dimensions: int
    sealed: bytes = field(repr=False)
    gait: bool = False


async def newest_seed(connection: Connection, chain_id: uuid.UUID) -> SealedSeed | None:
    """The rotation new templates are turned by."""
    row = await connection.fetchrow(
        "SELECT id, version, seed FROM template_rotations WHERE chain_id = $1 ORDER BY version DESC LIMIT 1", chain_id
    )
    return None if row is None else SealedSeed(*row)


async def seeds_in_use(connection: Connection) -> list[tuple[int, SealedSeed | None]]:
    """Of each rotation that a template of the scope has: its version and sealed seed; (0, None) for none."""
    rows = await connection.fetch(
        "SELECT u.rotation, r.id, r.seed FROM (SELECT DISTINCT chain_id, rotation FROM facial_profiles) u"
        " LEFT JOIN template_rotations r ON r.chain_id = u.chain_id AND r.version = u.rotation"
        " WHERE u.rotation = 0 OR r.id IS NOT NULL ORDER BY u.rotation"
    )
    return [(row[0], None if row[1] is None else SealedSeed(row[1], row[0], row[2])) for row in rows]


async def chains_to_turn(pool: Pool) -> list[uuid.UUID]:
    """Chains with templates of another rotation than the newest, or with rotations that nothing needs."""
    return [row["chain_id"] for row in await pool.fetch("SELECT chain_id FROM chains_to_turn()")]


async def add_seed(connection: Connection, chain_id: uuid.UUID, seed: SealedSeed) -> None:
    """A new version; nothing happens where somebody else was faster."""
    await connection.execute(
        "INSERT INTO template_rotations (id, chain_id, version, seed) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        seed.rotation_id,
        chain_id,
        seed.version,
        seed.sealed,
    )


async def templates_to_turn(connection: Connection, chain_id: uuid.UUID, version: int, most: int) -> list[SealedTemplate]:
    """Templates of another rotation than `version` that nobody else turns, locked until the transaction ends.

    Those of a store whose face (gait) switch is off wait until it is on: nothing biometric of it is written.
    """
    found = await _to_turn(
        connection,
        "SELECT id, dimensions, template, false FROM facial_profiles WHERE chain_id = $1 AND rotation <> $2"
        " AND store_runs(store_id, 'face') ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED",
        chain_id, version, most,
    )  # fmt: skip
    return found or await _to_turn(
        connection,
        "SELECT id, vector_dims(embeddings), template, true FROM gait_profiles WHERE chain_id = $1 AND rotation <> $2"
        " AND store_runs(store_id, 'gait') ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED",
        chain_id, version, most,
    )  # fmt: skip


async def _to_turn(connection: Connection, query: str, *given: object) -> list[SealedTemplate]:
    return [SealedTemplate(*row) for row in await connection.fetch(query, *given)]


async def put_turned(connection: Connection, row: SealedTemplate, version: int, vector: Any) -> None:
    """Replace the searched vector of a template."""
    table, dimensions = ("gait_profiles", "vector_dims(embeddings)") if row.gait else ("facial_profiles", "dimensions")
    await connection.execute(
        f"UPDATE {table} SET embeddings = $4::text::halfvec, rotation = $3 WHERE id = $1 AND {dimensions} = $2",  # noqa: S608
        row.profile_id,
        row.dimensions,
        version,
        str([float(each) for each in vector]),
    )


async def drop_older_seeds(connection: Connection, chain_id: uuid.UUID, version: int) -> int:
    """Forget rotations below `version` that no template needs; how many."""
    done: str = await connection.execute(
        "DELETE FROM template_rotations r WHERE r.chain_id = $1 AND r.version < $2 AND NOT EXISTS"
        " (SELECT FROM facial_profiles p WHERE p.chain_id = $1 AND p.rotation = r.version) AND NOT EXISTS"
        " (SELECT FROM gait_profiles g WHERE g.chain_id = $1 AND g.rotation = r.version)",
        chain_id,
        version,
    )
    return int(done.split()[-1])
