"""Make, rotate and revoke keys: never for more than one holds oneself, never without an end."""

import uuid
from datetime import datetime, timedelta

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.auth.permissions import PEOPLE_ONLY, Permission, known_permissions
from app.auth.tokens import opaque_token, token_hash
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection
from app.tenancy import repository as tenancy
from app.tenancy.api_keys import repository
from app.tenancy.api_keys.repository import ApiKey, Within
from app.tenancy.reach import CHAIN, Place, held_at, may_give
from app.tenancy.regions import repository as regions

LONGEST_LIFE = timedelta(days=366)
LONGEST_OVERLAP = timedelta(days=7)
NOT_FOR_KEYS = PEOPLE_ONLY | {Permission.WORKER}
"""A key is nobody's account, runs no cell, gives no rights, and is not the second of two people."""
TOO_MUCH = "A key can only be given what you may do yourself, where you may do it."


def within(who: Principal, permission: Permission) -> Within:
    """The keys that `who` may see: those that reach no further."""
    stores = who.scope(permission).store_ids
    held = [grant.region_id for grant in who.grants if grant.region_id is not None and permission in grant.permissions]
    return Within(None if stores is None else list(stores), held)


async def make(
    connection: TenantConnection,
    who: Principal,
    name: str,
    permissions: frozenset[Permission],
    places: list[Place],
    life: timedelta,
    now: datetime,
) -> tuple[ApiKey, str]:
    """A key and its secret, which is stored nowhere.

    Raises:
        ForbiddenError: it would be more than `who` holds.
        NotFoundError: no such store or region.
        BadInputError: these permissions are not for keys.
    """
    if permissions & NOT_FOR_KEYS:
        raise BadInputError(f"These permissions are not for keys: {', '.join(sorted(permissions & NOT_FOR_KEYS))}.")
    for place in places or [CHAIN]:
        await _demand_giving(connection, who, permissions, place)
    stores = sorted({place.store_id for place in places if place.store_id is not None})
    named = sorted({place.region_id for place in places if place.region_id is not None})
    listed, ends = [permission.value for permission in sorted(permissions)], now + life
    at = (stores, named) if places else (None, None)
    key = ApiKey(new_id(), name, listed, at[0], at[1], ends, None, None, None, now, who.name)
    secret = opaque_token()
    assert who.chain_id is not None  # noqa: S101 - `acting` refuses others
    await repository.add_key(connection, who.chain_id, who.id, key, token_hash(secret))
    await audit.append(connection, _entry(who, Act.API_KEY_CREATED, key.id, permissions=key.permissions))
    return key, secret


async def rotate(
    connection: TenantConnection, who: Principal, key_id: uuid.UUID, overlap: timedelta, now: datetime
) -> tuple[ApiKey, str]:
    """The next secret of a key; the one so far answers for `overlap` more.

    Raises:
        ConflictError: it was revoked or has ended.
    """
    key = await _governed(connection, who, key_id)
    if key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise ConflictError("This key was revoked or has ended; make a new one.")
    secret = opaque_token()
    await repository.rotate_key(connection, key_id, token_hash(secret), now + overlap, now)
    await audit.append(connection, _entry(who, Act.API_KEY_ROTATED, key_id, overlap_s=int(overlap.total_seconds())))
    return await repository.get_key(connection, within(who, Permission.API_KEYS_WRITE), key_id), secret


async def revoke(connection: TenantConnection, who: Principal, key_id: uuid.UUID, now: datetime) -> None:
    """Neither secret answers any more, within two seconds."""
    await _governed(connection, who, key_id)
    await repository.revoke_key(connection, key_id, now)
    await audit.append(connection, _entry(who, Act.API_KEY_REVOKED, key_id))


async def _governed(connection: TenantConnection, who: Principal, key_id: uuid.UUID) -> ApiKey:
    """A key that `who` could have made: a new secret of it gives no more than he has."""
    key = await repository.get_key(connection, within(who, Permission.API_KEYS_WRITE), key_id)
    places = [Place(store) for store in key.stores or ()] + [Place(None, region) for region in key.regions or ()]
    given = known_permissions(key.permissions)
    if not all(may_give(who, Permission.API_KEYS_WRITE, given, place) for place in places or [CHAIN]):
        raise ForbiddenError(TOO_MUCH)
    return key


async def _demand_giving(connection: TenantConnection, who: Principal, given: frozenset[Permission], place: Place) -> None:
    seen = who.scope(Permission.API_KEYS_WRITE).store_ids
    if place.store_id is not None:
        if seen is not None and place.store_id not in seen:
            raise tenancy.no_such_store()
        await tenancy.demand_store(connection, place.store_id)
    if place.region_id is not None:
        if Permission.API_KEYS_WRITE not in held_at(who, place):
            raise regions.no_such_region()
        await regions.get_region(connection, place.region_id)
    if not may_give(who, Permission.API_KEYS_WRITE, given, place):
        raise ForbiddenError(TOO_MUCH)


def _entry(who: Principal, act: Act, key_id: uuid.UUID, **details: object) -> AuditEntry:
    return AuditEntry(act, who.kind, who.id, who.chain_id, None, "api-key", key_id, dict(details))
