"""`/api/v1/users`, `/api/v1/memberships` and `/api/v1/roles`."""

import uuid
from typing import Annotated

from fastapi import Request, Response

from app.audit.models import NO_STORE_DATA, STAFF_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, identifier_of, require
from app.auth.models import Access
from app.auth.passwords import hasher_of
from app.auth.permissions import ROLE_PERMISSIONS, Permission
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.pages import Cursor, Limit, Page, cut, decode_cursor
from app.kit.postgres import tenant_transaction
from app.tenancy.acting import acting
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.people import repository, service
from app.tenancy.people.schemas import (
    GrantedRoleOut,
    InvitedOut,
    InviteIn,
    MembershipIn,
    RoleOut,
    UserOut,
    membership_out,
    user_out,
)

router = guarded_router("users")
Reads = Annotated[Access, require(Permission.USERS_READ)]
Writes = Annotated[Access, require(Permission.USERS_WRITE)]


@router.get("/roles", openapi_extra=unaudited(NO_STORE_DATA))
async def list_roles(access: Annotated[Access, require(Permission.STORES_READ)]) -> Page[RoleOut]:
    """The ten roles and what each allows."""
    items = [RoleOut(role=role, permissions=sorted(may)) for role, may in ROLE_PERMISSIONS.items()]
    return Page(items=items, next=None)


@router.get("/users", openapi_extra=unaudited(STAFF_SHOWN))
async def list_users(request: Request, access: Reads, cursor: Cursor = None, limit: Limit = 100) -> Page[UserOut]:
    """People with a role at a store that the caller may administer, oldest first."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        users = await repository.list_users(connection, access.scope.store_ids, after, limit)
    shown, following = cut(users, limit, lambda user: (user.created_at, user.id))
    return Page(items=[user_out(user) for user in shown], next=following)


@router.get("/users/{user_id}", openapi_extra=unaudited(STAFF_SHOWN))
async def get_user(request: Request, access: Reads, user_id: uuid.UUID) -> UserOut:
    """One of them."""
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        return user_out(await repository.get_user(connection, access.scope.store_ids, user_id))


@router.post("/users", status_code=201, openapi_extra=audited(Act.USER_INVITED))
async def invite_user(
    request: Request, response: Response, access: Writes, body: InviteIn, idempotency_key: IdempotencyKey = None
) -> InvitedOut:
    """A new user; the password for the first log-in is in this answer and nowhere else."""
    password = service.initial_password()
    hashed = await hasher_of(request).hash(password)
    shown: list[str] = []
    async with acting(backends(request).postgres, access) as (connection, who):

        async def make() -> UserOut:
            roles = [(each.role, each.place) for each in body.roles]
            made = await service.invite(connection, who, body.username, hashed, roles, now())
            shown.append(password)
            return user_out(made)

        user = await once(connection, who.id, idempotency_key, "POST /users", body, make, UserOut)
    response.headers["Cache-Control"] = "no-store"
    return InvitedOut(user=user, initial_password=shown[0] if shown else None)


@router.post("/users/{user_id}/disable", openapi_extra=audited(Act.USER_DISABLED))
async def disable_user(request: Request, access: Writes, user_id: uuid.UUID) -> UserOut:
    """Nobody signs in as this user any more, and what is open closes within seconds."""
    async with acting(backends(request).postgres, access) as (connection, who):
        user = await service.disable(connection, who, user_id, now())
    identifier_of(request).forget_user(user_id)
    return user_out(user)


@router.post("/users/{user_id}/enable", openapi_extra=audited(Act.USER_ENABLED))
async def enable_user(request: Request, access: Writes, user_id: uuid.UUID) -> UserOut:
    """This user may sign in again."""
    async with acting(backends(request).postgres, access) as (connection, who):
        return user_out(await service.enable(connection, who, user_id))


@router.post("/users/{user_id}/reset-password", openapi_extra=audited(Act.USER_PASSWORD_RESET))
async def reset_password(request: Request, response: Response, access: Writes, user_id: uuid.UUID) -> InvitedOut:
    """A new password for one log-in, in this answer and nowhere else; every session of the user ends."""
    password = service.initial_password()
    hashed = await hasher_of(request).hash(password)
    async with acting(backends(request).postgres, access) as (connection, who):
        user = await service.reset(connection, who, user_id, hashed, now())
    identifier_of(request).forget_user(user_id)
    response.headers["Cache-Control"] = "no-store"
    return InvitedOut(user=user_out(user), initial_password=password)


@router.get("/memberships", openapi_extra=unaudited(STAFF_SHOWN))
async def list_memberships(
    request: Request, access: Reads, user_id: uuid.UUID | None = None, cursor: Cursor = None, limit: Limit = 100
) -> Page[GrantedRoleOut]:
    """Who has which role, where the caller may see it."""
    after = decode_cursor(cursor)
    async with tenant_transaction(backends(request).postgres, access.everywhere) as connection:
        found = await repository.list_memberships(connection, access.scope.store_ids, user_id, after, limit)
    shown, following = cut(found, limit, lambda each: (each.created_at, each.id))
    return Page(items=[membership_out(each) for each in shown], next=following)


@router.post("/memberships", status_code=201, openapi_extra=audited(Act.MEMBERSHIP_GRANTED))
async def grant_membership(
    request: Request, access: Writes, body: MembershipIn, idempotency_key: IdempotencyKey = None
) -> GrantedRoleOut:
    """Give a role; never one that allows more than the caller's own, there."""
    async with acting(backends(request).postgres, access) as (connection, who):

        async def make() -> GrantedRoleOut:
            return membership_out(await service.grant(connection, who, body.user_id, body.role, body.place, now()))

        made = await once(connection, who.id, idempotency_key, "POST /memberships", body, make, GrantedRoleOut)
    identifier_of(request).forget_user(body.user_id)
    return made


@router.delete("/memberships/{membership_id}", status_code=204, openapi_extra=audited(Act.MEMBERSHIP_REVOKED))
async def revoke_membership(request: Request, access: Writes, membership_id: uuid.UUID) -> None:
    """Take a role; what it opened closes within seconds."""
    async with acting(backends(request).postgres, access) as (connection, who):
        user_id = await service.revoke(connection, who, membership_id)
    identifier_of(request).forget_user(user_id)
