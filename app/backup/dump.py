"""Makes a back-up, of a product that runs or of one that does not."""

import asyncio
import os
import shutil
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from app.backup import manifest
from app.backup.manifest import ALONGSIDE, DUMP, KEYS, OBJECTS, Manifest
from app.backup.server import run_tool, server_of, started
from app.embedded import secrets
from app.embedded.doctor import is_running
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.state import STATE_VERSION, check_version, open_home, socket_folder
from app.kit.errors import BadInputError, SetupError, UnavailableError
from app.settings import Settings

ANSWER_S = 10.0


def source_of(settings: Settings) -> Path:
    """The state folder to back up.

    Raises:
        BadInputError: the database is the operator's own.
        SetupError: there is none here.
    """
    if settings.database_dsn:
        raise BadInputError("DATABASE_URL names a server of yours: back it up with its own tools (docs/backup.md).")
    root = settings.home.absolute()
    if not check_version(root) or not (root / "postgres" / "PG_VERSION").is_file():
        raise SetupError(f"{root} holds no database; set PENNYPROTECT_HOME to the product's folder.")
    return root


def back_up(settings: Settings, to: Path, *, with_secrets: bool) -> Manifest:
    """Write the back-up to `to`, which must be empty or missing; what was written is removed when it fails.

    Raises:
        BadInputError, SetupError, UnavailableError: nothing was made, and why.
    """
    root = source_of(settings)
    target = to.absolute()
    if target.is_relative_to(root):
        raise BadInputError(f"{target} lies inside the state folder; name a folder elsewhere, best on another disk.")
    try:
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        empty = not any(target.iterdir())
    except OSError as error:
        raise BadInputError(f"{target} cannot be used ({error.strerror}); name an empty folder that you may write.") from error
    if not empty:
        raise BadInputError(f"{target} is not empty; each back-up needs a folder of its own.")
    try:
        return asyncio.run(_write(root, target, with_secrets))
    except BaseException:
        for path in target.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise


async def _write(root: Path, target: Path, with_secrets: bool) -> Manifest:
    passwords = secrets.load(root / "secrets.json", database_exists=True)
    async with AsyncExitStack() as held:
        if is_running(root):
            server = server_of(root, socket_folder(root), passwords)
        else:
            home = held.enter_context(open_home(root, url="a back-up"))
            server = EmbeddedPostgres(home, passwords)
            await held.enter_async_context(started(server, home))
        migration, major = await _versions(server)
        # Anchors before the database: a head that was anchored after the dump would look cut off when it is restored.
        await asyncio.to_thread(_copy, root, target, (*ALONGSIDE, *(KEYS if with_secrets else ())))
        await run_tool("pg_dump", server.url("admin"), "--format=custom", f"--file={target / DUMP}")
        # Objects after it: every one that a row names was written before its row.
        await asyncio.to_thread(_copy_objects, root, target)
    files = await asyncio.to_thread(lambda: tuple(manifest.entry_of(target, each) for each in _secured(target)))
    made = Manifest(
        datetime.now(UTC).isoformat(timespec="seconds"), migration, major, STATE_VERSION, secrets=with_secrets, files=files
    )
    manifest.write(target, made)
    return made


async def _versions(server: EmbeddedPostgres) -> tuple[int, int]:
    """(newest migration, major version of PostgreSQL)."""
    try:
        connection = await asyncpg.connect(server.url("admin"), timeout=ANSWER_S, command_timeout=ANSWER_S)
    except (asyncpg.PostgresError, OSError, TimeoutError) as error:
        raise UnavailableError("The product's database does not answer yet; ask again in a moment.") from error
    try:
        return await connection.fetchval("SELECT schema_version()"), connection.get_server_version().major
    except asyncpg.UndefinedFunctionError as error:
        raise UnavailableError("The database is not set up yet; start the product once before a back-up.") from error
    finally:
        await connection.close(timeout=ANSWER_S)


def _copy(root: Path, target: Path, names: tuple[str, ...]) -> None:
    for name in names:
        if (root / name).is_file():
            shutil.copyfile(root / name, target / name)


def _copy_objects(root: Path, target: Path) -> None:
    if (root / OBJECTS).is_dir():
        manifest.files_below(root / OBJECTS)  # refuses links
        shutil.copytree(root / OBJECTS, target / OBJECTS)


def _secured(target: Path) -> list[Path]:
    """Every file, readable by this user alone and on the disk."""
    found = manifest.files_below(target)
    for path in found:
        path.chmod(0o600)
        with path.open("rb") as body:
            os.fsync(body.fileno())
    return found
