"""PostgreSQL: pools, and transactions that can see one tenant only.

Repositories take a `TenantConnection`. It exists only inside `tenant_transaction`, which sets the scope for that
transaction alone (`set_config(..., true)`), so a pooled connection carries nothing over and PgBouncer in transaction
mode works. Without a scope the row-level policies show no rows.
"""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import NewType

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

TenantConnection = NewType("TenantConnection", PoolConnectionProxy)
"""A connection inside a transaction that sees the rows of one scope."""

Pool = asyncpg.Pool
COMMAND_TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class TenantScope:
    """What a transaction may see.

    Attributes:
        chain_id: the chain.
        store_ids: stores of that chain, or None for all of them.
        principal: user or key on whose behalf, for idempotency keys.
    """

    chain_id: uuid.UUID
    store_ids: frozenset[uuid.UUID] | None = None
    principal: uuid.UUID | None = None

    def stores_setting(self) -> str:
        """The scope's stores as the `pennyprotect.store_ids` setting: '*' or a comma-separated list."""
        return "*" if self.store_ids is None else ",".join(sorted(str(uuid.UUID(str(each))) for each in self.store_ids))

    def principal_setting(self) -> str:
        """The principal as the `pennyprotect.principal` setting, "" for none."""
        return "" if self.principal is None else str(uuid.UUID(str(self.principal)))


async def _prepare(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        schema="pg_catalog",
        format="binary",
    )


async def connect_pool(url: str, *, role: str, smallest: int = 1, largest: int = 8) -> "Pool[asyncpg.Record]":
    """A pool whose connections speak jsonb as Python values; statement cache off so that PgBouncer can stand between."""
    return await asyncpg.create_pool(
        url,
        min_size=smallest,
        max_size=largest,
        init=_prepare,
        timeout=10,
        command_timeout=COMMAND_TIMEOUT_S,
        statement_cache_size=0,
        server_settings={"application_name": f"pennyprotect-{role}"},
    )


@asynccontextmanager
async def tenant_transaction(pool: "Pool[asyncpg.Record]", scope: TenantScope) -> AsyncIterator[TenantConnection]:
    """A transaction that sees `scope`; commits when the block ends, rolls back when it raises."""
    async with pool.acquire(timeout=5) as connection, connection.transaction():
        # One simple query: with parameters it would be parsed and run in round trips of their own. All values are UUIDs.
        await connection.execute(
            f"SELECT set_config('pennyprotect.chain_id', '{uuid.UUID(str(scope.chain_id))}', true),"
            f" set_config('pennyprotect.store_ids', '{scope.stores_setting()}', true),"
            f" set_config('pennyprotect.principal', '{scope.principal_setting()}', true)"
        )
        yield TenantConnection(connection)
