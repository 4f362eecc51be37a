"""Lists and their assignments to stores."""

import uuid
from datetime import datetime

import asyncpg

from app.identity.models import Assignment, AssignmentState, Reach, Watchlist
from app.kit.errors import NotFoundError
from app.kit.postgres import TenantConnection
from app.tenancy.sharing.models import Category

_LIST = "id, store_id, name, category, reach, region_id, purpose, created_by, created_at, retired_at"
_ASSIGNMENT = (
    "id, watchlist_id, home_store_id, store_id, reason, starts_at, ends_at, state, proposed_by, proposed_at"
    + ", decided_by, decided_at"
)
NO_LIST = "There is no such list, or you may not see it."
MOST_LISTS = 200
"""Of a home store: a list is a reason, not a drawer."""


def _list(row: "asyncpg.Record") -> Watchlist:
    return Watchlist(**{**dict(row), "category": Category(row["category"]), "reach": Reach(row["reach"])})


def _assignment(row: "asyncpg.Record") -> Assignment:
    return Assignment(**{**dict(row), "state": AssignmentState(row["state"])})


async def add_list(connection: TenantConnection, chain_id: uuid.UUID, made: Watchlist) -> None:
    """A new list."""
    await connection.execute(
        "INSERT INTO watchlists (chain_id, id, store_id, name, category, reach, region_id, purpose, created_by, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        chain_id,
        made.id,
        made.store_id,
        made.name,
        made.category.value,
        made.reach.value,
        made.region_id,
        made.purpose,
        made.created_by,
        made.created_at,
    )


async def list_lists(
    connection: TenantConnection, store_id: uuid.UUID | None, after: tuple[datetime, uuid.UUID] | None, limit: int
) -> list[Watchlist]:
    """Lists at home in scope or assigned there, oldest first; one more than `limit` when there are more."""
    rows = await connection.fetch(
        f"SELECT {_LIST} FROM watchlists w WHERE retired_at IS NULL"  # noqa: S608
        " AND ($1::uuid IS NULL OR store_id = $1 OR EXISTS (SELECT FROM watchlist_assignments a"
        " WHERE a.watchlist_id = w.id AND a.store_id = $1 AND a.state = 'approved' AND (a.ends_at IS NULL OR a.ends_at > now())))"
        " AND ($2::timestamptz IS NULL OR (created_at, id) > ($2, $3::uuid)) ORDER BY created_at, id LIMIT $4",
        store_id,
        *(after or (None, None)),
        limit + 1,
    )
    return [_list(row) for row in rows]


async def count_lists(connection: TenantConnection, store_id: uuid.UUID) -> int:
    """Lists at home in a store that are not retired."""
    return int(await connection.fetchval("SELECT count(*) FROM watchlists WHERE store_id = $1 AND retired_at IS NULL", store_id))


async def count_living(connection: TenantConnection, list_id: uuid.UUID) -> int:
    """Enrolments of a list that have not ended."""
    return int(await connection.fetchval("SELECT count(*) FROM enrolments WHERE watchlist_id = $1 AND ended_at IS NULL", list_id))


async def get_list(connection: TenantConnection, list_id: uuid.UUID, *, lock: bool = False) -> Watchlist:
    """One list; NotFoundError otherwise. `lock` finds those at home in scope only and keeps the row."""
    row = await connection.fetchrow(
        f"SELECT {_LIST} FROM watchlists WHERE id = $1" + (" FOR UPDATE" if lock else ""),  # noqa: S608
        list_id,
    )
    if row is None:
        raise NotFoundError(NO_LIST)
    return _list(row)


async def change_list(connection: TenantConnection, made: Watchlist) -> None:
    """Write name, purpose and retirement."""
    await connection.execute(
        "UPDATE watchlists SET name = $2, purpose = $3, retired_at = $4 WHERE id = $1",
        made.id,
        made.name,
        made.purpose,
        made.retired_at,
    )


async def add_assignment(connection: TenantConnection, chain_id: uuid.UUID, made: Assignment) -> bool:
    """A new assignment; False where one to the same store is proposed or stands."""
    done: str = await connection.execute(
        f"INSERT INTO watchlist_assignments (chain_id, {_ASSIGNMENT})"  # noqa: S608
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT DO NOTHING",
        chain_id,
        made.id,
        made.watchlist_id,
        made.home_store_id,
        made.store_id,
        made.reason,
        made.starts_at,
        made.ends_at,
        made.state.value,
        made.proposed_by,
        made.proposed_at,
        made.decided_by,
        made.decided_at,
    )
    return done == "INSERT 0 1"


async def list_assignments(connection: TenantConnection, list_id: uuid.UUID) -> list[Assignment]:
    """Assignments of a list, newest first."""
    rows = await connection.fetch(
        f"SELECT {_ASSIGNMENT} FROM watchlist_assignments WHERE watchlist_id = $1 ORDER BY proposed_at DESC, id DESC LIMIT 500",  # noqa: S608
        list_id,
    )
    return [_assignment(row) for row in rows]


async def get_assignment(connection: TenantConnection, list_id: uuid.UUID, assignment_id: uuid.UUID) -> Assignment:
    """One assignment, kept until the transaction ends; NotFoundError otherwise."""
    row = await connection.fetchrow(
        f"SELECT {_ASSIGNMENT} FROM watchlist_assignments WHERE watchlist_id = $1 AND id = $2 FOR UPDATE",  # noqa: S608
        list_id,
        assignment_id,
    )
    if row is None:
        raise NotFoundError("There is no such assignment, or you may not see it.")
    return _assignment(row)


async def change_assignment(connection: TenantConnection, made: Assignment) -> None:
    """Write its state, its end and who decided."""
    await connection.execute(
        "UPDATE watchlist_assignments SET state = $2, ends_at = $3, decided_by = $4, decided_at = $5 WHERE id = $1",
        made.id,
        made.state.value,
        made.ends_at,
        made.decided_by,
        made.decided_at,
    )


async def end_assignments(connection: TenantConnection, list_id: uuid.UUID, now: datetime) -> None:
    """End every assignment of a list."""
    await connection.execute(
        "UPDATE watchlist_assignments SET state = 'ended', decided_at = $2 WHERE watchlist_id = $1"
        " AND state IN ('proposed', 'approved')",
        list_id,
        now,
    )


async def store_in_reach(connection: TenantConnection, made: Watchlist, store_id: uuid.UUID) -> bool:
    """Whether the list may be assigned to this store at all."""
    return bool(
        await connection.fetchval(
            "SELECT EXISTS (SELECT FROM stores WHERE id = $1 AND ($2 = 'chain' OR ($2 = 'region' AND region_id = $3)))",
            store_id,
            made.reach.value,
            made.region_id,
        )
    )


async def region_there(connection: TenantConnection, region_id: uuid.UUID) -> bool:
    """Whether the chain in scope has this region."""
    return bool(await connection.fetchval("SELECT EXISTS (SELECT FROM regions WHERE id = $1)", region_id))
