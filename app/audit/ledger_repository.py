"""SQL of the sealed ledgers: the sealer's lease and its one writing transaction, and reading a ledger from its beginning."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg

from app.audit.sealed import GENESIS, PLATFORM, VERSION, SealedRow, hash_of
from app.kit.postgres import Pool

Connection = asyncpg.pool.PoolConnectionProxy
LEASE = timedelta(seconds=6)
ACQUIRE_S = 5.0
_COLUMNS = (
    "sequence, id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details::text AS details,"
    " at, sealed_at, previous_hash, hash"
)


def _text_body(column: str) -> str:
    return f"int4send(octet_length({column})) || convert_to({column}, 'UTF8')"


def _identifier_body(column: str) -> str:
    return f"coalesce('\\x00000010'::bytea || uuid_send({column}), '\\xffffffff'::bytea)"


_BODY = " || ".join(
    (
        f"convert_to('{VERSION.decode()}', 'UTF8')",
        "int8send(sequence)",
        *map(_identifier_body, ("id", "chain_id", "store_id")),
        _text_body("actor_kind"),
        _identifier_body("actor_id"),
        *map(_text_body, ("act", "subject_kind")),
        _identifier_body("subject_id"),
        _text_body("details::text"),
        "timestamptz_send(at)",
        "timestamptz_send(sealed_at)",
    )
)
"""What `sealed.body` writes, written by the database."""
_LARGEST = 2**63 - 1
PAGE = " FROM audit_log WHERE ledger = $1 AND sequence > $2 AND sequence <= $3 ORDER BY sequence"
"""Bounded at both ends: with a LIMIT alone, all later rows of a table that was never analysed would be sorted for each page."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a ledger stands."""

    ledger: uuid.UUID
    sequence: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one transaction sealed.

    Attributes:
        lags_s: seconds from each act to its seal.
    """

    rows: int
    lags_s: tuple[float, ...]


async def open_ledgers(url: str, *, largest: int = 2) -> "Pool[asyncpg.Record]":
    """A pool for this module, as the role `pennyprotect_sealer`."""
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=largest,
        init=_plain_times,
        timeout=10,
        command_timeout=30,
        statement_cache_size=0,
        server_settings={"application_name": "pennyprotect-sealer"},
    )


async def _plain_times(connection: Any) -> None:
    """Timestamps as PostgreSQL's own microseconds since 2000: exact, and cheap for millions of rows."""
    await connection.set_type_codec("timestamptz", encoder=lambda v: v, decoder=lambda v: v, schema="pg_catalog", format="tuple")


async def oldest_unsealed_s(pool: "Pool[asyncpg.Record]") -> float | None:
    """For how long the row that is sealed next has waited, by the database's clock; None where none waits."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        found = await connection.fetchval(
            "SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM audit_unsealed ORDER BY transaction, id LIMIT 1"
        )
    return None if found is None else max(0.0, float(found))


async def hold_lease(connection: "Connection[asyncpg.Record]", me: uuid.UUID) -> bool:
    """Take or renew the sealers' lease inside the present transaction; whoever else wants it waits for this one's end."""
    token = await connection.fetchval(
        "UPDATE audit_lease SET owner = $1, expires_at = now() + $2, token = token + (owner IS DISTINCT FROM $1)::integer"
        " WHERE owner = $1 OR owner IS NULL OR expires_at < now() RETURNING token",
        me,
        LEASE,
    )
    return token is not None


async def leave_lease(pool: "Pool[asyncpg.Record]", me: uuid.UUID) -> None:
    """Let the next sealer begin at once."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        await connection.execute("UPDATE audit_lease SET owner = NULL, expires_at = '-infinity' WHERE owner = $1", me)


