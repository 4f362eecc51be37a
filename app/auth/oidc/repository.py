"""People of the provider, and which group has which role."""

import uuid

import asyncpg

from app.auth.oidc.models import Granted, GroupMapping, Person
from app.auth.permissions import Role
from app.kit.ids import new_id
from app.kit.postgres import Pool, TenantConnection

ACQUIRE_S = 5.0


async def chain_of(pool: "Pool[asyncpg.Record]", wanted: uuid.UUID | None) -> uuid.UUID | None:
    """The chain that the provider's people belong to; None when the operator's choice does not exist or is not clear."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        found: uuid.UUID | None = await connection.fetchval("SELECT oidc_chain($1)", wanted)
    return found


async def lock_person(connection: TenantConnection, person: Person) -> tuple[uuid.UUID, bool] | None:
    """(user, switched off) of somebody who was here before. Two first log-ins at once wait for each other here."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"oidc {person.issuer} {person.subject}")
    row = await connection.fetchrow(
        "UPDATE oidc_identities i SET last_login_at = now() FROM users u"
        " WHERE u.id = i.user_id AND i.issuer = $1 AND i.subject = $2 RETURNING u.id, u.disabled_at IS NOT NULL AS disabled",
        person.issuer,
        person.subject,
    )
    return None if row is None else (row["id"], row["disabled"])


async def add_user(connection: TenantConnection, chain_id: uuid.UUID, names: list[str], person: Person) -> uuid.UUID:
    """A user without a password, under the first of `names` that is free; the last one must be."""
    for name in names:
        user_id = new_id()
        made: str = await connection.execute(
            "INSERT INTO users (id, chain_id, username, password_hash) VALUES ($1, $2, $3, '') ON CONFLICT DO NOTHING",
            user_id,
            chain_id,
            name,
        )
        if made == "INSERT 0 1":
            break
    await connection.execute(
        "INSERT INTO oidc_identities (issuer, subject, chain_id, user_id) VALUES ($1, $2, $3, $4)",
        person.issuer,
        person.subject,
        chain_id,
        user_id,
    )
    return user_id


async def put_memberships(
    connection: TenantConnection, chain_id: uuid.UUID, user_id: uuid.UUID, granted: frozenset[Granted]
) -> tuple[list[Granted], list[Granted]]:
    """Make the derived memberships exactly these; (added, taken away). What an administrator gave by hand stays.

    So does the role of the chain's last administrator: a change at the provider must not lock a chain out of itself.
    """
    rows = await connection.fetch("SELECT id, role, store_id, region_id, source FROM memberships WHERE user_id = $1", user_id)
    have = {_granted(row) for row in rows}
    gone = [row for row in rows if row["source"] == "oidc" and _granted(row) not in granted]
    if any(_administers(row) for row in gone) and not await _other_administrator(connection, chain_id, user_id):
        gone = [row for row in gone if not _administers(row)]
    fresh = sorted(granted - have, key=str)
    await connection.execute("DELETE FROM memberships WHERE id = ANY ($1::uuid[])", [row["id"] for row in gone])
    await connection.executemany(
        "INSERT INTO memberships (id, chain_id, user_id, role, store_id, region_id, source)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'oidc') ON CONFLICT DO NOTHING",
        [(new_id(), chain_id, user_id, *each) for each in fresh],
    )
    return fresh, [_granted(row) for row in gone]


def _granted(row: asyncpg.Record) -> Granted:
    return row["role"], row["store_id"], row["region_id"]


def _administers(row: asyncpg.Record) -> bool:
    return _granted(row) == (Role.CHAIN_ADMINISTRATOR.value, None, None)


async def _other_administrator(connection: TenantConnection, chain_id: uuid.UUID, user_id: uuid.UUID) -> bool:
    """Whether somebody else administers the chain. The chain's row is locked, as for every act that could take the last one."""
    await connection.execute("SELECT FROM chains WHERE id = $1 FOR UPDATE", chain_id)
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.role = $1 AND m.user_id <> $2"
            " AND m.store_id IS NULL AND m.region_id IS NULL AND u.disabled_at IS NULL)",
            Role.CHAIN_ADMINISTRATOR.value,
            user_id,
        )
    )


async def has_role(connection: TenantConnection, user_id: uuid.UUID) -> bool:
    """Whether any membership is left."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM memberships WHERE user_id = $1)", user_id))


_MAPPINGS = (
    "(SELECT id, group_name, role, store_id, NULL::uuid AS region_id, created_at FROM oidc_group_mappings"
    " UNION ALL SELECT id, group_name, role, NULL, region_id, created_at FROM oidc_region_mappings) m"
)


async def mappings(connection: TenantConnection) -> list[GroupMapping]:
    """Every mapping of the chain, oldest first."""
    rows = await connection.fetch(f"SELECT * FROM {_MAPPINGS} ORDER BY created_at, id")  # noqa: S608 - constants
    return [GroupMapping(**dict(row)) for row in rows]


async def put_mapping(
    connection: TenantConnection, chain_id: uuid.UUID, group: str, granted: Granted
) -> tuple[GroupMapping, bool] | None:
    """(the mapping, whether it is new); None when the store or region is not of this chain."""
    role, store_id, region_id = granted
    if store_id is not None and not await connection.fetchval("SELECT EXISTS (SELECT FROM stores WHERE id = $1)", store_id):
        return None
    if region_id is not None and not await connection.fetchval("SELECT EXISTS (SELECT FROM regions WHERE id = $1)", region_id):
        return None
    table, place = ("oidc_group_mappings", "store_id") if region_id is None else ("oidc_region_mappings", "region_id")
    made: str = await connection.execute(
        f"INSERT INTO {table} (id, chain_id, group_name, role, {place}) VALUES ($1, $2, $3, $4, $5)"  # noqa: S608 - constants
        " ON CONFLICT DO NOTHING",
        new_id(),
        chain_id,
        group,
        role,
        store_id if region_id is None else region_id,
    )
    row = await connection.fetchrow(
        f"SELECT * FROM {_MAPPINGS} WHERE group_name = $1 AND role = $2"  # noqa: S608 - constants
        " AND store_id IS NOT DISTINCT FROM $3 AND region_id IS NOT DISTINCT FROM $4",
        group,
        role,
        store_id,
        region_id,
    )
    return (GroupMapping(**dict(row)), made == "INSERT 0 1") if row is not None else None


async def remove_mapping(connection: TenantConnection, mapping_id: uuid.UUID) -> Granted | None:
    """What the mapping granted; None when there is none."""
    row = await connection.fetchrow(
        "WITH one AS (DELETE FROM oidc_group_mappings WHERE id = $1 RETURNING role, store_id),"
        " other AS (DELETE FROM oidc_region_mappings WHERE id = $1 RETURNING role, region_id)"
        " SELECT role, store_id, NULL::uuid AS region_id FROM one UNION ALL SELECT role, NULL, region_id FROM other",
        mapping_id,
    )
    return None if row is None else _granted(row)
