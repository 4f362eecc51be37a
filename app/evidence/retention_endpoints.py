"""`/api/v1/retention`: how long evidence stays, and what was deleted."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit import repository as audit
from app.audit.models import SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.evidence import retention_repository as stored
from app.evidence.retention import DAYS, RetentionClass, Rule
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.pages import Limit, Page
from app.kit.postgres import tenant_transaction
from app.tenancy.repository import demand_store

router = guarded_router("retention")
Reads = Annotated[Access, require(Permission.RETENTION_READ)]
Writes = Annotated[Access, require(Permission.RETENTION_WRITE)]


class RetentionRuleIn(BaseModel):
    """How long one class stays, in one store or (without `store_id`) in every store without a rule of its own."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    store_id: uuid.UUID | None = None
    kind: RetentionClass = Field(alias="class")
    days: int = Field(ge=1, le=3650)
    most_bytes: int | None = Field(default=None, ge=1 << 20, le=1 << 50, description="A store's budget; the oldest go first.")


class RetentionRuleOut(BaseModel):
    """One rule; `store_id` null: of the chain."""

    model_config = ConfigDict(populate_by_name=True)

    store_id: uuid.UUID | None
    kind: RetentionClass = Field(alias="class")
    days: int
    most_bytes: int | None


class RulesOut(BaseModel):
    """The rules, and what counts where there is none."""

    items: list[RetentionRuleOut]
    defaults: list[RetentionRuleOut]


class ReceiptOut(BaseModel):
    """Something that was deleted."""

    id: uuid.UUID
    store_id: uuid.UUID | None
    evidence_id: uuid.UUID | None
    kind: str
    s3_key: str
    size: int | None
    sha256: str | None
    reason: str
    deleted_at: datetime


@router.get("/retention", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_rules(request: Request, access: Reads) -> RulesOut:
    """How long evidence stays."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        found = await stored.rules_of(connection)
    return RulesOut(items=[_out(each) for each in found], defaults=[_out(Rule(None, kind, days)) for kind, days in DAYS.items()])


@router.put("/retention", openapi_extra=audited(Act.RETENTION_CHANGED))
async def put_rule(request: Request, access: Writes, body: RetentionRuleIn) -> RetentionRuleOut:
    """Make or change a rule; the next run, within the hour, goes by it. Held pieces and those of open cases stay.
    A rule of the chain is made by whoever may for every store."""
    who, rule = access.principal, Rule(body.store_id, body.kind, body.days, body.most_bytes)
    scope = access.whole_chain if rule.store_id is None else access.scope
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        if rule.store_id is not None:
            await demand_store(connection, rule.store_id)
        await stored.set_rule(connection, scope.chain_id, rule, now())
        details = {"class": rule.kind.value, "days": rule.days, "most_bytes": rule.most_bytes}
        subject = ("retention", rule.store_id)
        await audit.append(
            connection, AuditEntry(Act.RETENTION_CHANGED, who.kind, who.id, who.chain_id, rule.store_id, *subject, details)
        )
    return _out(rule)


@router.get("/retention/receipts", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_receipts(request: Request, access: Reads, limit: Limit = 100) -> Page[ReceiptOut]:
    """What was deleted, newest first: key, hash, reason and time, no content."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rows = await stored.receipts(connection, limit)
    items = []
    for row in rows:
        values = {name: row[name] for name in ("id", "store_id", "evidence_id", "s3_key", "size", "reason", "deleted_at")}
        items.append(ReceiptOut(**values, kind=row["class"], sha256=None if row["sha256"] is None else row["sha256"].hex()))
    return Page(items=items, next=None)


def _out(rule: Rule) -> RetentionRuleOut:
    return RetentionRuleOut.model_validate(
        {"store_id": rule.store_id, "class": rule.kind, "days": rule.days, "most_bytes": rule.most_bytes}
    )
