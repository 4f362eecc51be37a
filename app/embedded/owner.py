"""The owner's way to the database for tools that run beside the product, and the settings they need."""

from pydantic import SecretStr

from app.embedded import secrets
from app.embedded.postgres import EmbeddedPostgres
from app.embedded.state import Home, socket_folder
from app.kit.errors import SetupError
from app.settings import Settings


def owner_access(settings: Settings) -> tuple[str, Settings]:
    """(URL with the owner's role, settings with the keys of this state folder).

    Raises:
        SetupError: neither is DATABASE_URL set nor has this state folder a database of its own.
    """
    if settings.database_dsn:
        return settings.database_dsn, settings
    root = settings.home.absolute()
    if not (root / "secrets.json").is_file():
        raise SetupError(f"{root} holds no database; set PENNYPROTECT_HOME to the product's folder, or DATABASE_URL.")
    kept = secrets.load(root / "secrets.json", database_exists=True)
    url = EmbeddedPostgres(Home(root, socket_folder(root)), kept).url("owner")
    given = settings.secret_key.get_secret_value() or kept["storage_key"]
    return url, settings.model_copy(update={"secret_key": SecretStr(given)})
