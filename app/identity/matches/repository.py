"""Leads, their pictures, reviews, suspensions and outcomes."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from app.identity.matches.outcomes import Outcome
from app.identity.models import Band, Match, MatchState, Review, ReviewVerdict
from app.kit.errors import NotFoundError
from app.kit.ids import new_id
from app.kit.keys.models import MATCH_PICTURE
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection

NO_MATCH = "There is no such lead, or you may not see it."
_SELECT = (
    "SELECT m.id, m.store_id, m.camera_id, m.epoch, m.track_id, m.captured_at, m.enrolment_id, m.person_id, m.watchlist_id,"
    " m.match_score, m.band, m.threshold, m.quality, m.evidence, m.model, m.model_version, m.policy_revision, m.state,"
    " m.raised_at, m.decided_at, m.changed_at, m.revision FROM matches m WHERE "
)


@dataclass(frozen=True, slots=True)
class Suspension:
    """An entry, camera or store that does not match until somebody lifts it."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID | None
    enrolment_id: uuid.UUID | None
    reason: str
    suspended_by: uuid.UUID | None
    suspended_at: datetime
    lifted_by: uuid.UUID | None
    lifted_at: datetime | None


_SUSPENSION = "id, store_id, camera_id, enrolment_id, reason, suspended_by, suspended_at, lifted_by, lifted_at"


def _match(row: "asyncpg.Record") -> Match:
    fixed = {"track_id": int(row["track_id"]), "band": Band(row["band"]), "state": MatchState(row["state"])}
    return Match(**{**dict(row), **fixed})


async def list_matches(
    connection: TenantConnection,
    *,
    store_id: uuid.UUID | None,
    camera_id: uuid.UUID | None,
    enrolment_id: uuid.UUID | None,
    states: list[str],
    before: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Match]:
    """Leads in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR store_id = $1) AND ($2::uuid IS NULL OR camera_id = $2)"
        " AND ($3::uuid IS NULL OR enrolment_id = $3) AND (cardinality($4::text[]) = 0 OR state = ANY ($4))"
        " AND ($5::timestamptz IS NULL OR (raised_at, id) < ($5, $6::uuid)) ORDER BY raised_at DESC, id DESC LIMIT $7",
        store_id,
        camera_id,
        enrolment_id,
        states,
        *(before or (None, None)),
        limit + 1,
    )
    return [_match(row) for row in rows]


async def get_match(connection: TenantConnection, match_id: uuid.UUID, *, lock: bool = False) -> Match:
    """One lead; NotFoundError otherwise. `lock` keeps its row until the transaction ends."""
    row = await connection.fetchrow(_SELECT + "m.id = $1" + (" FOR UPDATE" if lock else ""), match_id)
    if row is None:
        raise NotFoundError(NO_MATCH)
    return _match(row)


async def decide_match(connection: TenantConnection, match: Match) -> None:
    """Store the state of a locked lead."""
    await connection.execute(
        "UPDATE matches SET state = $2, decided_at = $3, changed_at = $4, revision = $5 WHERE id = $1",
        match.id,
        match.state.value,
        match.decided_at,
        match.changed_at,
        match.revision,
    )


async def announce(connection: TenantConnection, chain_id: uuid.UUID, match: Match) -> None:
    """Tell live viewers that a lead changed: ids and state, never who. Who may know asks."""
    message: dict[str, Any] = {"match_id": str(match.id), "camera_id": str(match.camera_id), "state": match.state.value}
    await connection.execute(
        "INSERT INTO outbox (id, chain_id, store_id, kind, payload) VALUES ($1, $2, $3, 'match-changed', $4)",
        new_id(),
        chain_id,
        match.store_id,
        message,
    )


async def add_review(connection: TenantConnection, chain_id: uuid.UUID, store_id: uuid.UUID, review: Review) -> None:
    """What somebody said."""
    await connection.execute(
        "INSERT INTO match_reviews (id, chain_id, store_id, match_id, verdict, reason, reviewed_by, reviewed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        review.id,
        chain_id,
        store_id,
        review.match_id,
        review.verdict.value,
        review.reason,
        review.reviewed_by,
        review.reviewed_at,
    )


async def reviews_of(connection: TenantConnection, matches: list[uuid.UUID]) -> list[Review]:
    """Reviews of these leads, oldest first."""
    rows = await connection.fetch(
        "SELECT id, match_id, verdict, reason, reviewed_by, reviewed_at FROM match_reviews WHERE match_id = ANY ($1)"
        " ORDER BY reviewed_at, id",
        matches,
    )
    return [Review(**{**dict(row), "verdict": ReviewVerdict(row["verdict"])}) for row in rows]


async def read_picture(connection: TenantConnection, vault: Vault, match_id: uuid.UUID) -> bytes:
    """What the camera saw, as JPEG; NotFoundError where it is not kept (any more)."""
    sealed = await connection.fetchval("SELECT picture FROM match_pictures WHERE match_id = $1", match_id)
    if sealed is None:
        raise NotFoundError("There is no picture of this lead, or you may not see it.")
    return await vault.open_bytes(MATCH_PICTURE, match_id, sealed)


async def add_picture(
    connection: TenantConnection,
    vault: Vault,
    chain_id: uuid.UUID,
    match: Match,
    jpeg: bytes,
    size: tuple[int, int],
    now: datetime,
) -> bool:
    """Seal and keep what the camera saw; False where there is one. The database refuses it while the store's faces are off."""
    sealed = await vault.seal_bytes(connection, chain_id, MATCH_PICTURE, match.id, jpeg)
    done: str = await connection.execute(
        "INSERT INTO match_pictures (match_id, chain_id, store_id, width, height, picture, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        match.id,
        chain_id,
        match.store_id,
        *size,
        sealed,
        now,
    )
    return done == "INSERT 0 1"


