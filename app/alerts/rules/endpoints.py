"""`/api/v1/rules`."""

import dataclasses
import uuid
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.alerts.grouping import PLAIN
from app.alerts.rules import repository
from app.alerts.rules.models import RuleSetting
from app.audit import repository as audit
from app.audit.models import NO_STORE_DATA, SETTINGS_SHOWN, Act, AuditEntry, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.behaviour.cameras import CAMERA_RULES
from app.behaviour.declared import SettingType, declared
from app.behaviour.rules import RULES, read_parameters
from app.cameras import repository as cameras
from app.cameras.zones import repository as zones
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError
from app.kit.ids import new_id
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import TenantConnection, tenant_transaction
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store

router = guarded_router("rules")
Reads = Annotated[Access, require(Permission.RULES_READ)]
Writes = Annotated[Access, require(Permission.RULES_WRITE)]
Parameters = Annotated[
    dict[str, Any], Field(max_length=50, description="By name; what is absent has the default of the kind's `defaults`.")
]
CoolDown = Annotated[
    float, Field(ge=0, le=86400, description="What begins so soon after the last joins its open alert; 0: each is an alert.")
]
OpensIncident = Annotated[bool, Field(description="Each alert joins an incident, opened where there is none.")]


class RuleIn(BaseModel):
    """How a kind of rule is set for a store, one of its cameras, or one zone of that camera."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    camera_id: uuid.UUID | None = None
    zone_id: uuid.UUID | None = None
    kind: str = Field(max_length=100)
    parameters: Parameters = Field(default_factory=dict)
    enabled: bool = True
    cool_down_s: CoolDown = PLAIN.cool_down_s
    opens_incident: OpensIncident = PLAIN.opens_incident


class RuleChange(BaseModel):
    """What to change; what is absent stays. `parameters` replace the ones before."""

    model_config = ConfigDict(extra="forbid")

    parameters: Parameters | None = None
    enabled: bool | None = None
    cool_down_s: CoolDown | None = None
    opens_incident: OpensIncident | None = None


class RuleOut(BaseModel):
    """One setting."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID | None
    zone_id: uuid.UUID | None
    kind: str
    parameters: dict[str, Any]
    enabled: bool
    created_at: datetime
    updated_at: datetime
    cool_down_s: float
    opens_incident: bool


class SettingOut(BaseModel):
    """One parameter: `least` and `most` of a number, `choices` of a choice; a whole one has no fractions."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    type: SettingType
    unit: str
    least: float | None
    most: float | None
    default: Any
    choices: list[str]
    sentence: str


class RuleKindOut(BaseModel):
    """A kind of rule with its defaults, the JSON Schema of its parameters, and what each means."""

    kind: str
    sentence: str
    zone_kind: str
    only_in_zones: bool
    settings: list[SettingOut]
    defaults: dict[str, Any]
    parameters_schema: dict[str, Any]


def _out(rule: RuleSetting) -> RuleOut:
    return RuleOut.model_validate(rule, from_attributes=True)


def check_parameters(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    """`given`, if the rule takes it; BadInputError with what is wrong."""
    try:
        read_parameters(kind, given)
    except (msgspec.ValidationError, ValueError) as error:
        raise BadInputError(f"These parameters cannot be used: {error}.") from error
    return given


def _kind(
    kind: str, sentence: str, parameters: type[msgspec.Struct], zone_kind: str = "", *, only_in_zones: bool = False
) -> RuleKindOut:
    return RuleKindOut(
        kind=kind,
        sentence=sentence,
        zone_kind=zone_kind,
        only_in_zones=only_in_zones,
        settings=[SettingOut.model_validate(each) for each in declared(parameters)],
        defaults=msgspec.to_builtins(parameters()),
        parameters_schema=msgspec.json.schema(parameters),
    )


@router.get("/rules/kinds", openapi_extra=unaudited(NO_STORE_DATA))
async def list_kinds(access: Reads) -> Page[RuleKindOut]:
    """The kinds of rules there are."""
    kinds = [
        _kind(rule.kind, rule.sentence, rule.parameters, rule.zone_kind, only_in_zones=rule.only_in_zones)
        for rule in RULES.values()
    ]
    kinds += [_kind(rule.kind, rule.sentence, rule.parameters) for rule in CAMERA_RULES.values()]
    return Page(items=kinds, next=None)


@router.get("/rules", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_rules(
    request: Request,
    access: Reads,
    store_id: uuid.UUID | None = None,
    camera_id: uuid.UUID | None = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RuleOut]:
    """Settings; a place without one uses the next less specific, at last the defaults."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rules = await repository.list_rules(connection, store_id, camera_id, after, limit)
    shown, following = cut(rules, limit, lambda rule: (rule.created_at, rule.id))
    return Page(items=[_out(rule) for rule in shown], next=following)


