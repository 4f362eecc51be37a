"""`/api/v1/training`: courses, records, and whether the caller's own stands."""

import uuid
from datetime import date, datetime
from typing import Annotated, Literal

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.audit import repository as audit
from app.audit.models import OWN, SETTINGS_SHOWN, STAFF_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import SelfAccess, guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, TenantScope, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.policy.models import months_after
from app.tenancy.training import repository
from app.tenancy.training.models import GATES, Course, TrainingRecord, opens

router = guarded_router("training")
Reads = Annotated[Access, require(Permission.TRAINING_READ)]
Writes = Annotated[Access, require(Permission.TRAINING_WRITE)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Gate = Literal["match-review"]


class CourseIn(BaseModel):
    """A course to offer."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    gate: Gate
    valid_months: int = Field(ge=1, le=60)


class CourseOut(BaseModel):
    """A course; a record of it opens `gate`."""

    id: uuid.UUID
    name: str
    gate: str
    gate_name: str
    valid_months: int
    created_at: datetime


class RecordIn(BaseModel):
    """Somebody took a course."""

    model_config = ConfigDict(extra="forbid")

    course_id: uuid.UUID
    user_id: uuid.UUID
    trainer: Name
    trained_on: date
    certificate: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$")] = ""


class RecordOut(BaseModel):
    """A training record."""

    id: uuid.UUID
    course_id: uuid.UUID
    user_id: uuid.UUID
    username: str
    trainer: str
    trained_on: date
    expires_on: date = Field(description="The first day it no longer counts.")
    certificate: str
    recorded_at: datetime
    withdrawn_at: datetime | None


class TraineeOut(BaseModel):
    """A user who can be trained."""

    id: uuid.UUID
    username: str


class GateOut(BaseModel):
    """A gate and whether it is open for the caller."""

    gate: str
    name: str
    open: bool


def _course(course: Course) -> CourseOut:
    return CourseOut(
        id=course.id,
        name=course.name,
        gate=course.gate,
        gate_name=GATES.get(course.gate, course.gate),
        valid_months=course.valid_months,
        created_at=course.created_at,
    )


def _record(record: TrainingRecord, names: dict[uuid.UUID, str]) -> RecordOut:
    return RecordOut(
        id=record.id,
        course_id=record.course_id,
        user_id=record.user_id,
        username=names.get(record.user_id, "removed user"),
        trainer=record.trainer,
        trained_on=record.trained_on,
        expires_on=record.expires_on,
        certificate=record.certificate,
        recorded_at=record.recorded_at,
        withdrawn_at=record.withdrawn_at,
    )


@router.get("/training/courses", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_courses(request: Request, access: Reads) -> Page[CourseOut]:
    """Courses of the chain, on one page."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return Page(items=[_course(course) for course in await repository.list_courses(connection)], next=None)


@router.post("/training/courses", status_code=201, openapi_extra=audited(Act.COURSE_CREATED))
async def add_course(request: Request, access: Writes, body: CourseIn, idempotency_key: IdempotencyKey = None) -> CourseOut:
    """Offer a course. Whoever may pass its gate is decided by it from now on, beside the gate's other courses."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, _chain_wide(access)) as connection:

        async def make() -> CourseOut:
            if len(await repository.list_courses(connection)) >= repository.MOST_COURSES:
                raise BadInputError(f"A chain has at most {repository.MOST_COURSES} courses; retire one first.")
            course = Course(new_id(), body.name, body.gate, body.valid_months, now())
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_course(connection, who.chain_id, course)
            await _audit(connection, Act.COURSE_CREATED, who, "training-course", course.id)
            return _course(course)

        return await once(connection, who.id, idempotency_key, "POST /training/courses", body, make, CourseOut)


@router.delete("/training/courses/{course_id}", status_code=204, openapi_extra=audited(Act.COURSE_RETIRED))
async def retire_course(request: Request, access: Writes, course_id: uuid.UUID) -> None:
    """Retire a course: its records stay, and open nothing any more."""
    async with tenant_transaction(backends(request).postgres, _chain_wide(access)) as connection:
        await repository.get_course(connection, course_id)
        await repository.retire_course(connection, course_id, now())
        await _audit(connection, Act.COURSE_RETIRED, access.principal, "training-course", course_id)


@router.get("/training/people", openapi_extra=unaudited(STAFF_SHOWN))
async def list_people(request: Request, access: Reads) -> Page[TraineeOut]:
    """People who reach a store of the caller's, for choosing whom a record is of."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        people = await repository.list_people(connection, access.scope.store_ids)
    return Page(items=[TraineeOut(id=each, username=name) for each, name in people.items()], next=None)


@router.get("/training/records", openapi_extra=unaudited(STAFF_SHOWN))
async def list_records(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[RecordOut]:
    """Training records of people who reach a store of the caller's, newest first."""
    before = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        found = await repository.list_records(connection, access.scope.store_ids, before, limit)
        names = await repository.list_people(connection, access.scope.store_ids)
    shown, following = cut(found, limit, lambda record: (record.recorded_at, record.id))
    return Page(items=[_record(record, names) for record in shown], next=following)


@router.post("/training/records", status_code=201, openapi_extra=audited(Act.TRAINING_RECORDED))
async def add_record(request: Request, access: Writes, body: RecordIn, idempotency_key: IdempotencyKey = None) -> RecordOut:
    """Record that somebody else took a course; it ends after the course's months."""
    who, moment = access.principal, now()
    if body.user_id == who.id:
        raise ForbiddenError("Nobody records their own training; ask somebody else to.")
    if body.trained_on > moment.date():
        raise BadInputError("The day of the training lies in the future.")
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:

        async def make() -> RecordOut:
            course = await repository.get_course(connection, body.course_id)
            await repository.demand_user(connection, access.scope.store_ids, body.user_id)
            expires_on = months_after(body.trained_on, course.valid_months)
            record = TrainingRecord(
                new_id(), course.id, body.user_id, body.trainer, body.trained_on, expires_on, body.certificate, who.id, moment
            )
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_record(connection, who.chain_id, record)
            await _audit(connection, Act.TRAINING_RECORDED, who, "training-record", record.id)
            return _record(record, await repository.list_people(connection, access.scope.store_ids))

        return await once(connection, who.id, idempotency_key, "POST /training/records", body, make, RecordOut)


@router.delete("/training/records/{record_id}", status_code=204, openapi_extra=audited(Act.TRAINING_WITHDRAWN))
async def withdraw_record(request: Request, access: Writes, record_id: uuid.UUID) -> None:
    """Withdraw a record: it counts no longer, and stays to be seen."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        await repository.get_record(connection, access.scope.store_ids, record_id)
        await repository.withdraw_record(connection, record_id, now())
        await _audit(connection, Act.TRAINING_WITHDRAWN, access.principal, "training-record", record_id)


@router.get("/training/gates", openapi_extra=unaudited(OWN))
async def list_gates(request: Request, access: SelfAccess) -> Page[GateOut]:
    """Which gates are open for the caller today."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        courses = await repository.list_courses(connection)
        records = await repository.records_of(connection, who.id)
    today = now().date()
    gates = [GateOut(gate=gate, name=name, open=opens(gate, courses, records, who.id, today)) for gate, name in GATES.items()]
    return Page(items=gates, next=None)


def _chain_wide(access: Access) -> TenantScope:
    """Courses are the chain's: whoever manages some stores only may record training, not decide what it is."""
    if access.scope.store_ids is not None:
        raise ForbiddenError("Courses are set for the whole chain; ask a chain administrator.")
    return access.scope


async def _audit(connection: TenantConnection, act: Act, who: Principal, kind: str, subject: uuid.UUID) -> None:
    await audit.append(connection, AuditEntry(act, who.kind, who.id, who.chain_id, None, kind, subject))
