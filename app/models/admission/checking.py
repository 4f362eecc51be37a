"""Whether a pushed version in the serving folder is still what a trusted key signed. Blocking."""

import hashlib
import tomllib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.kit.logs import logger
from app.models.folder import TRIAL, ModelFolder
from app.models.models import RELEASED_VERSION
from app.models.signing import FILES, MANIFEST, RefusedPackageError, trusted_keys, verify

GONE: Final = "its files are gone"

log = logger(__name__)


def fault(version: Path, model: str, trusted: dict[str, Ed25519PublicKey], manifest_sha256: bytes = b"") -> str:
    """Why Triton must not load this folder as a version of `model`; "" where it may.

    Args:
        manifest_sha256: of the package pushed under this number, where it is known: another one, though signed, is none.

    Raises:
        OSError: the disk does not answer, which says nothing about the version.
    """
    if not version.is_dir():
        return GONE
    odd = sorted(each.name for each in version.iterdir() if each.name not in FILES or each.is_symlink() or not each.is_file())
    missing = [name for name in FILES if not (version / name).is_file()]
    if odd or missing:
        said = [f"{odd[0][:80]!r} is no file of a package"] if odd else []
        return "; ".join(said + ([f"{', '.join(missing)} is missing"] if missing else []))
    try:
        verify(version, trusted)
        named = tomllib.loads((version / "package.toml").read_text("utf-8")).get("model")
    except RefusedPackageError as error:
        return error.detail
    except ValueError as error:
        return f"package.toml cannot be read ({error})"
    if named != model:
        return f"it is a package of {str(named)[:80]!r}"
    if manifest_sha256 and hashlib.sha256((version / MANIFEST).read_bytes()).digest() != manifest_sha256:
        return "it is a signed package, but not the one that was pushed under this number"
    return ""


def admit(folder: ModelFolder, keys: Path) -> dict[tuple[str, int], str]:
    """Set every pushed version aside that must not be loaded; which, and why. For a Triton that is about to start.

    Raises:
        SetupError: a key cannot be read.
    """
    trusted: dict[str, Ed25519PublicKey] | None = None  # a key that cannot be read stops nothing where nothing was pushed
    refused = {}
    for place in sorted(folder.root.glob("*/config.pbtxt")):
        model = place.parent.name
        if model.startswith(TRIAL):
            continue
        for version in folder.versions(model):
            if version == RELEASED_VERSION:  # checked against the lock file when it is put in place
                continue
            trusted = trusted_keys(keys) if trusted is None else trusted
            try:
                why = fault(place.parent / str(version), model, trusted)
            except OSError as error:  # Triton could not read it either
                why = f"it cannot be read ({error.strerror or error})"
            if why:
                folder.set_aside(model, version, why)
                refused[model, version] = why
                log.error("a version of a model is refused", model=model, version=version, reason=why)
    return refused
