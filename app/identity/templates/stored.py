"""Templates: the vector of an enrolled face, stored twice: turned by the chain's secret rotation, and sealed as it was."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from pgvector import HalfVector

from app.identity.models import Enrolment, LookAlike
from app.identity.templates.protection import current_rotation, rotations_in_use
from app.inference.face_client import FACE_MODEL, FACE_VERSION
from app.kit.ids import new_id
from app.kit.keys.models import TEMPLATE
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection

Float32 = npt.NDArray[np.float32]
NEAREST = 5


@dataclass(frozen=True, slots=True)
class Vector:
    """(d,) of length 1, and what made it. Its numbers stay out of logs."""

    numbers: Float32 = field(repr=False)
    model: str = FACE_MODEL
    model_version: str = FACE_VERSION


class Neighbours(Protocol):
    """Finds who looks alike among the templates in scope; the exact scan below is one, the gallery's engine another."""

    async def nearest(
        self, connection: TenantConnection, vector: Vector, most: int = NEAREST
    ) -> Sequence[tuple[LookAlike, uuid.UUID]]:
        """(entry with its cosine, its list) of living enrolments, best first, at most so many."""
        ...


class ExactScan:
    """Neighbours by an exact scan in the database: right for the few comparisons of an enrolment, not for live matching."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def nearest(
        self, connection: TenantConnection, vector: Vector, most: int = NEAREST
    ) -> Sequence[tuple[LookAlike, uuid.UUID]]:
        """See `Neighbours`. Templates of each rotation that is in use are compared with the vector turned alike."""
        found: list[tuple[LookAlike, uuid.UUID]] = []
        for version, turned in await rotations_in_use(connection, self._vault, vector.numbers):
            found += await self._nearest(connection, vector, version, turned, most)
        return sorted(found, key=lambda each: -each[0].match_score)[:most]

    async def _nearest(
        self, connection: TenantConnection, vector: Vector, rotation: int, turned: Float32, most: int
    ) -> list[tuple[LookAlike, uuid.UUID]]:
        rows = await connection.fetch(
            "SELECT e.id, e.watchlist_id, -(p.embeddings <#> $1::text::halfvec) AS cosine FROM facial_profiles p"
            " JOIN enrolments e ON e.id = p.enrolment_id WHERE p.dimensions = $2 AND p.model = $3 AND p.model_version = $4"
            " AND p.rotation = $6 AND e.ended_at IS NULL ORDER BY p.embeddings <#> $1::text::halfvec LIMIT $5",
            HalfVector(turned).to_text(),
            len(turned),
            vector.model,
            vector.model_version,
            most,
            rotation,
        )
        return [(LookAlike(row["id"], round(float(row["cosine"]), 4)), row["watchlist_id"]) for row in rows]


async def add_template(
    connection: TenantConnection, vault: Vault, chain_id: uuid.UUID, enrolment: Enrolment, vector: Vector, parts: dict[str, Any],
    now: datetime,
) -> uuid.UUID:  # fmt: skip
    """Store the template of an enrolment; its id. The database refuses it while the home store's face switch is off."""
    profile, rotation = new_id(), await current_rotation(connection, vault, chain_id)
    sealed = await vault.seal_bytes(connection, chain_id, TEMPLATE, profile, vector.numbers.astype("<f4").tobytes())
    await connection.execute(
        "INSERT INTO facial_profiles (id, dimensions, chain_id, store_id, person_id, enrolment_id, model, model_version,"
        " rotation, features, embeddings, template, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11::text::halfvec, $12, $13)",
        profile,
        len(vector.numbers),
        chain_id,
        enrolment.store_id,
        enrolment.person_id,
        enrolment.id,
        vector.model,
        vector.model_version,
        rotation.version,
        {"quality": parts},
        HalfVector(rotation.turn(vector.numbers)).to_text(),
        sealed,
        now,
    )
    return profile
