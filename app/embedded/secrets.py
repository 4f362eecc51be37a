"""The embedded default's own secrets: made once, kept in `secrets.json` (0600), handed to each part by environment."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from app.kit.errors import SetupError

DATABASE_ROLES = ("admin", "owner", "app", "pipeline", "dispatcher", "sealer", "retention")
BUS_USERS = ("admin", "service", "pipeline", "worker", "dispatcher")
KEY_BYTES = 32


def names() -> tuple[str, ...]:
    """Every secret's name."""
    return (
        *(f"postgres.{role}" for role in DATABASE_ROLES),
        *(f"bus.{user}" for user in BUS_USERS),
        *(f"memory.{user}" for user in BUS_USERS),
        "jwt",
        "storage_key",
        "worker_key",
        "metrics_key",
        "relay_key",
    )


def complete(found: Mapping[str, str]) -> dict[str, str]:
    """`found` plus a fresh value for each name it lacks. `storage_key` is base64 of 32 bytes, the rest is URL-safe text."""
    made = dict(found)
    for name in names():
        if name == "storage_key":
            made.setdefault(name, base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode())
        else:
            made.setdefault(name, secrets.token_urlsafe(KEY_BYTES))
    return made


def load(path: Path, *, database_exists: bool) -> dict[str, str]:
    """The secrets of this home, made or completed where needed.

    Raises:
        SetupError: the file is damaged, or gone while the database it opens is still there.
    """
    found: dict[str, str] = {}
    if path.exists():
        try:
            found = dict(json.loads(path.read_text()).items())
        except (ValueError, TypeError, AttributeError) as error:
            raise SetupError(
                f"{path} is damaged; restore it from a back-up. Without it stored camera passwords stay closed."
            ) from error
    elif database_exists:
        raise SetupError(f"{path} is gone but its database is there; restore it, or set PENNYPROTECT_HOME to a new folder.")
    made = complete(found)
    if made != found:
        write_private(path, json.dumps(made, indent=2) + "\n")
    return made


def write_private(path: Path, text: str) -> None:
    """Replace `path` in one step by a file that only this user may read."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(path)
