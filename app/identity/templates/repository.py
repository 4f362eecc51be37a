"""SQL of the sealed seeds of rotations, and of templates that move from one rotation to the next."""

import uuid
from dataclasses import dataclass, field
from typing import Any

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
    """A template to turn anew."""

    profile_id: uuid.UUID
    dimensions: int
    sealed: bytes = field(repr=False)


async def newest_seed(connection: Connection, chain_id: uuid.UUID) -> SealedSeed | None:
    """The rotation new templates are turned by."""
    row = await connection.fetchrow(
        "SELECT id, version, seed FROM template_rotations WHERE chain_id = $1 ORDER BY version DESC LIMIT 1", chain_id
    )
    return None if row is None else SealedSeed(*row)


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
    """Templates of another rotation than `version`, locked until the transaction ends."""
    rows = await connection.fetch(
        "SELECT id, dimensions, template FROM facial_profiles WHERE chain_id = $1 AND rotation <> $2"
        " ORDER BY id LIMIT $3 FOR UPDATE",
        chain_id,
        version,
        most,
    )
    return [SealedTemplate(*row) for row in rows]


async def put_turned(connection: Connection, profile_id: uuid.UUID, dimensions: int, version: int, vector: Any) -> None:
    """Replace the searched vector of a template."""
    await connection.execute(
        "UPDATE facial_profiles SET embeddings = $4::text::halfvec, rotation = $3 WHERE id = $1 AND dimensions = $2",
        profile_id,
        dimensions,
        version,
        str([float(each) for each in vector]),
    )


async def drop_older_seeds(connection: Connection, chain_id: uuid.UUID, version: int) -> int:
    """Forget rotations below `version` that no template needs; how many."""
    done: str = await connection.execute(
        "DELETE FROM template_rotations r WHERE r.chain_id = $1 AND r.version < $2 AND NOT EXISTS"
        " (SELECT FROM facial_profiles p WHERE p.chain_id = $1 AND p.rotation = r.version)",
        chain_id,
        version,
    )
    return int(done.split()[-1])