async def seal_batch(pool: "Pool[asyncpg.Record]", me: uuid.UUID, most: int) -> Sealed | None:
    """Chain the oldest unsealed rows, at most `most`, in one transaction; None where another sealer holds the lease.

    Only rows of transactions below the snapshot's xmin are taken: nothing that began earlier can still commit, so the order of
    the ledger is the order of transactions and no later row belongs before a sealed one.
    """
    async with pool.acquire(timeout=ACQUIRE_S) as connection, connection.transaction():
        await connection.execute(
            "SELECT set_config(name, '6s', true) FROM pg_settings"
            " WHERE name IN ('transaction_timeout', 'idle_in_transaction_session_timeout')"
        )
        if not await hold_lease(connection, me):
            return None
        rows = await connection.fetch(
            "SELECT id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details::text AS details, at,"
            " date_trunc('microseconds', clock_timestamp()) AS sealed_at FROM audit_unsealed"
            " WHERE transaction < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY transaction, id LIMIT $1",
            most,
        )
        if not rows:
            return Sealed(0, ())
        await _write(connection, rows)
        await connection.execute("DELETE FROM audit_unsealed WHERE id = ANY($1::uuid[])", [row["id"] for row in rows])
    return Sealed(len(rows), tuple((row["sealed_at"][0] - row["at"][0]) / 1e6 for row in rows))


async def _write(connection: "Connection[asyncpg.Record]", rows: Sequence["asyncpg.Record"]) -> None:
    ledgers = {row["chain_id"] or PLATFORM for row in rows}
    heads = {head.ledger: head for head in await heads_of(connection, list(ledgers))}
    places = {ledger: (heads[ledger].sequence, heads[ledger].hash) if ledger in heads else (0, GENESIS) for ledger in ledgers}
    sealed: list[tuple[uuid.UUID, SealedRow]] = []
    for row in rows:
        ledger = row["chain_id"] or PLATFORM
        sequence, previous = places[ledger]
        *columns, at, sealed_at = row
        draft = SealedRow._make((sequence + 1, *columns, at[0], sealed_at[0], previous, b""))
        final = draft._replace(hash=hash_of(draft, previous))
        places[ledger] = (final.sequence, final.hash)
        sealed.append((ledger, final))
    await connection.execute(
        "INSERT INTO audit_log (ledger, sequence, id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id,"
        " details, at, sealed_at, previous_hash, hash) SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::uuid[],"
        " $5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::text[], $10::uuid[], $11::json[], $12::timestamptz[],"
        " $13::timestamptz[], $14::bytea[], $15::bytea[])",
        [ledger for ledger, _ in sealed],
        *(
            [(value,) for value in column] if index in (10, 11) else list(column)
            for index, column in enumerate(zip(*(row for _, row in sealed), strict=True))
        ),
    )


async def heads_of(connection: "Connection[asyncpg.Record]", ledgers: list[uuid.UUID] | None = None) -> list[Head]:
    """The last row of each ledger, or of those named."""
    if ledgers is None:
        ledgers = await all_ledgers(connection)
    rows = await connection.fetch(
        "SELECT l.ledger, h.sequence, h.hash FROM unnest($1::uuid[]) AS l(ledger) CROSS JOIN LATERAL ("
        "SELECT sequence, hash FROM audit_log a WHERE a.ledger = l.ledger ORDER BY sequence DESC LIMIT 1) h",
        ledgers,
    )
    return [Head(*row) for row in rows]


async def all_ledgers(connection: "Connection[asyncpg.Record]") -> list[uuid.UUID]:
    """Every ledger with a row, by skipping through the primary key."""
    rows = await connection.fetch(
        "WITH RECURSIVE l AS ((SELECT ledger FROM audit_log ORDER BY ledger LIMIT 1) UNION ALL"
        " SELECT (SELECT a.ledger FROM audit_log a WHERE a.ledger > l.ledger ORDER BY a.ledger LIMIT 1) FROM l"
        " WHERE l.ledger IS NOT NULL) SELECT ledger FROM l WHERE ledger IS NOT NULL"
    )
    return [row["ledger"] for row in rows]


