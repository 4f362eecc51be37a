"""Courses of a chain and who took them."""

import uuid
from datetime import datetime

import asyncpg

from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.people.repository import SEEN, Stores
from app.tenancy.training.models import Course, TrainingRecord

MOST_COURSES = 100
_COURSE = "SELECT id, name, gate, valid_months, created_at, retired_at FROM training_courses "
_RECORD = (
    "SELECT id, course_id, user_id, trainer, trained_on, expires_on, certificate, recorded_by, recorded_at, withdrawn_at"
    " FROM training_records "
)
_OF_SEEN = f"WHERE EXISTS (SELECT FROM users u WHERE u.id = training_records.user_id AND {SEEN})"


def _record(row: "asyncpg.Record") -> TrainingRecord:
    return TrainingRecord(**dict(row))


async def list_courses(connection: TenantConnection) -> list[Course]:
    """Courses that are not retired, oldest first."""
    rows = await connection.fetch(_COURSE + "WHERE retired_at IS NULL ORDER BY created_at, id LIMIT $1", MOST_COURSES)
    return [Course(**dict(row)) for row in rows]


async def get_course(connection: TenantConnection, course_id: uuid.UUID) -> Course:
    """One course that is not retired; NotFoundError otherwise."""
    row = await connection.fetchrow(_COURSE + "WHERE id = $1 AND retired_at IS NULL", course_id)
    if row is None:
        raise NotFoundError("There is no such course, or you may not see it.")
    return Course(**dict(row))


async def add_course(connection: TenantConnection, chain_id: uuid.UUID, course: Course) -> None:
    """A new course."""
    await connection.execute(
        "INSERT INTO training_courses (id, chain_id, name, gate, valid_months, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        course.id,
        chain_id,
        course.name,
        course.gate,
        course.valid_months,
        course.created_at,
    )


async def retire_course(connection: TenantConnection, course_id: uuid.UUID, now: datetime) -> None:
    """The course opens nothing any more; its records stay."""
    await connection.execute("UPDATE training_courses SET retired_at = $2 WHERE id = $1", course_id, now)


async def demand_user(connection: TenantConnection, seen_from: Stores, user_id: uuid.UUID) -> None:
    """NotFoundError unless this user has a role that reaches one of these stores."""
    query = f"SELECT EXISTS (SELECT FROM users u WHERE u.id = $2 AND {SEEN})"  # noqa: S608
    if not await connection.fetchval(query, _array(seen_from), user_id):
        raise NotFoundError("There is no such user, or you may not see them.")


async def list_people(connection: TenantConnection, seen_from: Stores) -> dict[uuid.UUID, str]:
    """Users who can sign in and reach one of these stores, for choosing whom a record is of."""
    rows = await connection.fetch(
        f"SELECT u.id, u.username FROM users u WHERE u.disabled_at IS NULL AND {SEEN} ORDER BY u.username LIMIT 1000",  # noqa: S608
        _array(seen_from),
    )
    return {row["id"]: row["username"] for row in rows}


async def add_record(connection: TenantConnection, chain_id: uuid.UUID, record: TrainingRecord) -> None:
    """A new record."""
    await connection.execute(
        "INSERT INTO training_records (id, chain_id, course_id, user_id, trainer, trained_on, expires_on, certificate,"
        " recorded_by, recorded_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        record.id,
        chain_id,
        record.course_id,
        record.user_id,
        record.trainer,
        record.trained_on,
        record.expires_on,
        record.certificate,
        record.recorded_by,
        record.recorded_at,
    )


async def list_records(
    connection: TenantConnection, seen_from: Stores, before: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[TrainingRecord]:
    """Records of people who reach one of these stores, newest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _RECORD + _OF_SEEN + " AND ($2::timestamptz IS NULL OR (recorded_at, id) < ($2, $3::uuid))"
        " ORDER BY recorded_at DESC, id DESC LIMIT $4",
        _array(seen_from),
        *(before or (None, None)),
        limit + 1,
    )
    return [_record(row) for row in rows]


async def records_of(connection: TenantConnection, user_id: uuid.UUID) -> list[TrainingRecord]:
    """The records of one user that were not withdrawn."""
    rows = await connection.fetch(_RECORD + "WHERE user_id = $1 AND withdrawn_at IS NULL", user_id)
    return [_record(row) for row in rows]


async def get_record(connection: TenantConnection, seen_from: Stores, record_id: uuid.UUID) -> TrainingRecord:
    """One record of somebody who reaches one of these stores; NotFoundError otherwise."""
    row = await connection.fetchrow(_RECORD + _OF_SEEN + " AND id = $2", _array(seen_from), record_id)
    if row is None:
        raise NotFoundError("There is no such training record, or you may not see it.")
    return _record(row)


async def withdraw_record(connection: TenantConnection, record_id: uuid.UUID, now: datetime) -> None:
    """The record counts no longer; it stays to be seen."""
    await connection.execute(
        "UPDATE training_records SET withdrawn_at = $2 WHERE id = $1 AND withdrawn_at IS NULL", record_id, now
    )


def _array(stores: Stores) -> list[uuid.UUID] | None:
    return None if stores is None else list(stores)