async def drop_picture(connection: TenantConnection, match_id: uuid.UUID) -> None:
    """What the camera saw was somebody else, or nobody can tell: nothing of it is kept."""
    await connection.execute("DELETE FROM match_pictures WHERE match_id = $1", match_id)


async def pictured(connection: TenantConnection, matches: list[uuid.UUID]) -> set[uuid.UUID]:
    """Which of these leads have a picture."""
    rows = await connection.fetch("SELECT match_id FROM match_pictures WHERE match_id = ANY ($1)", matches)
    return {row["match_id"] for row in rows}


async def labels_of(connection: TenantConnection, matches: list[Match]) -> dict[uuid.UUID, str]:
    """Names of the cameras and lists of these leads, as far as they are in scope, and of the reviewers' colleagues."""
    rows = await connection.fetch(
        "SELECT id, name FROM cameras WHERE id = ANY ($1) UNION ALL SELECT id, name FROM watchlists WHERE id = ANY ($2)",
        [each.camera_id for each in matches],
        [each.watchlist_id for each in matches],
    )
    return {row["id"]: row["name"] for row in rows}


async def outcomes(connection: TenantConnection, store_id: uuid.UUID | None, since: datetime, until: datetime) -> list[Outcome]:
    """Leads that were raised in [since, until), at most 100,000."""
    rows = await connection.fetch(
        "SELECT store_id, camera_id, enrolment_id, state FROM matches WHERE ($1::uuid IS NULL OR store_id = $1)"
        " AND raised_at >= $2 AND raised_at < $3 ORDER BY raised_at DESC LIMIT 100000",
        store_id,
        since,
        until,
    )
    return [Outcome(row["store_id"], row["camera_id"], row["enrolment_id"], MatchState(row["state"])) for row in rows]


async def outcomes_around(connection: TenantConnection, match: Match, since: datetime) -> list[Outcome]:
    """Leads of the same store and of the same entry since then, each counted from the last time its suspension was lifted."""
    rows = await connection.fetch(
        "SELECT m.store_id, m.camera_id, m.enrolment_id, m.state FROM matches m"
        " WHERE (m.store_id = $1 OR m.enrolment_id = $2) AND m.raised_at >= greatest($3, coalesce((SELECT max(s.lifted_at)"
        " FROM match_suspensions s WHERE s.enrolment_id = $2 OR (s.enrolment_id IS NULL AND s.store_id = $1"
        " AND (s.camera_id IS NULL OR s.camera_id = $4))), $3))",
        match.store_id,
        match.enrolment_id,
        since,
        match.camera_id,
    )
    return [Outcome(row["store_id"], row["camera_id"], row["enrolment_id"], MatchState(row["state"])) for row in rows]


async def add_suspension(connection: TenantConnection, chain_id: uuid.UUID, made: Suspension) -> bool:
    """Suspend; False where it is suspended already."""
    done: str = await connection.execute(
        "INSERT INTO match_suspensions (id, chain_id, store_id, camera_id, enrolment_id, reason, suspended_by, suspended_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        made.id,
        chain_id,
        made.store_id,
        made.camera_id,
        made.enrolment_id,
        made.reason,
        made.suspended_by,
        made.suspended_at,
    )
    return done == "INSERT 0 1"


async def list_suspensions(connection: TenantConnection, store_id: uuid.UUID | None, *, standing: bool) -> list[Suspension]:
    """Suspensions, newest first."""
    rows = await connection.fetch(
        f"SELECT {_SUSPENSION} FROM match_suspensions WHERE ($1::uuid IS NULL OR store_id = $1)"  # noqa: S608
        " AND (NOT $2 OR lifted_at IS NULL) ORDER BY suspended_at DESC, id DESC LIMIT 500",
        store_id,
        standing,
    )
    return [Suspension(**dict(row)) for row in rows]


async def get_suspension(connection: TenantConnection, suspension_id: uuid.UUID) -> Suspension:
    """One, its row kept; NotFoundError otherwise."""
    row = await connection.fetchrow(f"SELECT {_SUSPENSION} FROM match_suspensions WHERE id = $1 FOR UPDATE", suspension_id)  # noqa: S608
    if row is None:
        raise NotFoundError("There is no such suspension, or you may not see it.")
    return Suspension(**dict(row))


async def lift_suspension(connection: TenantConnection, suspension_id: uuid.UUID, by: uuid.UUID, now: datetime) -> None:
    """Matching goes on."""
    await connection.execute("UPDATE match_suspensions SET lifted_by = $2, lifted_at = $3 WHERE id = $1", suspension_id, by, now)