@asynccontextmanager
async def reading(pool: "Pool[asyncpg.Record]") -> AsyncIterator["Connection[asyncpg.Record]"]:
    """A read-only transaction that sees one moment of every ledger."""
    async with (
        pool.acquire(timeout=ACQUIRE_S) as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        yield connection


async def read_ledger(
    connection: "Connection[asyncpg.Record]", ledger: uuid.UUID, after: int = 0, batch: int = 5000
) -> AsyncIterator[list[SealedRow]]:
    """The rows of a ledger after a sequence, in order, at most `batch` at a time."""
    while rows := await _page(connection, _COLUMNS, ledger, after, batch):
        yield [_row(row) for row in rows]
        after = rows[-1]["sequence"]


async def read_bodies(
    connection: "Connection[asyncpg.Record]", ledger: uuid.UUID, batch: int = 5000
) -> AsyncGenerator[list["asyncpg.Record"], None]:
    """(sequence, hash before, hash, the bytes that `sealed.body` gives) of a ledger's rows, in order.

    The database writes the bytes from the columns it holds: to decode thirteen values a row one by one would cost much more.
    The next batch is on its way while the caller hashes the one before.
    """
    columns = f"sequence, previous_hash, hash, {_BODY} AS body"
    rows = await _page(connection, columns, ledger, 0, batch)
    while rows:
        following = asyncio.ensure_future(_page(connection, columns, ledger, rows[-1]["sequence"], batch))
        try:
            await asyncio.sleep(0)  # sends it
            yield rows
        except BaseException as error:
            if not isinstance(error, GeneratorExit):  # a caller that needs no more goes on with the transaction
                following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            raise
        rows = await following


async def _page(
    connection: "Connection[asyncpg.Record]", columns: str, ledger: uuid.UUID, after: int, batch: int
) -> list["asyncpg.Record"]:
    """The next rows after a sequence, at most `batch`, passing over what somebody removed; none at the ledger's end."""
    query, least = f"SELECT {columns}{PAGE}", "SELECT min(sequence) FROM audit_log WHERE ledger = $1 AND sequence > $2"
    rows = await connection.fetch(query, ledger, after, min(after + batch, _LARGEST))
    if not rows and (following := await connection.fetchval(least, ledger, after)) is not None:
        rows = await connection.fetch(query, ledger, following - 1, min(following - 1 + batch, _LARGEST))
    return rows


def _row(row: "asyncpg.Record") -> SealedRow:
    columns = list(row)
    columns[10], columns[11] = columns[10][0], columns[11][0]
    return SealedRow(*columns)


async def sequence_of_hash(connection: "Connection[asyncpg.Record]", ledger: uuid.UUID, wanted: bytes) -> int | None:
    """Where a hash stands in a ledger (a scan; asked once, of a broken one)."""
    found: int | None = await connection.fetchval(
        "SELECT sequence FROM audit_log WHERE ledger = $1 AND hash = $2 ORDER BY sequence LIMIT 1", ledger, wanted
    )
    return found


async def record_check(
    pool: "Pool[asyncpg.Record]", ledger: uuid.UUID, rows: int, anchors: int, broken: int | None, finding: str
) -> None:
    """Keep what a verification found, for the dashboard."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        await connection.execute(
            "INSERT INTO audit_checks (ledger, checked_at, rows, anchors, broken_sequence, finding)"
            " VALUES ($1, now(), $2, $3, $4, $5) ON CONFLICT (ledger) DO UPDATE SET checked_at = excluded.checked_at,"
            " rows = excluded.rows, anchors = excluded.anchors, broken_sequence = excluded.broken_sequence,"
            " finding = excluded.finding",
            ledger,
            rows,
            anchors,
            broken,
            finding,
        )


async def export_cursor(connection: "Connection[asyncpg.Record]", target: str) -> dict[uuid.UUID, int]:
    """How far each ledger was sent to a target."""
    rows = await connection.fetch("SELECT ledger, sequence FROM audit_exports WHERE target = $1", target)
    return {row["ledger"]: row["sequence"] for row in rows}


async def move_export_cursor(pool: "Pool[asyncpg.Record]", target: str, ledger: uuid.UUID, sequence: int) -> None:
    """Remember that the target has a ledger up to here."""
    async with pool.acquire(timeout=ACQUIRE_S) as connection:
        await connection.execute(
            "INSERT INTO audit_exports (target, ledger, sequence) VALUES ($1, $2, $3) ON CONFLICT (target, ledger)"
            " DO UPDATE SET sequence = excluded.sequence, sent_at = now() WHERE audit_exports.sequence < excluded.sequence",
            target,
            ledger,
            sequence,
        )
