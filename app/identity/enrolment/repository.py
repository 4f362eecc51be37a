"""Persons and enrolments. A row in a final state keeps no word about the person."""

import uuid
from datetime import datetime
from typing import Any

import asyncpg

from app.identity.models import (
    Enrolment,
    EnrolmentState,
    Grounds,
    LookAlike,
    Notice,
    Person,
    Renewal,
    Source,
)
from app.kit.errors import NotFoundError
from app.kit.postgres import Pool, TenantConnection
from app.tenancy.sharing.models import Category

_PERSON = "id, store_id, name, created_by, created_at, erased_at"
NO_PERSON = "There is no such person, or you may not see them."
NO_ENROLMENT = "There is no such enrolment, or you may not see it."
_SELECT = (
    "SELECT id, store_id, person_id, watchlist_id, state, category, reason, incident_id, source, evidence, review_on, expires_at,"
    " under_18, vulnerable, age_basis, exception_reason, notice_given_on, notice_how, notice_withheld, quality, findings,"
    " override_reason, look_alikes, enrolled_by, enrolled_at, decided_by, decided_at, decision_reason, renewal, ended_at,"
    " revision FROM enrolments e WHERE "
)


def _enrolment(row: "asyncpg.Record") -> Enrolment:
    grounds = Grounds(
        category=Category(row["category"]),
        reason=row["reason"],
        incident_id=row["incident_id"],
        source=Source(row["source"]),
        evidence=row["evidence"],
        review_on=row["review_on"],
        expires_at=row["expires_at"],
        under_18=row["under_18"],
        vulnerable=row["vulnerable"],
        age_basis=row["age_basis"],
        exception_reason=row["exception_reason"],
        notice=Notice(row["notice_given_on"], row["notice_how"], row["notice_withheld"]),
    )
    return Enrolment(
        id=row["id"],
        store_id=row["store_id"],
        person_id=row["person_id"],
        watchlist_id=row["watchlist_id"],
        state=EnrolmentState(row["state"]),
        grounds=grounds,
        enrolled_by=row["enrolled_by"],
        enrolled_at=row["enrolled_at"],
        quality=row["quality"],
        findings=tuple(row["findings"]),
        override_reason=row["override_reason"],
        look_alikes=tuple(LookAlike(uuid.UUID(each["enrolment_id"]), each["match_score"]) for each in row["look_alikes"]),
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        decision_reason=row["decision_reason"],
        renewal=_renewal(row["renewal"]),
        ended_at=row["ended_at"],
        revision=row["revision"],
    )


def _renewal(stored: dict[str, Any] | None) -> Renewal | None:
    if stored is None:
        return None
    return Renewal(
        expires_at=datetime.fromisoformat(stored["expires_at"]),
        review_on=datetime.fromisoformat(stored["review_on"]).date(),
        reason=stored["reason"],
        proposed_by=uuid.UUID(stored["proposed_by"]),
        proposed_at=datetime.fromisoformat(stored["proposed_at"]),
    )


async def add_person(connection: TenantConnection, chain_id: uuid.UUID, person: Person) -> None:
    """A new person."""
    await connection.execute(
        "INSERT INTO persons (id, chain_id, store_id, name, created_by, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        person.id,
        chain_id,
        person.store_id,
        person.name,
        person.created_by,
        person.created_at,
    )


