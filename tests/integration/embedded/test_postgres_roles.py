"""docker/postgres-roles.sh makes the logins on a plain server; a migration with the owner's role then does the rest."""

import asyncio
import os
import subprocess
import uuid
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

import asyncpg
import pytest

from app.embedded.postgres import ROLES, installation
from app.migrate import migrate, read_migrations
from tests.integration.conftest import Postgres, run_sql

SCRIPT = Path(__file__).resolve().parents[3] / "docker" / "postgres-roles.sh"


def run_script(environment: dict[str, str]) -> None:
    """Run it as the PostgreSQL image would; its only words are notices."""
    done = subprocess.run(["sh", str(SCRIPT)], env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stderr.splitlines() if "NOTICE" not in line] == []


async def test_the_script_makes_a_database_that_the_owner_can_migrate_and_strangers_cannot_enter(postgres: Postgres) -> None:
    name = f"compose_{uuid.uuid4().hex[:8]}"
    admin = postgres.url("admin", "postgres")
    run_sql(admin, f"CREATE DATABASE {name}")
    known = {role: unquote(urlsplit(postgres.url(role)).password or "") for role in ROLES}
    parts = urlsplit(admin)
    host = parse_qs(parts.query)["host"][0]
    environment = {
        "PATH": f"{installation() / 'bin'}:{os.environ['PATH']}",
        "PGHOST": host,
        "PGPASSWORD": unquote(parts.password or ""),
        "POSTGRES_USER": str(parts.username),
        "POSTGRES_DB": name,
        "ROLE_PASSWORDS": " ".join(f"{role}={password}" for role, password in known.items()),
    }
    for _ in range(2):  # run again by a nervous operator: the same
        await asyncio.to_thread(run_script, environment)
    owner = f"postgresql://pennyprotect_owner:{quote(known['owner'], safe='')}@/{name}?host={quote(host, safe='/')}"
    try:
        assert len(await migrate(owner)) == len(read_migrations())
        run_sql(admin, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'x'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(f"postgresql://stranger:x@/{name}?host={quote(host, safe='/')}", timeout=10)
    finally:
        run_sql(admin, f"DROP DATABASE {name} WITH (FORCE)")
        run_sql(admin, "DROP ROLE IF EXISTS stranger")
