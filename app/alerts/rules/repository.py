"""Rule settings; deleting one goes back to the next less specific setting, or to the defaults of the code."""

import uuid
from datetime import datetime

import asyncpg

from app.alerts.rules.models import RuleSetting
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection

_SELECT = (
    "SELECT id, store_id, camera_id, zone_id, kind, enabled, parameters, created_at, updated_at, cool_down_s, opens_incident"
    " FROM rules WHERE "
)


def _rule(row: "asyncpg.Record") -> RuleSetting:
    return RuleSetting(**dict(row))


async def list_rules(
    connection: TenantConnection,
    store_id: uuid.UUID | None,
    camera_id: uuid.UUID | None,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[RuleSetting]:
    """Settings in scope but those of removed cameras, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _SELECT + "($1::uuid IS NULL OR store_id = $1) AND ($2::uuid IS NULL OR camera_id = $2)"
        " AND NOT EXISTS (SELECT FROM cameras c WHERE c.id = rules.camera_id AND c.deleted_at IS NOT NULL)"
        " AND ($3::timestamptz IS NULL OR (created_at, id) > ($3, $4::uuid)) ORDER BY created_at, id LIMIT $5",
        store_id,
        camera_id,
        *(after or (None, None)),
        limit + 1,
    )
    return [_rule(row) for row in rows]


async def get_rule(connection: TenantConnection, rule_id: uuid.UUID, *, lock: bool = False) -> RuleSetting:
    """One setting in scope; NotFoundError otherwise."""
    row = await connection.fetchrow(_SELECT + "id = $1" + (" FOR UPDATE" if lock else ""), rule_id)
    if row is None:
        raise NotFoundError("There is no such rule, or you may not see it.")
    return _rule(row)


async def add_rule(connection: TenantConnection, chain_id: uuid.UUID, rule: RuleSetting) -> bool:
    """A new setting; False when this place has one of this kind already."""
    done: str = await connection.execute(
        "INSERT INTO rules (id, chain_id, store_id, camera_id, zone_id, kind, enabled, parameters, created_at, updated_at,"
        " cool_down_s, opens_incident) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, $10, $11) ON CONFLICT DO NOTHING",
        rule.id,
        chain_id,
        rule.store_id,
        rule.camera_id,
        rule.zone_id,
        rule.kind,
        rule.enabled,
        rule.parameters,
        rule.created_at,
        rule.cool_down_s,
        rule.opens_incident,
    )
    return done == "INSERT 0 1"


async def change_rule(connection: TenantConnection, rule: RuleSetting) -> None:
    """Store what may change of a setting."""
    await connection.execute(
        "UPDATE rules SET enabled = $2, parameters = $3, updated_at = $4, cool_down_s = $5, opens_incident = $6 WHERE id = $1",
        rule.id,
        rule.enabled,
        rule.parameters,
        rule.updated_at,
        rule.cool_down_s,
        rule.opens_incident,
    )


async def remove_rule(connection: TenantConnection, rule_id: uuid.UUID) -> None:
    """Delete a setting."""
    await connection.execute("DELETE FROM rules WHERE id = $1", rule_id)