@router.post("/rules", status_code=201, openapi_extra=audited(Act.RULE_CREATED))
async def add_rule(request: Request, access: Writes, body: RuleIn, idempotency_key: IdempotencyKey = None) -> RuleOut:
    """Set a kind of rule somewhere; 409 where it is set already (change it there)."""
    who = access.principal
    parameters = check_parameters(body.kind, body.parameters)
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> RuleOut:
            await _check_place(connection, body)
            moment = now()
            place = (body.store_id, body.camera_id, body.zone_id)
            handling = (body.cool_down_s, body.opens_incident)
            rule = RuleSetting(new_id(), *place, body.kind, body.enabled, parameters, moment, moment, *handling)
            assert who.chain_id is not None  # noqa: S101 - a scope exists only with a chain
            if not await repository.add_rule(connection, who.chain_id, rule):
                raise ConflictError("This kind of rule is set here already; change that setting instead.")
            await _audit(connection, Act.RULE_CREATED, who, rule)
            return _out(rule)

        return await once(connection, who.id, idempotency_key, "POST /rules", body, make, RuleOut)


@router.get("/rules/{rule_id}", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_rule(request: Request, access: Reads, rule_id: uuid.UUID) -> RuleOut:
    """One setting."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _out(await repository.get_rule(connection, rule_id))


@router.patch("/rules/{rule_id}", openapi_extra=audited(Act.RULE_CHANGED))
async def change_rule(request: Request, access: Writes, rule_id: uuid.UUID, body: RuleChange) -> RuleOut:
    """Change parameters, or switch it on or off here."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rule = await repository.get_rule(connection, rule_id, lock=True)
        changed = dataclasses.replace(
            rule,
            enabled=rule.enabled if body.enabled is None else body.enabled,
            parameters=rule.parameters if body.parameters is None else check_parameters(rule.kind, body.parameters),
            updated_at=now(),
            cool_down_s=rule.cool_down_s if body.cool_down_s is None else body.cool_down_s,
            opens_incident=rule.opens_incident if body.opens_incident is None else body.opens_incident,
        )
        await repository.change_rule(connection, changed)
        await _audit(connection, Act.RULE_CHANGED, access.principal, changed)
    return _out(changed)


@router.delete("/rules/{rule_id}", status_code=204, openapi_extra=audited(Act.RULE_REMOVED))
async def remove_rule(request: Request, access: Writes, rule_id: uuid.UUID) -> None:
    """Remove a setting: the next less specific one holds here again."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        rule = await repository.get_rule(connection, rule_id, lock=True)
        await repository.remove_rule(connection, rule_id)
        await _audit(connection, Act.RULE_REMOVED, access.principal, rule)


async def _check_place(connection: TenantConnection, body: RuleIn) -> None:
    """Store, camera and zone must belong together."""
    await demand_store(connection, body.store_id)
    if body.camera_id is None:
        if body.zone_id is not None:
            raise BadInputError("A zone needs its camera: give camera_id too.")
        return
    camera = await cameras.get_camera(connection, body.camera_id)
    if camera.store_id != body.store_id:
        raise BadInputError("This camera belongs to another store.")
    if body.zone_id is not None:
        await zones.get_zone(connection, body.camera_id, body.zone_id)


async def _audit(connection: TenantConnection, act: Act, who: Principal, rule: RuleSetting) -> None:
    details = {
        "kind": rule.kind,
        "enabled": rule.enabled,
        "parameters": rule.parameters,
        "cool_down_s": rule.cool_down_s,
        "opens_incident": rule.opens_incident,
    }
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, rule.store_id, "rule", rule.id, details)
    await audit.append(connection, entry)
