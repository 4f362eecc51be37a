"""Appends audit rows, in the transaction of the act they tell of. The role may only insert."""

from app.audit.models import AuditEntry
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection


async def append(connection: TenantConnection, entry: AuditEntry) -> None:
    """One unsealed row; it exists exactly if the act's transaction commits."""
    await connection.execute(
        "INSERT INTO audit_unsealed (id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        new_id(),
        entry.chain_id,
        entry.store_id,
        entry.actor_kind.value,
        entry.actor_id,
        entry.act.value,
        entry.subject_kind,
        entry.subject_id,
        entry.details,
    )
