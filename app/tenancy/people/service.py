"""Invite, disable, reset, grant, revoke: never more than one holds oneself, never against somebody who may do more."""

import secrets
import uuid
from datetime import datetime

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Grant, Principal
from app.auth.permissions import ROLE_PERMISSIONS, Permission, Role, permissions_of
from app.auth.sessions import repository as sessions
from app.kit.errors import ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.tenancy import repository as tenancy
from app.tenancy.api_keys import repository as api_keys
from app.tenancy.people import repository
from app.tenancy.people.models import Membership, User
from app.tenancy.people.repository import Stores
from app.tenancy.reach import Place, held_at, may_give, may_govern
from app.tenancy.regions import repository as regions

TOO_MUCH = "You can only give roles that allow no more than yours, where yours apply."
STRONGER = "This person may do things that you may not, or works where you do not; ask an administrator who may."
HAS_PROVIDER = "This person signs in by your identity provider, which keeps the password; reset it there."
YOURSELF = "Change your own password under your name, where it is asked for first; a lost one another administrator resets."
FROM_PROVIDER = "This role comes from a group of your identity provider; take the person out of the group there."


def initial_password() -> str:
    """A password for one log-in: 120 random bits in letters that are hard to mistake for each other."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    groups = ("".join(secrets.choice(alphabet) for _ in range(6)) for _ in range(4))
    return "-".join(groups)


def seen_from(who: Principal, permission: Permission) -> Stores:
    """The stores whose people `who` may see."""
    return who.scope(permission).store_ids


async def invite(
    connection: TenantConnection,
    who: Principal,
    username: str,
    password_hash: str,
    roles: list[tuple[Role, Place]],
    now: datetime,
) -> User:
    """A new user with these roles.

    Raises:
        ForbiddenError: more than `who` may give.
        ConflictError: the name is taken.
        NotFoundError: no such store or region.
    """
    user_id, chain_id = new_id(), _chain(who)
    for role, place in roles:
        await _demand_giving(connection, who, role, place)
    await repository.add_user(connection, user_id, chain_id, username, password_hash)
    await audit.append(connection, _entry(who, Act.USER_INVITED, user_id))
    for role, place in dict.fromkeys(roles):
        await _add(connection, who, user_id, role, place, now)
    return await repository.get_user(connection, None, user_id)


async def grant(
    connection: TenantConnection, who: Principal, user_id: uuid.UUID, role: Role, place: Place, now: datetime
) -> Membership:
    """One more role of a user whom `who` may see. Errors as `invite`."""
    await repository.get_user(connection, seen_from(who, Permission.USERS_WRITE), user_id)
    await _demand_giving(connection, who, role, place)
    return await _add(connection, who, user_id, role, place, now)


async def revoke(connection: TenantConnection, who: Principal, membership_id: uuid.UUID) -> uuid.UUID:
    """Take a role that `who` could have given; whose it was.

    Raises:
        ConflictError: nobody would be left to administer the chain, or the identity provider gave it.
    """
    found = await repository.get_membership(connection, seen_from(who, Permission.USERS_WRITE), membership_id)
    place = Place(found.store_id, found.region_id)
    if not may_give(who, Permission.USERS_WRITE, permissions_of(found.role), place):
        raise ForbiddenError(TOO_MUCH)
    if found.source != "local":
        raise ConflictError(FROM_PROVIDER)
    await repository.remove_membership(connection, membership_id)
    await repository.demand_administrator(connection)
    entry = _entry(who, Act.MEMBERSHIP_REVOKED, found.user_id, found.store_id, role=found.role, **_place(place))
    await audit.append(connection, entry)
    return found.user_id


async def disable(connection: TenantConnection, who: Principal, user_id: uuid.UUID, now: datetime) -> User:
    """This user's sessions end and no new one opens; ConflictError for the last administrator."""
    user = await _governed(connection, who, user_id)
    if user.disabled_at is None:
        await repository.set_disabled(connection, user_id, now)
        await repository.demand_administrator(connection)
        await sessions.end_all(connection, user_id, None, now)
        keys = await api_keys.count_made_by(connection, user_id)
        await audit.append(connection, _entry(who, Act.USER_DISABLED, user_id, None, keys_left=str(keys)))
    return await repository.get_user(connection, None, user_id)