async def list_persons(
    connection: TenantConnection, store_id: uuid.UUID | None, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Person]:
    """Persons who were not erased, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        f"SELECT {_PERSON} FROM persons WHERE erased_at IS NULL AND ($1::uuid IS NULL OR store_id = $1)"  # noqa: S608
        " AND ($2::timestamptz IS NULL OR (created_at, id) < ($2, $3::uuid)) ORDER BY created_at DESC, id DESC LIMIT $4",
        store_id,
        *(before or (None, None)),
        limit + 1,
    )
    return [Person(**dict(row)) for row in rows]


async def get_person(connection: TenantConnection, person_id: uuid.UUID, *, lock: bool = False) -> Person:
    """One person; NotFoundError otherwise. `lock` finds those at home in scope only and keeps the row."""
    row = await connection.fetchrow(
        f"SELECT {_PERSON} FROM persons WHERE id = $1" + (" FOR UPDATE" if lock else ""),  # noqa: S608
        person_id,
    )
    if row is None:
        raise NotFoundError(NO_PERSON)
    return Person(**dict(row))


async def names_of(connection: TenantConnection, persons: set[uuid.UUID]) -> dict[uuid.UUID, str]:
    """The names of persons in scope."""
    rows = await connection.fetch("SELECT id, name FROM persons WHERE id = ANY ($1)", list(persons))
    return {row["id"]: row["name"] for row in rows}


async def forget_person(connection: TenantConnection, person_id: uuid.UUID, now: datetime) -> bool:
    """Forget the name once nothing living needs it; whether it was forgotten now."""
    done: str = await connection.execute(
        "UPDATE persons SET name = '', erased_at = $2 WHERE id = $1 AND erased_at IS NULL"
        " AND NOT EXISTS (SELECT FROM enrolments e WHERE e.person_id = $1 AND e.ended_at IS NULL)",
        person_id,
        now,
    )
    if done != "UPDATE 1":
        return False
    await _forget_answers(connection, person_id)
    return True


async def persons_without_entry(pool: "Pool[asyncpg.Record]", before: datetime, most: int) -> list[tuple[uuid.UUID, uuid.UUID]]:
    """(chain, person) of every chain's persons made before then whom no living enrolment is about, the oldest first."""
    rows = await pool.fetch("SELECT chain_id, person_id FROM persons_without_entry($1, $2)", before, most)
    return [(row["chain_id"], row["person_id"]) for row in rows]


async def forget_old_answers(pool: "Pool[asyncpg.Record]") -> int:
    """Remove answers that were kept for repeated requests, a day after they were given; how many."""
    return int(await pool.fetchval("SELECT forget_old_answers()"))


async def demand_incident(connection: TenantConnection, store_id: uuid.UUID, incident_id: uuid.UUID) -> None:
    """NotFoundError unless the incident is of this store."""
    query = "SELECT EXISTS (SELECT FROM incidents WHERE id = $1 AND store_id = $2)"
    if not await connection.fetchval(query, incident_id, store_id):
        raise NotFoundError("There is no such incident in this store; an enrolment rests on one.")


