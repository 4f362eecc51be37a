"""Pictures of enrolments and of leads, sealed; and the proof that they are gone."""

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from app.identity.enrolment.pictures import Kept
from app.identity.models import Enrolment
from app.kit.errors import NotFoundError
from app.kit.ids import new_id
from app.kit.keys.models import ENROLMENT_PICTURE
from app.kit.keys.vault import Vault
from app.kit.postgres import Pool, TenantConnection


@dataclass(frozen=True, slots=True)
class EnrolledPicture:
    """The picture of an enrolment: JPEG, with the face's box and points in its pixels."""

    jpeg: bytes = field(repr=False)
    width: int
    height: int
    box: tuple[float, ...]
    points: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was removed of an enrolment, when, by whom (None: its time was over), and what was left afterwards."""

    id: uuid.UUID
    enrolment_id: uuid.UUID
    cause: str
    erased_by: uuid.UUID | None
    erased_at: datetime
    receipt: dict[str, Any]


async def add_image(
    connection: TenantConnection, vault: Vault, chain_id: uuid.UUID, made: Enrolment, kept: Kept, now: datetime
) -> None:
    """Seal and store a picture. The database refuses it while the home store's face switch is off."""
    image = new_id()
    sealed = await vault.seal_bytes(connection, chain_id, ENROLMENT_PICTURE, image, kept.jpeg)
    await connection.execute(
        "INSERT INTO enrolment_images (id, chain_id, store_id, enrolment_id, width, height, box, points, picture, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        image,
        chain_id,
        made.store_id,
        made.id,
        kept.width,
        kept.height,
        list(kept.box),
        list(kept.points),
        sealed,
        now,
    )


async def read_image(connection: TenantConnection, vault: Vault, enrolment_id: uuid.UUID) -> EnrolledPicture:
    """The newest picture of an enrolment in scope; NotFoundError where none is left."""
    row = await connection.fetchrow(
        "SELECT id, width, height, box, points, picture FROM enrolment_images WHERE enrolment_id = $1"
        " ORDER BY created_at DESC, id DESC LIMIT 1",
        enrolment_id,
    )
    if row is None:
        raise NotFoundError("There is no picture of this enrolment any more, or you may not see it.")
    jpeg = await vault.open_bytes(ENROLMENT_PICTURE, row["id"], row["picture"])
    return EnrolledPicture(jpeg, row["width"], row["height"], tuple(row["box"]), tuple(row["points"]))


async def remove_biometrics(connection: TenantConnection, enrolment_id: uuid.UUID) -> dict[str, int]:
    """Remove vectors of face and walk, pictures, and what leads show of them; how many. The scope must be the whole chain."""
    counts = {}
    for name, query in _OF_ENROLMENT.items():
        done: str = await connection.execute(f"DELETE FROM {query}", enrolment_id)  # noqa: S608 - constants below
        counts[name] = int(done.split()[-1])
    return counts


async def count_biometrics(connection: TenantConnection, enrolment_id: uuid.UUID) -> dict[str, int]:
    """How many of each are there."""
    return {
        name: int(await connection.fetchval(f"SELECT count(*) FROM {query}", enrolment_id))  # noqa: S608
        for name, query in _OF_ENROLMENT.items()
    }


_OF_ENROLMENT = {
    "templates": "facial_profiles WHERE enrolment_id = $1",
    "pictures": "enrolment_images WHERE enrolment_id = $1",
    "lead_pictures": "match_pictures WHERE match_id IN (SELECT id FROM matches WHERE enrolment_id = $1)",
    "gait_templates": "gait_profiles WHERE enrolment_id = $1",
    "gait_supports": "gait_supports WHERE match_id IN (SELECT id FROM matches WHERE enrolment_id = $1)",
}


async def withdraw_leads(connection: TenantConnection, enrolment_id: uuid.UUID, now: datetime) -> int:
    """Leads that nobody decided have nothing to be compared with any more; how many. The scope must be the whole chain.

    Whoever looks at one is told, so that its pictures leave the page, and a name that was told of a decided one, too.
    """
    decided = await connection.fetch(
        "SELECT id, chain_id, store_id, camera_id FROM matches WHERE enrolment_id = $1"
        " AND state IN ('confirmed', 'rejected', 'undecided')",
        enrolment_id,
    )
    rows = await connection.fetch(
        "UPDATE matches SET state = 'withdrawn', decided_at = $2, changed_at = $2, revision = revision + 1"
        " WHERE enrolment_id = $1 AND state IN ('open', 'second-review') RETURNING id, chain_id, store_id, camera_id",
        enrolment_id,
        now,
    )
    told = [
        (new_id(), row["chain_id"], row["store_id"],
         {"match_id": str(row["id"]), "camera_id": str(row["camera_id"]), "state": state})
        for state, leads in (("withdrawn", rows), ("erased", decided)) for row in leads
    ]  # fmt: skip
    await connection.executemany(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, 'match-changed', $4)", told
    )
    return len(rows)


async def forget_links(connection: TenantConnection, enrolment_id: uuid.UUID) -> dict[str, int]:
    """Take an ended entry out of what points at it: look-alikes of others, and words of reviews and suspensions; how many."""
    done: str = await connection.execute(
        "UPDATE enrolments SET look_alikes = (SELECT coalesce(jsonb_agg(a), '[]') FROM jsonb_array_elements(look_alikes) a"
        " WHERE a->>'enrolment_id' <> $1::text)"
        " WHERE look_alikes @> jsonb_build_array(jsonb_build_object('enrolment_id', $1::text))",
        str(enrolment_id),
    )
    words = int(await connection.fetchval("SELECT forget_words_about($1)", enrolment_id))
    return {"look_alikes": int(done.split()[-1]), "words_of_reviews": words}


async def add_erasure(connection: TenantConnection, chain_id: uuid.UUID, store_id: uuid.UUID, made: Erasure) -> None:
    """Keep the proof."""
    await connection.execute(
        "INSERT INTO erasures (id, chain_id, store_id, enrolment_id, cause, erased_by, erased_at, receipt)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        made.id,
        chain_id,
        store_id,
        made.enrolment_id,
        made.cause,
        made.erased_by,
        made.erased_at,
        made.receipt,
    )


async def list_erasures(connection: TenantConnection, enrolment_id: uuid.UUID) -> list[Erasure]:
    """Proofs of an enrolment, newest first."""
    rows = await connection.fetch(
        "SELECT id, enrolment_id, cause, erased_by, erased_at, receipt FROM erasures WHERE enrolment_id = $1"
        " ORDER BY erased_at DESC, id DESC LIMIT 10",
        enrolment_id,
    )
    return [Erasure(**dict(row)) for row in rows]


async def expired_enrolments(pool: "Pool[asyncpg.Record]", moment: datetime, most: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(chain, enrolment) of every chain whose time is over at `moment` and that were not ended, the oldest first."""
    rows = await pool.fetch("SELECT chain_id, enrolment_id FROM expired_enrolments($1, $2)", moment, most)
    return [(row["chain_id"], row["enrolment_id"]) for row in rows]
