"""SQL of gait templates, sealed and turned as faces' are, and of what gait said of leads."""

import uuid
from dataclasses import asdict
from datetime import datetime

from pgvector import HalfVector

from app.identity.gait.models import GaitProfile, ShownSupport, Verdict
from app.identity.models import Enrolment
from app.identity.templates.protection import current_rotation
from app.inference.gait.client import GaitResult
from app.kit.ids import new_id
from app.kit.keys.models import TEMPLATE
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection

_PROFILE = "id, enrolment_id, model, model_version, features, source, proposed_by, created_at, approved_by, approved_at"
_ADD = f"""
INSERT INTO gait_profiles (id, chain_id, store_id, person_id, enrolment_id, model, model_version, rotation, features, embeddings,
    template, source, proposed_by, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10::text::halfvec, $11, $12, $13, $14)
ON CONFLICT (enrolment_id, model, model_version) DO NOTHING RETURNING {_PROFILE}
"""  # noqa: S608 - a constant


async def add_profile(
    connection: TenantConnection, vault: Vault, chain_id: uuid.UUID, entry: Enrolment, walk: GaitResult, source: str,
    by: uuid.UUID, now: datetime,
) -> GaitProfile | None:  # fmt: skip
    """A template that waits for approval; None where the entry has one of this model version.

    The database refuses it while the home store's gait switch is off.
    """
    profile, rotation = new_id(), await current_rotation(connection, vault, chain_id)
    sealed = await vault.seal_bytes(connection, chain_id, TEMPLATE, profile, walk.embedding.astype("<f4").tobytes())
    features = {**asdict(walk.features), "quality": {**asdict(walk.quality), "facing": walk.quality.facing.value}}
    row = await connection.fetchrow(
        _ADD,
        profile,
        chain_id,
        entry.store_id,
        entry.person_id,
        entry.id,
        walk.model,
        walk.version,
        rotation.version,
        features,
        HalfVector(rotation.turn(walk.embedding)).to_text(),
        sealed,
        source,
        by,
        now,
    )
    return None if row is None else GaitProfile(**dict(row))


async def profiles_of(connection: TenantConnection, enrolment_id: uuid.UUID, *, lock: bool = False) -> list[GaitProfile]:
    """An entry's templates, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_PROFILE} FROM gait_profiles WHERE enrolment_id = $1 ORDER BY created_at DESC, id DESC"  # noqa: S608
        + (" FOR UPDATE" if lock else ""),
        enrolment_id,
    )
    return [GaitProfile(**dict(row)) for row in rows]


async def approve_profile(connection: TenantConnection, profile_id: uuid.UUID, by: uuid.UUID, now: datetime) -> bool:
    """From now on it is searched; False where it was approved or removed meanwhile."""
    done: str = await connection.execute(
        "UPDATE gait_profiles SET approved_by = $2, approved_at = $3 WHERE id = $1 AND approved_by IS NULL", profile_id, by, now
    )
    return done == "UPDATE 1"


async def remove_profiles(connection: TenantConnection, enrolment_id: uuid.UUID) -> int:
    """An entry's templates go, and what gait said of its leads; how many templates there were. Scope: the whole chain."""
    await connection.execute(
        "DELETE FROM gait_supports WHERE match_id IN (SELECT id FROM matches WHERE enrolment_id = $1)", enrolment_id
    )
    done: str = await connection.execute("DELETE FROM gait_profiles WHERE enrolment_id = $1", enrolment_id)
    return int(done.split()[-1])


async def supports_of(connection: TenantConnection, matches: list[uuid.UUID]) -> dict[uuid.UUID, ShownSupport]:
    """What gait says of these leads, where it says anything."""
    rows = await connection.fetch(
        "SELECT match_id, verdict, reason, gait_score AS score, threshold, searched, quality, features, model, model_version,"
        " seen_at FROM gait_supports WHERE match_id = ANY ($1)",
        matches,
    )
    return {row["match_id"]: ShownSupport(**{**dict(row), "verdict": Verdict(row["verdict"])}) for row in rows}


async def drop_support(connection: TenantConnection, match_id: uuid.UUID) -> None:
    """The lead was somebody else, or nobody can tell: nothing of that walk is kept."""
    await connection.execute("DELETE FROM gait_supports WHERE match_id = $1", match_id)
