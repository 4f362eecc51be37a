"""Real servers for every integration test: PostgreSQL with pgvector, two Valkeys, Triton.

`database` is a fresh copy of the migrated schema for each test (about 50 ms); `bus` and `memory` are emptied after each.
"""

import json
import os
import select
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import redis

from app.embedded.postgres import installation

CHECKOUT = Path(__file__).resolve().parents[2]
SHARED_MODELS = CHECKOUT.parent / "shared" / "data" / "models"
READY_LIMIT_S = 90.0


def run_sql(url: str, sql: str) -> str:
    """Run statements with the wheel's psql, outside any event loop; its output."""
    parts = urlsplit(url)
    env = dict(os.environ, PGPASSWORD=unquote(parts.password or ""), PGHOST=parse_qs(parts.query)["host"][0])
    command = [str(installation() / "bin" / "psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"]
    command += ["-U", str(parts.username), "-d", parts.path.lstrip("/"), "-c", sql]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@dataclass(frozen=True)
class Database:
    """One database and the URL of each role in it."""

    name: str
    urls: dict[str, str]

    def url(self, role: str) -> str:
        """DATABASE_URL of `admin`, `owner`, `app`, `pipeline`, `dispatcher` or `sealer`."""
        return self.urls[role]


@dataclass(frozen=True)
class Postgres:
    """A running server with a migrated template database."""

    addresses: dict[str, str]
    template: str

    def url(self, role: str, database: str | None = None) -> str:
        """DATABASE_URL of a role; in the template unless another database is named."""
        return self.addresses[role].replace("/DATABASE?", f"/{database or self.template}?")

    def create(self) -> Database:
        """A fresh copy of the template. Nobody may be connected to the template."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        admin = self.url("admin", "postgres")
        # Copying files needs a checkpoint, which costs nothing here (fsync=off); by way of the log it takes nine times as long.
        options = f"TEMPLATE {self.template} OWNER pennyprotect_owner STRATEGY FILE_COPY"
        run_sql(admin, f"CREATE DATABASE {name} {options}")
        return Database(name, {role: self.url(role, name) for role in self.addresses})

    def drop(self, database: Database) -> None:
        """Drop it, ending whatever is still connected."""
        run_sql(self.url("admin", "postgres"), f"DROP DATABASE {database.name} WITH (FORCE)")


@dataclass(frozen=True)
class Valkey:
    """A running server with a URL for each of its users."""

    users: dict[str, str]

    def url(self, user: str = "admin") -> str:
        """REDIS_URL of a user."""
        return self.users[user]

    def empty(self) -> None:
        """Forget everything."""
        with redis.Redis.from_url(self.users["admin"]) as client:
            client.flushall()


@pytest.fixture(scope="session")
def servers_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of the servers of this test process."""
    return tmp_path_factory.mktemp("servers")


@pytest.fixture(scope="session")
def servers(servers_home: Path) -> Iterator[dict[str, Any]]:
    """Addresses of the servers of this test process."""
    home = servers_home
    errors = (home.parent / f"{home.name}.err").open("w+")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.servers", str(home)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        readable, _, _ = select.select([process.stdout], [], [], READY_LIMIT_S)
        line = process.stdout.readline() if readable else b""
        assert line, f"the test servers did not start: {Path(errors.name).read_text()[-3000:]}"
        yield json.loads(line)
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(timeout=30)
        errors.close()


@pytest.fixture(scope="session")
def postgres(servers: dict[str, Any]) -> Postgres:
    """The PostgreSQL server, its template database migrated."""
    return Postgres(servers["postgres"], servers["template"])


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    """A fresh migrated database, dropped afterwards."""
    made = postgres.create()
    yield made
    postgres.drop(made)


@pytest.fixture(scope="session")
def shared_database(postgres: Postgres) -> Iterator[Database]:
    """One migrated database for all tests of this process that clean up after themselves."""
    made = postgres.create()
    yield made
    postgres.drop(made)


@pytest.fixture
def bus(servers: dict[str, Any]) -> Iterator[Valkey]:
    """The durable Valkey, emptied afterwards."""
    server = Valkey(servers["bus"])
    yield server
    server.empty()


@pytest.fixture
def memory(servers: dict[str, Any]) -> Iterator[Valkey]:
    """The memory-only Valkey, emptied afterwards."""
    server = Valkey(servers["memory"])
    yield server
    server.empty()