async def enable(connection: TenantConnection, who: Principal, user_id: uuid.UUID) -> User:
    """This user may sign in again."""
    user = await _governed(connection, who, user_id)
    if user.disabled_at is not None:
        await repository.set_disabled(connection, user_id, None)
        await audit.append(connection, _entry(who, Act.USER_ENABLED, user_id))
    return await repository.get_user(connection, None, user_id)


async def reset(connection: TenantConnection, who: Principal, user_id: uuid.UUID, password_hash: str, now: datetime) -> User:
    """Another first password; every session of this user ends.

    Raises:
        ConflictError: the identity provider vouches for this user. A password of ours would outlive the account there.
        ForbiddenError: it is one's own, which nobody changes without giving it: a stolen token would keep the account.
    """
    if user_id == who.id:
        raise ForbiddenError(YOURSELF)
    await _governed(connection, who, user_id)
    if await repository.is_of_provider(connection, user_id):
        raise ConflictError(HAS_PROVIDER)
    await repository.reset_password(connection, user_id, password_hash)
    await sessions.end_all(connection, user_id, None, now)
    await audit.append(connection, _entry(who, Act.USER_PASSWORD_RESET, user_id))
    return await repository.get_user(connection, None, user_id)


async def _governed(connection: TenantConnection, who: Principal, user_id: uuid.UUID) -> User:
    user = await repository.get_user(connection, seen_from(who, Permission.USERS_WRITE), user_id)
    held = [Grant(permissions_of(m.role), m.store_id, m.role, m.region_id) for m in user.memberships]
    if user_id != who.id and not may_govern(who, held):
        raise ForbiddenError(STRONGER)
    return user


async def _demand_giving(connection: TenantConnection, who: Principal, role: Role, place: Place) -> None:
    """ForbiddenError where it is more than `who` holds; a place nobody may see is one that is not there."""
    seen = who.scope(Permission.USERS_WRITE).store_ids
    if place.store_id is not None and (seen is None or place.store_id in seen):
        await tenancy.demand_store(connection, place.store_id)
    elif place.store_id is not None:
        raise tenancy.no_such_store()
    if place.region_id is not None and Permission.USERS_WRITE not in held_at(who, place):
        raise regions.no_such_region()
    if place.region_id is not None:
        await regions.get_region(connection, place.region_id)
    if not may_give(who, Permission.USERS_WRITE, ROLE_PERMISSIONS[role], place):
        raise ForbiddenError(TOO_MUCH)


async def _add(
    connection: TenantConnection, who: Principal, user_id: uuid.UUID, role: Role, place: Place, now: datetime
) -> Membership:
    made = Membership(new_id(), user_id, role.value, place.store_id, place.region_id, "local", now)
    await repository.add_membership(connection, _chain(who), made)
    entry = _entry(who, Act.MEMBERSHIP_GRANTED, user_id, place.store_id, role=role.value, **_place(place))
    await audit.append(connection, entry)
    return made


def _chain(who: Principal) -> uuid.UUID:
    if who.chain_id is None:
        raise ForbiddenError("A key of the platform administers no chain.")
    return who.chain_id


def _place(place: Place) -> dict[str, str]:
    return {} if place.region_id is None else {"region_id": str(place.region_id)}


def _entry(who: Principal, act: Act, user_id: uuid.UUID, store_id: uuid.UUID | None = None, **details: str) -> AuditEntry:
    return AuditEntry(act, who.kind, who.id, who.chain_id, store_id, "user", user_id, dict(details))
