"""A pod that starts beside the migration waits for it, and says in one sentence what it waits for."""

import asyncio
from pathlib import Path

import pytest

from app.kit.errors import SetupError
from app.migrate import MIGRATIONS, migrate, read_migrations, wait_until_made
from tests.integration.conftest import Database

KNOWN = len(read_migrations())


@pytest.mark.parametrize("role", ["app", "pipeline", "dispatcher"])
async def test_each_role_sees_that_the_schema_is_made(database: Database, role: str) -> None:
    assert await wait_until_made(database.url(role), patience_s=0) == KNOWN


async def test_it_waits_for_a_migration_that_comes(database: Database, tmp_path: Path) -> None:
    for path in MIGRATIONS.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / f"{KNOWN + 1:04}_next.sql").write_text("SELECT 1;", "utf-8")
    waiting = asyncio.create_task(wait_until_made(database.url("app"), patience_s=20, folder=tmp_path))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    await migrate(database.url("owner"), folder=tmp_path)
    assert await waiting == KNOWN + 1
    # The release before this one goes on working on the newer schema.
    assert await wait_until_made(database.url("app"), patience_s=0) == KNOWN + 1


async def test_what_is_missing_is_named(database: Database, tmp_path: Path) -> None:
    for number in range(1, KNOWN + 3):
        (tmp_path / f"{number:04}_x.sql").write_text("", "utf-8")
    with pytest.raises(SetupError, match=rf"migration {KNOWN} of {KNOWN + 2}. Run `pennyprotect migrate`"):
        await wait_until_made(database.url("app"), patience_s=0, folder=tmp_path)


async def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    with pytest.raises(SetupError, match="the database does not answer") as refused:
        await wait_until_made("postgresql://pennyprotect_app:secret@127.0.0.1:1/pennyprotect", patience_s=0)
    assert "secret" not in str(refused.value)