async def one_at_a_time(connection: TenantConnection, chain_id: uuid.UUID) -> None:
    """Wait for other enrolments of the chain to commit: two of the same face at one moment would not see each other."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('enrolment ' || $1, 0))", str(chain_id))


async def add_enrolment(connection: TenantConnection, chain_id: uuid.UUID, made: Enrolment) -> None:
    """A new draft or proposal."""
    grounds, notice = made.grounds, made.grounds.notice
    await connection.execute(
        "INSERT INTO enrolments (id, chain_id, store_id, person_id, watchlist_id, state, category, reason, incident_id, source,"
        " evidence, review_on, expires_at, under_18, vulnerable, age_basis, exception_reason, notice_given_on, notice_how,"
        " notice_withheld, quality, findings, override_reason, look_alikes, enrolled_by, enrolled_at) VALUES"
        " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25,"
        " $26)",
        made.id,
        chain_id,
        made.store_id,
        made.person_id,
        made.watchlist_id,
        made.state.value,
        grounds.category.value,
        grounds.reason,
        grounds.incident_id,
        grounds.source.value,
        grounds.evidence,
        grounds.review_on,
        grounds.expires_at,
        grounds.under_18,
        grounds.vulnerable,
        grounds.age_basis,
        grounds.exception_reason,
        notice.given_on,
        notice.how,
        notice.withheld,
        made.quality,
        list(made.findings),
        made.override_reason,
        _stored_look_alikes(made),
        made.enrolled_by,
        made.enrolled_at,
    )


async def get_enrolment(connection: TenantConnection, enrolment_id: uuid.UUID, *, lock: bool = False) -> Enrolment:
    """One enrolment; NotFoundError otherwise. `lock` finds those at home in scope only and keeps the row."""
    row = await connection.fetchrow(_SELECT + "id = $1" + (" FOR UPDATE" if lock else ""), enrolment_id)
    if row is None:
        raise NotFoundError(NO_ENROLMENT)
    return _enrolment(row)


async def list_enrolments(
    connection: TenantConnection,
    *,
    store_id: uuid.UUID | None = None,
    person_id: uuid.UUID | None = None,
    watchlist_id: uuid.UUID | None = None,
    states: list[str] | None = None,
    ends_before: datetime | None = None,
    before: tuple[datetime, uuid.UUID] | None = None,
    limit: int = 100,
) -> list[Enrolment]:
    """Enrolments in scope, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR store_id = $1) AND ($2::uuid IS NULL OR person_id = $2)"
        " AND ($3::uuid IS NULL OR watchlist_id = $3) AND (cardinality($4::text[]) = 0 OR state = ANY ($4))"
        " AND ($5::timestamptz IS NULL OR expires_at < $5)"
        " AND ($6::timestamptz IS NULL OR (enrolled_at, id) < ($6, $7::uuid)) ORDER BY enrolled_at DESC, id DESC LIMIT $8",
        store_id,
        person_id,
        watchlist_id,
        states or [],
        ends_before,
        *(before or (None, None)),
        limit + 1,
    )
    return [_enrolment(row) for row in rows]


async def change_enrolment(connection: TenantConnection, made: Enrolment) -> bool:
    """Store what a transition changed if nobody was faster, and if what goes on has not ended by the database's own clock."""
    renewal = made.renewal
    stored = renewal and {
        "expires_at": renewal.expires_at.isoformat(),
        "review_on": renewal.review_on.isoformat(),
        "reason": renewal.reason,
        "proposed_by": str(renewal.proposed_by),
        "proposed_at": renewal.proposed_at.isoformat(),
    }
    done: str = await connection.execute(
        "UPDATE enrolments SET state = $2, review_on = $3, expires_at = $4, decided_by = $5, decided_at = $6, "
        " decision_reason = $7, renewal = $8, ended_at = $9, revision = $10 WHERE id = $1 AND revision = $10 - 1"
        " AND ($9::timestamptz IS NOT NULL OR expires_at > clock_timestamp())",
        made.id,
        made.state.value,
        made.grounds.review_on,
        made.grounds.expires_at,
        made.decided_by,
        made.decided_at,
        made.decision_reason,
        stored,
        made.ended_at,
        made.revision,
    )
    return done == "UPDATE 1"


async def blank_enrolment(connection: TenantConnection, enrolment_id: uuid.UUID) -> None:
    """Take every word about the person out of an ended enrolment."""
    await connection.execute(
        "UPDATE enrolments SET reason = '', evidence = '', age_basis = '', exception_reason = '', notice_how = '',"
        " notice_withheld = '', quality = '{}', findings = '{}', override_reason = '', look_alikes = '[]', decision_reason = ''"
        " WHERE id = $1 AND ended_at IS NOT NULL",
        enrolment_id,
    )
    await _forget_answers(connection, enrolment_id)


async def _forget_answers(connection: TenantConnection, subject_id: uuid.UUID) -> None:
    """Take the words about somebody out of answers kept for repeated requests, which still make nothing twice."""
    await connection.execute("SELECT forget_answers_about($1)", subject_id)


def _stored_look_alikes(made: Enrolment) -> list[dict[str, Any]]:
    return [{"enrolment_id": str(each.enrolment_id), "match_score": each.match_score} for each in made.look_alikes]
