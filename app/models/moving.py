"""Moves of a chain's pointer, and what is written down of them."""

import uuid
from typing import Any

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Access
from app.kit.clock import now
from app.kit.postgres import TenantConnection
from app.models import repository
from app.models.models import ModelVersion, Pointer, rolled_back
from app.models.watch import repository as watches
from app.models.watch.models import Limits


async def take_back(
    connection: TenantConnection, chain_id: uuid.UUID, pointer: Pointer, kind: ActorKind, who: uuid.UUID | None, limits: Limits,
    reason: str = "",
) -> Pointer:  # fmt: skip
    """The pointer before its last promotion, which is watched no longer; `reason` where nobody asked for it."""
    moved = rolled_back(pointer)
    await repository.put_pointer(connection, chain_id, moved)
    await watches.put(connection, pointer.model, limits, None, reason)
    details = {"model": pointer.model, "from": pointer.candidate or pointer.stable, "to": moved.stable}
    if reason:
        details["reason"] = reason[:500]
    await audit.append(connection, AuditEntry(Act.MODEL_ROLLED_BACK, kind, who, chain_id, None, "model", None, details))
    return moved


async def watched_on_all(connection: TenantConnection, pointer: Pointer) -> bool:
    """Whether the version of all cameras may still be taken back by itself."""
    watch = await watches.get(connection, pointer.model)
    return pointer.candidate is None and watch is not None and watch.until is not None and watch.until > now()


async def note(connection: TenantConnection, access: Access, act: Act, of: ModelVersion, details: dict[str, Any]) -> None:
    who = access.principal
    entry = AuditEntry(
        act, who.kind, who.id, who.chain_id, None, "model-version", of.id, {"model": of.model, "version": of.version, **details}
    )
    await audit.append(connection, entry)
