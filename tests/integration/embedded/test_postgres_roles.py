"""docker/postgres-roles.sh makes the logins on a plain or managed server; a migration with the owner's role does the rest."""

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


MANAGED = "managed_administrator"


def as_a_managed_server_has_it(admin: str, name: str, roles: list[str]) -> None:
    """An administrator that is no superuser, owns the database, and has over roles what PostgreSQL 16 gives their maker."""
    run_sql(admin, f"CREATE ROLE {MANAGED} LOGIN CREATEROLE CREATEDB PASSWORD 'managed'")
    run_sql(admin, f"ALTER DATABASE {name} OWNER TO {MANAGED}")
    run_sql(
        admin.replace("/postgres?", f"/{name}?"), "CREATE EXTENSION vector"
    )  # its service lets it; the plain extension does not
    for role in roles:
        run_sql(admin, f"GRANT pennyprotect_{role} TO {MANAGED} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE")


@pytest.mark.parametrize("managed", [False, True])
async def test_the_script_makes_a_database_that_the_owner_can_migrate_and_strangers_cannot_enter(
    postgres: Postgres, managed: bool
) -> None:
    name = f"compose_{uuid.uuid4().hex[:8]}"
    admin = postgres.url("admin", "postgres")
    run_sql(admin, f"CREATE DATABASE {name}")
    known = {role: unquote(urlsplit(postgres.url(role)).password or "") for role in ROLES}
    parts = urlsplit(admin)
    host = parse_qs(parts.query)["host"][0]
    environment = {
        "PATH": f"{installation() / 'bin'}:{os.environ['PATH']}",
        "PGHOST": host,
        "PGPASSWORD": "managed" if managed else unquote(parts.password or ""),
        "POSTGRES_USER": MANAGED if managed else str(parts.username),
        "POSTGRES_DB": name,
        "ROLE_PASSWORDS": " ".join(f"{role}={password}" for role, password in known.items()),
    }
    owner = f"postgresql://pennyprotect_owner:{quote(known['owner'], safe='')}@/{name}?host={quote(host, safe='/')}"
    try:
        if managed:
            as_a_managed_server_has_it(admin, name, list(known))
        for _ in range(2):  # run again by a nervous operator: the same
            await asyncio.to_thread(run_script, environment)
        members = (
            "SELECT count(*) FROM pg_auth_members WHERE roleid = 'pennyprotect_owner'::regrole AND (inherit_option OR set_option)"
        )
        assert run_sql(admin, members) == "0", "the administrator stays no member of the owner"
        assert len(await migrate(owner)) == len(read_migrations())
        run_sql(admin, "DROP ROLE IF EXISTS stranger; CREATE ROLE stranger LOGIN PASSWORD 'x'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(f"postgresql://stranger:x@/{name}?host={quote(host, safe='/')}", timeout=10)
    finally:
        run_sql(admin, f"DROP DATABASE {name} WITH (FORCE)")
        run_sql(admin, f"DROP ROLE IF EXISTS stranger, {MANAGED}")
