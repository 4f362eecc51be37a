"""Rule 19: the audit is append-only and chained; altering a row makes `verify` name it. As superuser, and through crashes."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from app.audit.anchors import FileAnchors
from app.audit.ledger_repository import PAGE, heads_of, open_ledgers, read_ledger, reading, seal_batch
from app.audit.sealed import PLATFORM
from app.audit.verify import Finding, verify_all
from app.kit.ids import new_id
from app.kit.postgres import Pool
from tests.integration.pipeline.conftest import Site, pipeline_servers, site  # noqa: F401 - fixtures

Ledgers = Pool
INSERT = (
    "INSERT INTO audit_unsealed (id, chain_id, actor_kind, actor_id, act, details)"
    " SELECT gen_random_uuid(), $1, 'user', gen_random_uuid(), 'log-in', jsonb_build_object('n', n, 'ü', '\"')"
    " FROM generate_series(1, $2::integer) n"
)


@pytest.fixture
async def ledgers(site: Site) -> AsyncIterator["Ledgers[asyncpg.Record]"]:  # noqa: F811
    await site.pool.execute("TRUNCATE audit_log, audit_unsealed, audit_checks, audit_exports")
    await site.pool.execute("UPDATE audit_lease SET owner = NULL, expires_at = '-infinity'")
    pool = await open_ledgers(site.servers.postgres.url("pennyprotect_sealer"))
    yield pool
    await pool.close()


async def seal(ledgers: "Ledgers[asyncpg.Record]", me: uuid.UUID | None = None) -> int:
    sealed = await seal_batch(ledgers, me or uuid.UUID(int=1), 1000)
    assert sealed is not None
    return sealed.rows


@pytest.fixture
async def anchors(site: Site, ledgers: "Ledgers[asyncpg.Record]", tmp_path: Path) -> FileAnchors:  # noqa: F811
    """Ten sealed rows of a chain, anchored at the last, and three of the platform."""
    await site.pool.execute(INSERT, site.chain, 10)
    await site.pool.execute(INSERT, None, 3)
    assert await seal(ledgers) == 13
    kept = FileAnchors(tmp_path / "anchors.jsonl")
    async with reading(ledgers) as connection:
        await kept.write(await heads_of(connection))
    return kept


async def verify(site: Site, ledgers: "Ledgers[asyncpg.Record]", anchors: FileAnchors) -> Finding:  # noqa: F811
    findings = {finding.ledger: finding for finding in await verify_all(ledgers, anchors)}
    assert findings[PLATFORM].broken is None
    return findings[site.chain]


async def test_rule_19_a_whole_ledger_verifies_against_its_anchor(
    site: Site, ledgers: "Ledgers[asyncpg.Record]", anchors: FileAnchors  # noqa: F811
) -> None:  # fmt: skip
    finding = await verify(site, ledgers, anchors)
    assert (finding.rows, finding.anchors, finding.broken) == (10, 1, None)


@pytest.mark.parametrize(
    "column",
    [
        "id = gen_random_uuid()", "store_id = gen_random_uuid()", "actor_kind = 'system'", "actor_id = NULL", "act = 'log-out'",
        "subject_kind = 'camera'", "subject_id = gen_random_uuid()", "details = '{}'", "details = (details::text || ' ')::json",
        "at = at + interval '1 microsecond'", "sealed_at = sealed_at - interval '1 hour'", "hash = sha256('x')",
        "previous_hash = sha256('x')",
    ],
)  # fmt: skip
async def test_rule_19_a_changed_row_is_named_whatever_column_it_was(
    site: Site, ledgers: "Ledgers[asyncpg.Record]", anchors: FileAnchors, column: str  # noqa: F811
) -> None:  # fmt: skip
    await site.pool.execute(f"UPDATE audit_log SET {column} WHERE ledger = $1 AND sequence = 4", site.chain)
    broken = (await verify(site, ledgers, anchors)).broken
    assert broken is not None
    assert (broken.kind, broken.sequence) == ("changed", 4)


REST = "id, chain_id, store_id, actor_kind, actor_id, act, subject_kind, subject_id, details, at, sealed_at, previous_hash, hash"
TAMPER = {
    "removed": ("DELETE FROM audit_log WHERE ledger = $1 AND sequence = 4",),
    "inserted": (
        "DELETE FROM audit_log WHERE ledger = $1 AND sequence >= 4",
        f"INSERT INTO audit_log SELECT ledger, sequence + 1, {REST} FROM kept WHERE ledger = $1 AND sequence >= 4",
        f"INSERT INTO audit_log SELECT ledger, 4, {REST.replace('previous_hash, hash', 'previous_hash, sha256(hash)')}"
        " FROM kept WHERE ledger = $1 AND sequence = 2",
    ),
    "reordered": (
        "DELETE FROM audit_log WHERE ledger = $1 AND sequence IN (4, 7)",
        f"INSERT INTO audit_log SELECT ledger, 11 - sequence, {REST} FROM kept WHERE ledger = $1 AND sequence IN (4, 7)",
    ),
    "truncated": ("DELETE FROM audit_log WHERE ledger = $1 AND sequence >= 4",),
}


@pytest.mark.parametrize("kind", sorted(TAMPER))
async def test_rule_19_rows_removed_inserted_swapped_or_cut_off_are_named(
    site: Site, ledgers: "Ledgers[asyncpg.Record]", anchors: FileAnchors, kind: str  # noqa: F811
) -> None:  # fmt: skip
    async with site.pool.acquire() as superuser, superuser.transaction():
        await superuser.execute("CREATE TEMPORARY TABLE kept ON COMMIT DROP AS SELECT * FROM audit_log")
        for statement in TAMPER[kind]:
            await superuser.execute(statement, site.chain)
    broken = (await verify(site, ledgers, anchors)).broken
    assert broken is not None
    assert (broken.kind, broken.sequence) == (kind, 4)


async def test_rule_19_a_history_rewritten_with_right_hashes_differs_from_the_anchor(
    site: Site, ledgers: "Ledgers[asyncpg.Record]", anchors: FileAnchors  # noqa: F811
) -> None:  # fmt: skip
    await site.pool.execute(
        "WITH gone AS (DELETE FROM audit_log WHERE ledger = $1 RETURNING *) INSERT INTO audit_unsealed"
        " (id, chain_id, actor_kind, act) SELECT id, chain_id, actor_kind, 'log-out' FROM gone",
        site.chain,
    )
    assert await seal(ledgers) == 10
    broken = (await verify(site, ledgers, anchors)).broken
    assert broken is not None
    assert (broken.kind, broken.sequence) == ("rewritten", 10)


@pytest.mark.parametrize("role", ["app", "pipeline", "dispatcher", "sealer", "retention"])
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET act = 'x'", "DELETE FROM audit_log", "TRUNCATE audit_log", "UPDATE audit_unsealed SET act = 'x'",
        "TRUNCATE audit_unsealed", "DROP TABLE audit_log", "ALTER TABLE audit_log DISABLE ROW LEVEL SECURITY",
        "SET ROLE pennyprotect_owner", "DELETE FROM audit_unsealed",
    ],
)  # fmt: skip
async def test_rule_19_no_role_of_the_product_may_change_what_was_written(
    site: Site, role: str, statement: str  # noqa: F811
) -> None:  # fmt: skip
    if (role, statement) == ("sealer", "DELETE FROM audit_unsealed"):
        return  # moving rows is its work; what it moved it may not touch
    connection = await asyncpg.connect(site.servers.postgres.url(f"pennyprotect_{role}"))
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM users", "SELECT * FROM cameras", "SELECT * FROM sessions", "SELECT * FROM alerts", "SELECT * FROM outbox",
        "INSERT INTO audit_unsealed (id, actor_kind, act) VALUES (gen_random_uuid(), 'system', 'log-in')",
    ],
)  # fmt: skip
async def test_the_sealer_may_not(site: Site, statement: str) -> None:  # noqa: F811
    connection = await asyncpg.connect(site.servers.postgres.url("pennyprotect_sealer"))
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(statement)
    await connection.close()


async def test_rule_19_an_open_transaction_holds_back_what_came_after_it(
    site: Site, ledgers: "Ledgers[asyncpg.Record]"  # noqa: F811
) -> None:  # fmt: skip
    """The earlier act commits later; it still stands first in the ledger."""
    first, second = await asyncpg.connect(site.servers.postgres.url("admin")), site.pool
    early = new_id()
    transaction = first.transaction()
    await transaction.start()
    await first.execute(
        "INSERT INTO audit_unsealed (id, chain_id, actor_kind, act) VALUES ($1, $2, 'user', 'log-in')", early, site.chain
    )
    await second.execute(INSERT, site.chain, 5)
    assert await seal(ledgers) == 0
    await transaction.commit()
    await first.close()
    assert await seal(ledgers) == 6
    assert await second.fetchval("SELECT id FROM audit_log WHERE ledger = $1 AND sequence = 1", site.chain) == early


async def test_rule_19_two_sealers_never_fork_the_chain(site: Site, ledgers: "Ledgers[asyncpg.Record]") -> None:  # noqa: F811
    await site.pool.execute(INSERT, site.chain, 40)
    found = await asyncio.gather(*(seal_batch(ledgers, new_id(), 10) for _ in range(6)))
    assert [each is not None for each in found].count(True) == 1
    await site.pool.execute("UPDATE audit_lease SET expires_at = now() - interval '1 second'")
    assert await seal(ledgers, new_id()) == 30


async def test_rule_19_sealers_killed_in_the_middle_leave_no_gap_and_no_double(
    site: Site, ledgers: "Ledgers[asyncpg.Record]", tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    """Rows keep coming; each kill finds the leading sealer inside its transaction, before its rows are in; the other goes too."""
    written = 0

    async def write() -> None:
        nonlocal written
        while True:
            await site.pool.execute(INSERT, site.chain, 50)
            written += 50
            await asyncio.sleep(0.01)

    writer = asyncio.create_task(write())
    try:
        sealers = [site.role("sealer"), site.role("sealer")]
        for number in range(4):
            await asyncio.sleep(1.0)
            await _caught_writing(site)
            sealers[number % 2].kill()
            sealers[(number + 1) % 2].kill()
            sealers = [site.role("sealer"), site.role("sealer")]
    finally:
        writer.cancel()
        await asyncio.gather(writer, return_exceptions=True)

    async def all_sealed() -> bool:
        return not await site.pool.fetchval("SELECT EXISTS (SELECT FROM audit_unsealed)")

    await site.until(all_sealed, 30)
    counts = await site.pool.fetchrow(
        "SELECT count(*) AS rows, count(DISTINCT id) AS acts, max(sequence) AS last FROM audit_log WHERE ledger = $1", site.chain
    )
    assert counts["rows"] == counts["acts"] == counts["last"]
    assert counts["last"] >= written
    for sealer in sealers:
        assert sealer.stop() == 0
    (finding,) = await verify_all(ledgers, FileAnchors(site.home / "objects" / "audit-anchors.jsonl"))
    assert finding.broken is None
    assert finding.anchors >= 1


async def _caught_writing(site: Site) -> None:  # noqa: F811
    """Hold the table until a sealer waits inside its transaction."""
    async with site.pool.acquire() as blocker, blocker.transaction():
        await blocker.execute("LOCK TABLE audit_log IN SHARE MODE")

        async def waits() -> object:
            return await site.pool.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE usename = 'pennyprotect_sealer' AND wait_event_type = 'Lock'"
            )

        await site.until(waits)


async def test_a_ledger_is_read_by_its_key_though_nothing_is_known_of_the_table(
    site: Site,  # noqa: F811
    ledgers: "Ledgers[asyncpg.Record]",
) -> None:
    await site.pool.execute(INSERT, site.chain, 900)
    assert await seal(ledgers) == 900
    async with reading(ledgers) as connection:
        plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN SELECT hash{PAGE}", site.chain, 5, 105))
    assert "Index Scan using audit_log_pkey" in plan
    assert "Sort" not in plan


async def test_a_ledger_is_read_to_its_end_over_a_gap_that_is_longer_than_a_page(
    site: Site,  # noqa: F811
    ledgers: "Ledgers[asyncpg.Record]",
) -> None:
    await site.pool.execute(INSERT, site.chain, 60)
    assert await seal(ledgers) == 60
    await site.pool.execute("DELETE FROM audit_log WHERE ledger = $1 AND sequence BETWEEN 8 AND 57", site.chain)
    async with reading(ledgers) as connection:
        read = [row.sequence async for rows in read_ledger(connection, site.chain, 2, 3) for row in rows]
    assert read == [3, 4, 5, 6, 7, 58, 59, 60]
