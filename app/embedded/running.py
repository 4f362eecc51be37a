"""The database of an embedded default that runs now, for tools beside it."""

from pathlib import Path

from app.embedded import secrets
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.state import Home, socket_folder
from app.kit.errors import SetupError
from app.settings import Settings


def database_address(settings: Settings, role: str) -> str:
    """DATABASE_URL as set, else that of this home's own server with a role's user; holds a password.

    Raises:
        SetupError: no address is set, and this home has no database.
    """
    if settings.database_dsn:
        return settings.database_dsn
    root = Path(settings.home).expanduser().absolute()
    if not (root / "postgres").exists() or not (root / "secrets.json").exists():
        raise SetupError(
            f"There is no database in {root}; set PENNYPROTECT_HOME, or DATABASE_URL with the role pennyprotect_{role}."
        )
    known = secrets.load(root / "secrets.json", database_exists=True)
    return EmbeddedPostgres(Home(root, socket_folder(root)), known).url(role)
