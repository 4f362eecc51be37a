"""Users and memberships of a chain. Who may see whom is asked here, since the row-level policies know chains only."""

import uuid
from collections.abc import Sequence
from datetime import datetime

import asyncpg

from app.auth.permissions import Role
from app.kit.errors import ConflictError, NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.people.models import Membership, User

NO_USER = "There is no such user, or you may not see them."
NO_MEMBERSHIP = "There is no such membership, or you may not see it."
_USER = "SELECT u.id, u.username, u.disabled_at, u.must_change_password, u.created_at FROM users u WHERE "
_MEMBER = "SELECT m.id, m.user_id, m.role, m.store_id, m.region_id, m.source, m.created_at FROM memberships m WHERE "
_REACHES = (
    "($1::uuid[] IS NULL OR (m.store_id IS NULL AND m.region_id IS NULL) OR m.store_id = ANY ($1)"
    " OR EXISTS (SELECT FROM stores s WHERE s.region_id = m.region_id AND s.id = ANY ($1)))"
)
"""A membership that reaches one of these stores."""
SEEN = f"($1::uuid[] IS NULL OR EXISTS (SELECT FROM memberships m WHERE m.user_id = u.id AND {_REACHES}))"
"""A user `u` with a role that reaches one of the stores $1; NULL for the whole chain."""
Stores = frozenset[uuid.UUID] | None
"""The stores for which somebody may see people; None for the whole chain."""


async def list_users(
    connection: TenantConnection, seen_from: Stores, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[User]:
    """Users with a role that reaches one of these stores, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _USER + SEEN + " AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid)) ORDER BY created_at, id LIMIT $4",
        _array(seen_from),
        *(after or (None, None)),
        limit + 1,
    )
    members = await memberships_of(connection, [row["id"] for row in rows])
    return [_user(row, members) for row in rows]


async def get_user(connection: TenantConnection, seen_from: Stores, user_id: uuid.UUID) -> User:
    """One user; NotFoundError otherwise."""
    row = await connection.fetchrow(_USER + SEEN + " AND u.id = $2", _array(seen_from), user_id)
    if row is None:
        raise NotFoundError(NO_USER)
    return _user(row, await memberships_of(connection, [user_id]))


async def memberships_of(connection: TenantConnection, users: Sequence[uuid.UUID]) -> list[Membership]:
    """All memberships of these users, oldest first."""
    rows = await connection.fetch(_MEMBER + "m.user_id = ANY ($1::uuid[]) ORDER BY m.created_at, m.id", list(users))
    return [Membership(**dict(row)) for row in rows]


async def list_memberships(
    connection: TenantConnection,
    seen_from: Stores,
    user_id: uuid.UUID | None,
    after: tuple[datetime, uuid.UUID] | None,
    limit: int,
) -> list[Membership]:
    """Memberships that reach one of these stores, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        _MEMBER + _REACHES + " AND ($2::uuid IS NULL OR m.user_id = $2)"
        " AND ($3::timestamptz IS NULL OR (m.created_at, m.id) > ($3, $4::uuid)) ORDER BY m.created_at, m.id LIMIT $5",
        _array(seen_from),
        user_id,
        *(after or (None, None)),
        limit + 1,
    )
    return [Membership(**dict(row)) for row in rows]


async def get_membership(connection: TenantConnection, seen_from: Stores, membership_id: uuid.UUID) -> Membership:
    """One membership; NotFoundError otherwise."""
    row = await connection.fetchrow(_MEMBER + _REACHES + " AND m.id = $2", _array(seen_from), membership_id)
    if row is None:
        raise NotFoundError(NO_MEMBERSHIP)
    return Membership(**dict(row))


async def add_user(
    connection: TenantConnection, user_id: uuid.UUID, chain_id: uuid.UUID, username: str, password_hash: str
) -> None:
    """A user who must choose a password at the first log-in; ConflictError when the name is taken, in whatever chain."""
    done: str = await connection.execute(
        "INSERT INTO users (id, chain_id, username, password_hash, must_change_password) VALUES ($1, $2, $3, $4, true)"
        " ON CONFLICT (username) DO NOTHING",
        user_id,
        chain_id,
        username,
        password_hash,
    )
    if done != "INSERT 0 1":
        raise ConflictError("This user name is taken; choose another one.")


async def reset_password(connection: TenantConnection, user_id: uuid.UUID, password_hash: str) -> None:
    """Another first password, to be changed at the next log-in; a lock-out by wrong ones is forgotten."""
    await connection.execute(
        "UPDATE users SET password_hash = $2, must_change_password = true, failed_logins = 0, locked_until = NULL WHERE id = $1",
        user_id,
        password_hash,
    )


async def is_of_provider(connection: TenantConnection, user_id: uuid.UUID) -> bool:
    """Whether this user came by the identity provider."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM oidc_identities WHERE user_id = $1)", user_id)
    return found


async def set_disabled(connection: TenantConnection, user_id: uuid.UUID, disabled_at: datetime | None) -> None:
    """From when on this user signs in no more; None: may again."""
    await connection.execute("UPDATE users SET disabled_at = $2 WHERE id = $1", user_id, disabled_at)


async def add_membership(connection: TenantConnection, chain_id: uuid.UUID, membership: Membership) -> None:
    """A role; ConflictError when the user has it there already."""
    try:
        await connection.execute(
            "INSERT INTO memberships (id, chain_id, user_id, role, store_id, region_id, created_at)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7)",
            membership.id,
            chain_id,
            membership.user_id,
            membership.role,
            membership.store_id,
            membership.region_id,
            membership.created_at,
        )
    except asyncpg.UniqueViolationError as error:
        raise ConflictError("This user has this role there already.") from error


async def remove_membership(connection: TenantConnection, membership_id: uuid.UUID) -> None:
    """The role is gone."""
    await connection.execute("DELETE FROM memberships WHERE id = $1", membership_id)


async def demand_administrator(connection: TenantConnection) -> None:
    """ConflictError when nobody is left who may administer the chain. Called after the act, under the chain's lock."""
    left = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.role = $1"
        " AND m.store_id IS NULL AND m.region_id IS NULL AND u.disabled_at IS NULL)",
        Role.CHAIN_ADMINISTRATOR.value,
    )
    if not left:
        raise ConflictError("This is the chain's last administrator; make somebody else one first.")


def _array(stores: Stores) -> list[uuid.UUID] | None:
    return None if stores is None else list(stores)


def _user(row: "asyncpg.Record", members: Sequence[Membership]) -> User:
    return User(**dict(row), memberships=tuple(each for each in members if each.user_id == row["id"]))
