"""PostgreSQL: pools, and transactions that can see one tenant only.

Repositories take a `TenantConnection`. It exists only inside `tenant_transaction`, which sets the scope for that
transaction alone (`set_config(..., true)`), so a pooled connection carries nothing over and PgBouncer in transaction
mode works. Without a scope the row-level policies show no rows.

The scope travels with BEGIN and the reset of the session with COMMIT or ROLLBACK, so neither costs a round trip. Neither does
what is carried to the end of a transaction: it runs just before COMMIT, in the same message.
"""

import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final, NewType

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from app.kit.errors import SetupError
from app.kit.logs import redact

TenantConnection = NewType("TenantConnection", PoolConnectionProxy)
"""A connection inside a transaction that sees the rows of one scope."""

Pool = asyncpg.Pool
COMMAND_TIMEOUT_S = 10.0
DATABASE_ERRORS: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, TimeoutError)
"""A database that is away or refuses. InternalClientError too: so asyncpg calls a connection that broke off within a command."""


@contextmanager
def said_in_one_sentence() -> Iterator[None]:
    """Around a connect: a database that does not answer or lets nobody in becomes a SetupError, which says what to look at."""
    try:
        yield
    except DATABASE_ERRORS as error:
        raise SetupError(
            f"The database cannot be opened ({redact(str(error)).rstrip('.') or type(error).__name__}); look at DATABASE_URL,"
            " DB_USER and DB_PASSWORD, and whether it can be reached from here."
        ) from error


STATEMENTS = 256
"""Prepared statements kept a connection."""


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
        return "*" if self.store_ids is None else ",".join(sorted(map(uuid_text, self.store_ids)))

    def principal_setting(self) -> str:
        """The principal as the `pennyprotect.principal` setting, "" for none."""
        return "" if self.principal is None else uuid_text(self.principal)


def uuid_text(value: uuid.UUID) -> str:
    """An id as it may stand in SQL: the text of a UUID and of nothing else, whatever the caller was given."""
    return str(value if type(value) is uuid.UUID else uuid.UUID(str(value)))


async def speak_jsonb(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Let a connection take and give jsonb as Python values."""
    await connection.set_type_codec(
        "jsonb",
        encoder=lambda value: b"\x01" + msgspec.json.encode(value),
        decoder=lambda raw: msgspec.json.decode(raw[1:]),
        schema="pg_catalog",
        format="binary",
    )


class Session(asyncpg.Connection):
    """A pooled connection of `connect_pool`.

    Attributes:
        opening: SQL that the next BEGIN takes along; "" once it was taken.
        leaving: the next COMMIT or ROLLBACK is the last command before the connection goes back to the pool.
        carried: SQL without an answer that runs before COMMIT, with it.
        clean: the session was reset since its last command.
    """

    opening = ""
    leaving = False
    carried = ""
    clean = False

    def begin_with(self, opening: str) -> None:
        """Let the next transaction begin with `opening`, and end with the reset that pooled connections get."""
        self.opening, self.leaving = opening, True

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:
        """As it is; what was told to `begin_with` and `carry` goes along with asyncpg's own commands."""
        if args or not query.startswith(("BEGIN;", "COMMIT;", "ROLLBACK", "SAVEPOINT ")):
            return await super().execute(query, *args, timeout=timeout)
        if query == "BEGIN;":
            opening, self.opening = self.opening, ""
            return await super().execute(query + opening, timeout=timeout)
        carried, self.carried = self.carried, ""
        if query.startswith("SAVEPOINT "):
            return await super().execute(carried + query, timeout=timeout)
        if query not in ("COMMIT;", "ROLLBACK;"):  # to a savepoint, since which all of it was carried
            return await super().execute(query, timeout=timeout)
        return await self._end(carried + query if query == "COMMIT;" else query, timeout)

    async def _end(self, query: str, timeout: float | None) -> str:
        """The last command of a transaction, and the reset where nothing follows it."""
        leaving, self.leaving = self.leaving, False
        try:
            done = await super().execute(query + self.get_reset_query() if leaving else query, timeout=timeout)
        except asyncpg.PostgresError:
            if not self.is_closed() and self.is_in_transaction():  # what was carried failed, so COMMIT was not reached
                with suppress(*DATABASE_ERRORS):  # of a session that is ending its own error says more
                    await super().execute("ROLLBACK;")
            raise
        self.clean = leaving
        return done

    def carry(self, statement: str) -> bool:
        """Let a statement run when the present transaction commits, with it; False where it has no scope and goes on by hand.

        It is gone with a roll-back, to a savepoint before it too; when it fails, so does the transaction. Until then the
        transaction itself does not see what it does.
        """
        if self.leaving:
            self.carried += statement
        return self.leaving


async def _put_back(connection: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Reset a session, unless its last command did."""
    assert isinstance(connection, Session)  # noqa: S101 - `connect_pool` makes no others
    clean, connection.clean, connection.leaving = connection.clean, False, False
    connection.opening = connection.carried = ""
    if not clean:
        await connection.execute(connection.get_reset_query())


async def connect_pool(
    url: str, *, role: str, smallest: int = 1, largest: int = 8, prepared: bool = True
) -> "Pool[asyncpg.Record]":
    """A pool whose connections speak jsonb as Python values.

    Args:
        prepared: keep statements and plans with each connection; not behind a PgBouncer that cannot keep them.
    """
    return await asyncpg.create_pool(
        url,
        min_size=smallest,
        max_size=largest,
        init=speak_jsonb,
        reset=_put_back,
        connection_class=Session,
        timeout=10,
        command_timeout=COMMAND_TIMEOUT_S,
        statement_cache_size=STATEMENTS if prepared else 0,
        server_settings={"application_name": f"pennyprotect-{role}"},
    )


@asynccontextmanager
async def tenant_transaction(pool: "Pool[asyncpg.Record]", scope: TenantScope) -> AsyncIterator[TenantConnection]:
    """A transaction that sees `scope`; commits when the block ends, rolls back when it raises."""
    async with pool.acquire(timeout=5) as connection:
        # Simple queries: with parameters each would be parsed and run in round trips of its own. All values are UUIDs.
        setting = (
            f"SELECT set_config('pennyprotect.chain_id', '{uuid_text(scope.chain_id)}', true),"
            f" set_config('pennyprotect.store_ids', '{scope.stores_setting()}', true),"
            f" set_config('pennyprotect.principal', '{scope.principal_setting()}', true);"
        )
        session: Any = connection  # a proxy of `Session`
        session.begin_with(setting)
        async with connection.transaction():
            if session.opening:  # asyncpg began in words we do not know
                raise RuntimeError("the transaction began without its scope")
            yield TenantConnection(connection)
