"""A transaction that cannot hold its locks for long when its process is stopped in the middle."""

import asyncpg

Connection = asyncpg.pool.PoolConnectionProxy
LONGEST = "6s"


async def bound_transaction(connection: "Connection[asyncpg.Record]") -> None:
    """Have the server end the present transaction after `LONGEST`.

    `transaction_timeout` (PostgreSQL 17) does; the idle time-out alone does not see a client that stopped between the messages
    of one statement, which the server counts as active. Through pg_settings, so that an older server takes what it knows.
    """
    await connection.execute(
        "SELECT set_config(name, $1, true) FROM pg_settings"
        " WHERE name IN ('transaction_timeout', 'idle_in_transaction_session_timeout')",
        LONGEST,
    )
