"""`/api/v1/notifications/rota`: who is on duty when."""

import datetime as dt
import uuid
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.alerts.models import EscalationLevel
from app.alerts.rota import repository
from app.alerts.rota.models import RotaEntry
from app.audit import repository as audit
from app.audit.models import STAFF_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.behaviour.findings import Threat
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.reach import Place, held_at
from app.tenancy.regions import repository as regions
from app.tenancy.repository import demand_store

router = guarded_router("notifications")
Reads = Annotated[Access, require(Permission.ROTA_READ)]
Writes = Annotated[Access, require(Permission.ROTA_WRITE)]


class RotaEntryIn(BaseModel):
    """One person's hours: at a store, in the area of a region, or (neither given) in the operations centre."""

    model_config = ConfigDict(extra="forbid")

    user_id: uuid.UUID
    store_id: uuid.UUID | None = None
    region_id: uuid.UUID | None = None
    days: list[Annotated[int, Field(ge=1, le=7)]] = Field(
        default=[1, 2, 3, 4, 5, 6, 7], min_length=1, max_length=7, description="ISO days on which the duty begins; 1 is Monday."
    )
    starts: dt.time = Field(default=dt.time(0), description="Local time.")
    ends: dt.time = Field(default=dt.time(0), description="Local time; at or before `starts`: on the next day.")
    timezone: str = Field(default="UTC", max_length=100, description="IANA name.")
    after_s: int = Field(default=180, ge=10, le=86400, description="Seconds an alert waits below before it comes here.")
    lowest_threat: Threat = Threat.LOW


class RotaEntryOut(BaseModel):
    """One person's hours at one level."""

    id: uuid.UUID
    level: EscalationLevel
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None
    user_id: uuid.UUID
    username: str
    days: list[int]
    starts: dt.time
    ends: dt.time
    timezone: str
    after_s: int
    lowest_threat: Threat
    on_duty: bool = Field(description="Now.")
    created_at: dt.datetime


@router.get("/notifications/rota", openapi_extra=unaudited(STAFF_SHOWN))
async def list_rota(
    request: Request, access: Reads, store_id: uuid.UUID | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[RotaEntryOut]:
    """Who is on duty when; of one store with its area and the operations centre."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        entries = await repository.list_entries(connection, store_id, after, limit)
    shown, following = cut(entries, limit, lambda entry: (entry.created_at, entry.id))
    return Page(items=[_out(entry) for entry in shown], next=following)


@router.post("/notifications/rota", status_code=201, openapi_extra=audited(Act.ROTA_ENTRY_CREATED))
async def add_rota_entry(
    request: Request, access: Writes, body: RotaEntryIn, idempotency_key: IdempotencyKey = None
) -> RotaEntryOut:
    """Put somebody on the rota; for an area or the operations centre the role must cover all of it."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> RotaEntryOut:
            await _check_place(connection, who, body)
            entry = RotaEntry(
                id=new_id(),
                username=await repository.username_of(connection, body.user_id),
                days=tuple(sorted(set(body.days))),
                created_at=now(),
                **body.model_dump(exclude={"days"}),
            )
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            await repository.add_entry(connection, who.chain_id, entry)
            await _audit(connection, Act.ROTA_ENTRY_CREATED, who, entry)
            return _out(entry)

        return await once(connection, who.id, idempotency_key, "POST /notifications/rota", body, make, RotaEntryOut)


@router.delete("/notifications/rota/{entry_id}", status_code=204, openapi_extra=audited(Act.ROTA_ENTRY_REMOVED))
async def remove_rota_entry(request: Request, access: Writes, entry_id: uuid.UUID) -> None:
    """Take somebody off the rota."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        entry = await repository.get_entry(connection, entry_id)
        _demand_reach(access.principal, entry.store_id, entry.region_id)
        await repository.remove_entry(connection, entry_id)
        await _audit(connection, Act.ROTA_ENTRY_REMOVED, access.principal, entry)


async def _check_place(connection: TenantConnection, who: Principal, body: RotaEntryIn) -> None:
    if body.store_id is not None and body.region_id is not None:
        raise BadInputError("Give store_id or region_id, not both.")
    if body.timezone not in available_timezones():
        raise BadInputError("timezone must be an IANA name such as Europe/Berlin.")
    if body.starts.tzinfo is not None or body.ends.tzinfo is not None:
        raise BadInputError("starts and ends are local times; leave the offset away.")
    if body.store_id is not None:
        await demand_store(connection, body.store_id)
    if body.region_id is not None:
        await regions.get_region(connection, body.region_id)
    _demand_reach(who, body.store_id, body.region_id)


def _demand_reach(who: Principal, store_id: uuid.UUID | None, region_id: uuid.UUID | None) -> None:
    if Permission.ROTA_WRITE not in held_at(who, Place(store_id, region_id)):
        raise ForbiddenError("Your role does not cover all of this place.", permission=Permission.ROTA_WRITE.value)


def _out(entry: RotaEntry) -> RotaEntryOut:
    values = {name: getattr(entry, name) for name in RotaEntry.__dataclass_fields__}
    return RotaEntryOut(level=entry.level, on_duty=entry.on_duty(now()), **values)


async def _audit(connection: TenantConnection, act: Act, who: Principal, entry: RotaEntry) -> None:
    details = {"user": str(entry.user_id), "level": entry.level.value, "days": list(entry.days), "after_s": entry.after_s}
    await audit.append(
        connection, AuditEntry(act, who.kind, who.id, who.chain_id, entry.store_id, "rota-entry", entry.id, details)
    )
