"""Applies the numbered SQL files of `db/migrations`, each once, in one transaction each, under an advisory lock."""

import asyncio
import hashlib
import re
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from app.kit.backoff import Backoff
from app.kit.errors import SetupError
from app.kit.logs import logger, redact
from app.kit.postgres import DATABASE_ERRORS, said_in_one_sentence

MIGRATIONS = Path(__file__).resolve().parent.parent / "db" / "migrations"
LOCK_KEY = 7_305_221_940  # any constant; the same for every migrator of this product
LOCK_TIMEOUT = "5s"
ANSWER_S = 5.0
_NAME = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number, its name and its text."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """sha256 of the text; an applied file must never change."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


class NewerSchemaError(SetupError):
    """A newer version has migrated this database. Migrations only expand, so an older one can go on working with it."""


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All migrations in order; SetupError for a misnamed file or a gap in the numbers."""
    found = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.fullmatch(path.name)
        if match is None:
            raise SetupError(f"{path.name} is no migration name; use NNNN_words.sql.")
        found.append(Migration(int(match[1]), path.stem, path.read_text("utf-8")))
    if [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise SetupError(f"The migrations in {folder} are not numbered 0001, 0002, ... without gaps.")
    return found


def pending(known: list[Migration], applied: dict[int, str]) -> list[Migration]:
    """What is still to apply.

    Raises:
        NewerSchemaError: the database is newer than this version.
        SetupError: an applied file was edited afterwards.
    """
    newest = max(applied, default=0)
    if newest > len(known):
        raise NewerSchemaError(
            f"The database is at migration {newest}, this version knows {len(known)}: "
            "it was used with a newer PennyProtect. Run that version, or restore a back-up."
        )
    for migration in known:
        if applied.get(migration.number, migration.checksum) != migration.checksum:
            raise SetupError(f"Migration {migration.name} was changed after it was applied; restore the released file.")
    return [migration for migration in known if migration.number not in applied]


async def migrate(url: str, *, folder: Path = MIGRATIONS, timeout_s: float = 120) -> list[str]:
    """Bring the database at `url` up to date; returns the names of what was applied.

    Raises:
        NewerSchemaError: it was used with a newer version.
        SetupError: it cannot be opened, or refuses a migration, of which then nothing stays.
    """
    async with asyncio.timeout(timeout_s):
        with said_in_one_sentence():
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, timeout=10, statement_cache_size=0)
        try:
            return await _apply(connection, read_migrations(folder))
        finally:
            await connection.close(timeout=5)


async def wait_until_made(url: str, *, patience_s: float, folder: Path = MIGRATIONS) -> int:
    """Wait, with any role of the product, until the schema is at least this version's; its number.

    A newer schema is fine: migrations only expand.

    Raises:
        SetupError: it is not so within `patience_s`; says what was found last.
    """
    wanted, deadline, retry, tries = len(read_migrations(folder)), time.monotonic() + patience_s, Backoff(0.5, 5.0), 0
    while True:
        try:
            have, found = await _version(url), ""
        except DATABASE_ERRORS as error:
            have, found = 0, f"the database does not answer ({redact(str(error)) or type(error).__name__})"
        if have >= wanted:
            return have
        found = found or f"the schema is at migration {have} of {wanted}"
        if time.monotonic() > deadline:
            raise SetupError(f"Waited {patience_s:g} s, but {found}. Run `pennyprotect migrate` with the owner's role.")
        if tries == 0:
            log.info("waiting for the schema", found=found)
        await asyncio.sleep(retry.delay_s(tries))
        tries += 1


async def _version(url: str) -> int:
    """The newest applied migration; 0 where there is none yet."""
    connection = await asyncpg.connect(url, timeout=ANSWER_S, command_timeout=ANSWER_S, statement_cache_size=0)
    try:
        number: int = await connection.fetchval("SELECT schema_version()")
    except (asyncpg.UndefinedFunctionError, asyncpg.InsufficientPrivilegeError):
        return 0
    finally:
        await connection.close(timeout=ANSWER_S)
    return number


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", known: list[Migration]) -> list[str]:
    await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (number integer PRIMARY KEY, name text NOT NULL,"
        " checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = await connection.fetch("SELECT number, checksum FROM schema_migrations")
    names = []
    for migration in pending(known, {row["number"]: row["checksum"] for row in rows}):
        try:
            await _apply_one(connection, migration)
        except asyncpg.PostgresError as error:
            raise SetupError(f"The database refused migration {migration.name}, and nothing of it was done: {error}.") from error
        log.info("migration applied", migration=migration.name)
        names.append(migration.name)
    return names


async def _apply_one(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    async with connection.transaction():
        await connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        await connection.execute(migration.sql)
        await connection.execute(
            "INSERT INTO schema_migrations (number, name, checksum) VALUES ($1, $2, $3)",
            migration.number,
            migration.name,
            migration.checksum,
        )
