"""A pod that starts beside the migration waits for it and says in one sentence for what; a migration that fails speaks too."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from app.kit.errors import SetupError
from app.migrate import MIGRATIONS, migrate, read_migrations, wait_until_made
from tests.integration.conftest import Database, run_sql

CHECKOUT = MIGRATIONS.parents[1]
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


def command(tmp_path: Path, url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command of the product as its own process, as the chart's Job runs it."""
    secret_key = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWY="
    environment = {
        "PATH": "/usr/bin:/bin", "DATABASE_URL": url, "PENNYPROTECT_HOME": str(tmp_path), "PENNYPROTECT_HEADLESS": "1",
        "PENNYPROTECT_SECRET_KEY": secret_key, "PENNYPROTECT_WORKER_KEY": "w" * 24, "PENNYPROTECT_DEMO_CAMERAS": "0",
    }  # fmt: skip
    asked = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(asked, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_after_a_roll_back_the_older_job_ends_well_and_everybody_else_refuses(database: Database, tmp_path: Path) -> None:
    run_sql(database.url("owner"), f"INSERT INTO schema_migrations VALUES ({KNOWN + 1}, '{KNOWN + 1:04}_next', 'x', now())")
    refused = command(tmp_path, database.url("owner"), "migrate")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "used with a newer PennyProtect" in refused.stderr
    ended = command(tmp_path, database.url("owner"), "migrate", "--or-newer")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"The database is at migration {KNOWN + 1}, this version knows {KNOWN}; nothing to do")


@pytest.mark.parametrize("role", ["migrate", "first-run"])
def test_a_database_that_is_away_is_one_sentence(tmp_path: Path, role: str) -> None:
    done = command(tmp_path, "postgresql://pennyprotect_owner:hunter2@127.0.0.1:1/pennyprotect", role)
    assert done.returncode == 1
    said = done.stderr.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith("pennyprotect: The database cannot be opened (")
    assert "hunter2" not in done.stderr


async def test_a_refused_migration_is_named_and_leaves_nothing(database: Database, tmp_path: Path) -> None:
    for path in MIGRATIONS.glob("*.sql"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / f"{KNOWN + 1:04}_role.sql").write_text("CREATE TABLE half (); CREATE ROLE pennyprotect_more;", "utf-8")
    with pytest.raises(
        SetupError, match=rf"refused migration {KNOWN + 1:04}_role, and nothing of it was done: permission denied"
    ):
        await migrate(database.url("owner"), folder=tmp_path)
    assert run_sql(database.url("owner"), "SELECT to_regclass('half') IS NULL, schema_version()") == f"t|{KNOWN}"
