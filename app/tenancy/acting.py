"""Administrative acts, one after the other in a chain: each sees the rights of its author as of now, not of two seconds ago."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import asyncpg

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth import repository as auth
from app.auth.models import Access, Principal
from app.auth.permissions import Permission
from app.kit.errors import ForbiddenError
from app.kit.postgres import Pool, TenantConnection, TenantScope, tenant_transaction
from app.tenancy import repository
from app.tenancy.reach import Place, covers


@asynccontextmanager
async def acting(pool: "Pool[asyncpg.Record]", access: Access) -> AsyncIterator[tuple[TenantConnection, Principal]]:
    """A transaction over the whole chain, alone among its kind, and its author with rights read afresh.

    Two administrators who take each other's role at the same moment: the second one finds that his is gone. A refusal
    leaves an audit row of its own.

    Raises:
        ForbiddenError: the author may not do this any more, or what he tried.
    """
    who = access.principal
    if who.chain_id is None:
        raise ForbiddenError("A key of the platform administers no chain.")
    scope = TenantScope(who.chain_id, None, who.id)
    try:
        async with tenant_transaction(pool, scope) as connection:
            await repository.lock_chain(connection)
            fresh = await _afresh(connection, who)
            if not fresh.may(access.permission):
                raise ForbiddenError("Your roles do not allow this any more.", permission=access.permission.value)
            yield connection, fresh
    except ForbiddenError:
        async with tenant_transaction(pool, scope) as connection:
            details = {"permission": access.permission.value}
            await audit.append(
                connection, AuditEntry(Act.ADMINISTRATION_REFUSED, who.kind, who.id, who.chain_id, details=details)
            )
        raise


async def may_still(connection: TenantConnection, user_id: uuid.UUID, permission: Permission, store_id: uuid.UUID) -> bool:
    """Whether this person may sign in and holds `permission` at a store in scope: as of now, not of two seconds ago."""
    if not await repository.user_enabled(connection, user_id):
        return False
    grants = await auth.grants_of(connection, user_id)
    return any(permission in grant.permissions and covers(grant, Place(store_id)) for grant in grants)


async def _afresh(connection: TenantConnection, who: Principal) -> Principal:
    if who.kind is not ActorKind.USER:
        standing = await repository.key_stands(connection, who.id)
        return who if standing else replace(who, grants=())
    if not await repository.user_enabled(connection, who.id):
        return replace(who, grants=())
    return replace(who, grants=await auth.grants_of(connection, who.id))
