"""Destroying a chain's key, and with it the sense of everything it protects. Two people, both in the audit."""

import uuid
from datetime import datetime

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Access
from app.kit.errors import BadInputError, ForbiddenError
from app.kit.ids import new_id
from app.kit.keys import repository as stored
from app.kit.keys.models import PROTECTED
from app.kit.keys.vault import Vault
from app.kit.postgres import TenantConnection
from app.tenancy.keys import repository
from app.tenancy.keys.models import KeyDestruction, demand_confirmable


def demand_administrator(access: Access) -> uuid.UUID:
    """The chain; ForbiddenError for anybody but a person whose right spans all of it."""
    who = access.principal
    if who.kind is not ActorKind.USER or access.scope.store_ids is not None:
        raise ForbiddenError("Only an administrator of the whole chain may do this, signed in as a person.")
    return access.scope.chain_id


async def ask_destruction(connection: TenantConnection, access: Access, now: datetime) -> KeyDestruction:
    """Ask for the end of the chain's key; nothing happens until somebody else confirms."""
    chain_id = demand_administrator(access)
    wish = KeyDestruction(new_id(), access.principal.id, now)
    await repository.add_destruction(connection, chain_id, wish)
    await _audit(connection, Act.KEY_DESTRUCTION_REQUESTED, access, wish.id, {})
    return wish


async def confirm_destruction(
    connection: TenantConnection, vault: Vault, access: Access, wish_id: uuid.UUID, typed_name: str, now: datetime
) -> int:
    """Destroy the key; the number of versions that are gone.

    Raises:
        ForbiddenError: the same person asked for it.
        BadInputError: the chain's name was not typed as it is.
        ConflictError: it was carried out already, or lapsed.
    """
    chain_id = demand_administrator(access)
    wish = await repository.get_destruction(connection, wish_id)
    demand_confirmable(wish, access.principal.id, now)
    if typed_name.strip() != await repository.chain_name(connection):
        raise BadInputError("Type the chain's name exactly, to show that you mean this chain.")
    await repository.confirm_destruction(connection, wish_id, access.principal.id, now)
    await vault.current(connection, chain_id)  # a chain without a key gets one, so that its end is recorded and holds
    emptied = sum([await stored.forget_first_values(connection, what, chain_id) for what in PROTECTED])
    emptied += await stored.forget_beside(connection, chain_id)
    versions = await stored.destroy_keys(connection, chain_id, now)
    await _audit(connection, Act.KEY_DESTROYED, access, wish_id, {"versions": versions, "emptied": emptied})
    return versions


async def _audit(connection: TenantConnection, act: Act, access: Access, wish_id: uuid.UUID, details: dict[str, int]) -> None:
    who = access.principal
    entry = AuditEntry(act, who.kind, who.id, who.chain_id, None, "key-destruction", wish_id, dict(details))
    await audit.append(connection, entry)
