"""Rule 19: an act and its row share their fate, although the row travels with COMMIT."""

import re
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress

import asyncpg
import pytest

from app.audit.models import Act, ActorKind, AuditEntry
from app.audit.repository import append
from app.kit.postgres import TenantScope, connect_pool, tenant_transaction
from tests.integration.pipeline.conftest import Site, pipeline_servers, site  # noqa: F401 - fixtures

WHO = uuid.UUID(int=9)
NASTY = "'; DELETE FROM alerts; -- \\x27 \\ $1 $$ \u2028 ü \U0001f512"


@pytest.fixture
async def app(site: Site) -> AsyncIterator["asyncpg.Pool[asyncpg.Record]"]:  # noqa: F811
    await site.pool.execute("TRUNCATE audit_log, audit_unsealed")
    pool = await connect_pool(site.servers.postgres.url("pennyprotect_app"), role="test", largest=1)
    yield pool
    await pool.close()


def entry(chain: uuid.UUID, said: str, act: Act = Act.LIVE_VIEW) -> AuditEntry:
    return AuditEntry(act, ActorKind.USER, WHO, chain, None, "camera", None, {"said": said})


async def kept(site: Site) -> list[str]:  # noqa: F811
    rows = await site.pool.fetch("SELECT details->>'said' AS said FROM audit_unsealed ORDER BY id")
    return [row["said"] for row in rows]


async def test_rule_19_a_row_travels_with_commit_as_it_was_given(site: Site, app: "asyncpg.Pool[asyncpg.Record]") -> None:  # noqa: F811
    said: list[str] = []
    async with app.acquire() as connection:
        connection.add_query_logger(lambda record: said.append(record.query))
    said.clear()
    given = AuditEntry(
        Act.SNAPSHOT, ActorKind.API_KEY, WHO, site.chain, site.store, NASTY, site.camera, {"said": NASTY, "n": [1]}
    )
    async with tenant_transaction(app, TenantScope(site.chain)) as connection:
        await append(connection, given)
        assert await connection.fetchval("SELECT count(*) FROM cameras") == 1
    assert [re.split(r"[;\s]", each)[0] for each in said] == ["BEGIN", "SELECT", "SELECT"], "no round trip of its own"
    assert ";COMMIT;" in said[-1]
    row = await site.pool.fetchrow("SELECT * FROM audit_unsealed")
    assert row is not None
    assert (row["act"], row["actor_kind"], row["actor_id"], row["subject_id"]) == ("snapshot", "api-key", WHO, site.camera)
    assert (row["chain_id"], row["store_id"], row["subject_kind"]) == (site.chain, site.store, NASTY)
    assert row["details"] == {"said": NASTY, "n": [1]}


async def test_rule_19_a_row_is_gone_with_its_savepoint_and_stays_with_what_stays(
    site: Site,  # noqa: F811
    app: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    async with tenant_transaction(app, TenantScope(site.chain)) as connection:
        await append(connection, entry(site.chain, "before"))
        with suppress(ZeroDivisionError):
            async with connection.transaction():
                await append(connection, entry(site.chain, "undone"))
                async with connection.transaction():
                    await append(connection, entry(site.chain, "undone with the outer one"))
                raise ZeroDivisionError
        with suppress(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await append(connection, entry(site.chain, "undone by the database"))
                await connection.execute("DELETE FROM audit_log")
        async with connection.transaction():
            await append(connection, entry(site.chain, "within"))
        await append(connection, entry(site.chain, "after"))
    assert await kept(site) == ["before", "within", "after"]
    with suppress(ZeroDivisionError):
        async with tenant_transaction(app, TenantScope(site.chain)) as connection:
            await append(connection, entry(site.chain, "rolled back"))
            raise ZeroDivisionError
    assert len(await kept(site)) == 3


async def test_rule_19_an_act_whose_row_is_refused_at_the_end_does_not_happen(
    site: Site,  # noqa: F811
    app: "asyncpg.Pool[asyncpg.Record]",
) -> None:
    """The row's own check runs within the transaction: of another chain it is refused, and with it what was done before."""

    async def rename(scope: uuid.UUID, told_of: uuid.UUID) -> None:
        async with tenant_transaction(app, TenantScope(scope)) as connection:
            await connection.execute("UPDATE cameras SET name = 'Changed' WHERE id = $1", site.camera)
            await append(connection, entry(told_of, "renamed"))

    for scope, told_of in ((site.chain, uuid.UUID(int=1)), (uuid.UUID(int=1), site.chain)):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await rename(scope, told_of)
    assert await site.pool.fetchval("SELECT name FROM cameras WHERE id = $1", site.camera) != "Changed"
    await rename(site.chain, site.chain)  # the same session, clean
    assert await kept(site) == ["renamed"]
    assert await app.fetchval("SELECT count(*) FROM cameras") == 0, "a scope outlived its transaction"


async def test_a_transaction_by_hand_has_its_row_at_once(site: Site, app: "asyncpg.Pool[asyncpg.Record]") -> None:  # noqa: F811
    platform = AuditEntry(Act.LOG_IN_REFUSED, ActorKind.SYSTEM, None, None, details={"said": "nobody's"})
    async with app.acquire() as connection, connection.transaction():
        await append(connection, platform)  # type: ignore[arg-type]
    assert await kept(site) == ["nobody's"]
