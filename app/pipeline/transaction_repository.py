"""A transaction that cannot hold its locks for long when its process is stopped in the middle."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from app.kit.postgres import Pool

Connection = asyncpg.pool.PoolConnectionProxy
LONGEST: Final = "6s"
WHOLE_SINCE: Final = 17
"""The version of PostgreSQL from which a transaction as a whole can be bounded."""


@asynccontextmanager
async def bounded_transaction(pool: "Pool[asyncpg.Record]") -> "AsyncIterator[Connection[asyncpg.Record]]":
    """One that the server itself ends after `LONGEST`; its bounds travel with BEGIN, the session's reset with COMMIT."""
    async with pool.acquire(timeout=5) as connection:
        session: Any = connection  # a proxy of `Session`
        session.begin_with(f"{_bounds(connection)};")
        async with connection.transaction():
            if session.opening:  # asyncpg began in words we do not know
                raise RuntimeError("the transaction began without its bounds")
            yield connection


async def bound_transaction(connection: "Connection[asyncpg.Record]") -> None:
    """Have the server end the present transaction after `LONGEST`.

    `transaction_timeout` (PostgreSQL 17) does; the idle time-out alone does not see a client that stopped between the messages
    of one statement, which the server counts as active.
    """
    await connection.execute(_bounds(connection))


def _bounds(connection: "Connection[asyncpg.Record]") -> str:
    names = ["idle_in_transaction_session_timeout"]
    if connection.get_server_version().major >= WHOLE_SINCE:
        names.append("transaction_timeout")
    return "SELECT " + ", ".join(f"set_config('{name}', '{LONGEST}', true)" for name in names)
