"""Appends audit rows, in the transaction of the act they tell of. The role may only insert."""

import uuid
from typing import Any, Final

import msgspec

from app.audit.models import AuditEntry
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection, uuid_text

_COLUMNS: Final = "id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details"


async def append(connection: TenantConnection, entry: AuditEntry) -> None:
    """One unsealed row; it exists exactly if the act's transaction commits.

    In a tenant's transaction it goes along with COMMIT, so an act costs no round trip more for being told of.
    """
    row = (
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
    session: Any = connection  # a proxy of `Session`; an owner's plain connection carries nothing
    carry = getattr(session, "carry", None)
    if carry is None or not carry(f"SELECT append_act({','.join(map(_literal, row))});"):
        await connection.execute(
            f"INSERT INTO audit_unsealed ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",  # noqa: S608
            *row,
        )


def _literal(value: uuid.UUID | str | dict[str, Any] | None) -> str:
    """A value as SQL. Texts are hexadecimal digits of their UTF-8, so that nothing in them is ever read as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, uuid.UUID):
        return f"'{uuid_text(value)}'"
    if isinstance(value, str):
        return f"convert_from('\\x{value.encode().hex()}','UTF8')"
    return f"convert_from('\\x{msgspec.json.encode(value).hex()}','UTF8')::jsonb"
