"""Reads a back-up into an empty state folder, brings its schema up to date, and verifies the audit in it."""

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from app.audit.ledger_repository import open_ledgers
from app.audit.places import open_anchors
from app.audit.verify import Finding, verify_all
from app.backup import manifest
from app.backup.manifest import ALONGSIDE, DUMP, KEYS, OBJECTS, SECRETS, Manifest
from app.backup.server import run_tool, started
from app.embedded import secrets
from app.embedded.postgres import EmbeddedPostgres, installed_major
from app.embedded.state import STATE_VERSION, Home, open_home
from app.kit.errors import BadInputError
from app.migrate import migrate, read_migrations
from app.settings import Settings

MIGRATE_LIMIT_S = 3600.0


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it.

    Attributes:
        migrated: migrations applied on top of the back-up's schema.
        audit: the verdict on each ledger.
    """

    manifest: Manifest
    migrated: list[str]
    audit: list[Finding]


def restore(settings: Settings, source: Path, *, secrets_from: Path | None) -> Restored:
    """Restore into PENNYPROTECT_HOME, which must be empty or missing. On any failure it is left empty.

    Raises:
        BadInputError, SetupError: nothing was restored, and why.
    """
    if settings.database_dsn:
        raise BadInputError("DATABASE_URL names a server of yours: restore it with its own tools (docs/backup.md).")
    root, folder = settings.home.absolute(), source.absolute()
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise BadInputError(f"{root} is not empty; set PENNYPROTECT_HOME to an empty or a new folder. Nothing was changed.")
    known = manifest.read(folder)
    check_readable(known)
    passwords = _passwords(folder, known, secrets_from)
    manifest.check(folder, known)
    with open_home(root, url="a restore") as home:
        try:
            return asyncio.run(_restore(settings, home, folder, known, passwords))
        except BaseException:
            _clear(root)
            raise


def check_readable(known: Manifest) -> None:
    """BadInputError when a newer version made it."""
    have = len(read_migrations())
    if known.migration > have:
        raise BadInputError(
            f"The back-up is at migration {known.migration}, this version knows {have}; restore it with the newer PennyProtect."
        )
    if known.state_version != STATE_VERSION or known.postgres > installed_major():
        raise BadInputError(
            f"The back-up is of PostgreSQL {known.postgres} and state version {known.state_version}, this release carries "
            f"{installed_major()} and {STATE_VERSION}; restore it with the release that made it."
        )


def _passwords(folder: Path, known: Manifest, given: Path | None) -> dict[str, str]:
    """The secrets that open this database's stored values."""
    if given is None and not known.secrets:
        raise BadInputError(
            "The back-up holds no secrets, and without them stored camera passwords stay closed; "
            "give the kept secrets.json by --secrets-from FILE."
        )
    path = given or folder / SECRETS
    try:
        found = json.loads(path.read_text("utf-8"))
        if not isinstance(found, dict) or "storage_key" not in found:
            raise ValueError("no storage_key")
    except (OSError, ValueError) as error:
        raise BadInputError(f"{path} is no secrets.json of PennyProtect; give the one that was kept.") from error
    return secrets.complete(found)


async def _restore(settings: Settings, home: Home, folder: Path, known: Manifest, passwords: dict[str, str]) -> Restored:
    mark = home.root / "version"
    version = mark.read_text()
    mark.unlink()  # written again at the end: a folder without it is refused by every command
    for name in (*ALONGSIDE, *KEYS):
        if (folder / name).is_file() and name != SECRETS:
            shutil.copyfile(folder / name, home.root / name)
            (home.root / name).chmod(0o600)
    if (folder / OBJECTS).is_dir():
        await asyncio.to_thread(shutil.copytree, folder / OBJECTS, home.root / OBJECTS)
    secrets.write_private(home.root / SECRETS, json.dumps(passwords, indent=2) + "\n")
    server = EmbeddedPostgres(home, passwords)
    async with started(server, home):
        arguments = ("--dbname=pennyprotect", "--exit-on-error", "--single-transaction", str(folder / DUMP))
        await run_tool("pg_restore", server.url("admin"), *arguments)
        migrated = await migrate(server.url("owner"), timeout_s=MIGRATE_LIMIT_S)
        audit = await _verify(settings, server)
    mark.write_text(version)
    return Restored(known, migrated, audit)


async def _verify(settings: Settings, server: EmbeddedPostgres) -> list[Finding]:
    pool = await open_ledgers(server.url("sealer"))
    try:
        return await verify_all(pool, open_anchors(settings))
    finally:
        pool.terminate()


def _clear(root: Path) -> None:
    """Leave the folder as it was found: empty."""
    for path in root.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
