"""Whether a pushed version in the serving folder is still what a trusted key signed. Blocking.

A version is refused for good only for what its own files say. A disk, a key folder or a store that does not answer says nothing.
"""

import hashlib
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.inference.face_client import FACE_VERSION
from app.inference.loading import CROP_MODELS
from app.kit.errors import UnavailableError
from app.kit.logs import logger
from app.models.folder import TRIAL, ModelFolder
from app.models.models import RELEASED_VERSION
from app.models.signing import FILES, MANIFEST, UNTRUSTED, RefusedPackageError, trusted_keys, verify

GONE: Final = "its files are gone"

Digests = Mapping[tuple[str, int], bytes]
"""sha256 of the manifest by (model, version), of what was pushed."""
UNKNOWN: Final[Digests] = MappingProxyType({})

log = logger(__name__)


def fault(version: Path, model: str, trusted: dict[str, Ed25519PublicKey], manifest_sha256: bytes = b"") -> str:
    """Why Triton must not load this folder as a version of `model`; "" where it may.

    Args:
        manifest_sha256: of the package pushed under this number, where it is known: another one, though signed, is none.

    Raises:
        OSError: the disk does not answer, which says nothing about the version.
    """
    try:
        if stat.S_ISLNK(version.lstat().st_mode):
            return "it is a link to elsewhere"
        found = {each.name: each.lstat().st_mode for each in sorted(version.iterdir())}
    except FileNotFoundError:
        return GONE
    odd = [name for name, mode in found.items() if name not in FILES or not stat.S_ISREG(mode)]
    missing = [name for name in FILES if name not in found]
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


def admit(folder: ModelFolder, keys: Path, pushed: Digests = UNKNOWN) -> dict[tuple[str, int], str]:
    """Take every pushed version away that must not be loaded; which, and why. With the folder's lock, or before Triton starts.

    What no trusted key signed is held until one is there that did; anything else is set aside for good.

    Raises:
        SetupError: a key cannot be read, or a version cannot be set aside.
        UnavailableError: the disk does not answer now; nothing may be loaded.
    """
    try:
        there = [(model, each) for model in _models(folder) for each in folder.numbers(model) if _is_pushed(model, each)]
        held = [key for key in folder.held() if key not in there]
        if not there and not held:  # a key that cannot be read stops nothing where nothing was pushed
            return {}
        trusted = trusted_keys(keys)
        for key in held:
            if fault(folder.held_place(*key), key[0], trusted) != UNTRUSTED:
                folder.release(*key)
                there.append(key)
        found = {key: fault(folder.place(*key), key[0], trusted, pushed.get(key, b"")) for key in there}
        refused = {key: why for key, why in found.items() if why not in ("", GONE)}
        for key in [key for key, why in refused.items() if why == UNTRUSTED]:
            folder.hold(*key)
    except OSError as error:
        raise UnavailableError(
            f"The pushed versions in {folder.root} cannot be checked now ({error.strerror or error}); nothing is loaded before."
        ) from error
    for (model, version), why in refused.items():
        if why != UNTRUSTED:
            folder.set_aside(model, version, why)
        log.error("a version of a model is refused", model=model, version=version, reason=why)
    return refused


def _is_pushed(model: str, version: int) -> bool:
    """Not what a release brought, nor the operator's own face models: the worker holds those against their folder at a load."""
    return version != RELEASED_VERSION and not (model in CROP_MODELS and version == int(FACE_VERSION))


def _models(folder: ModelFolder) -> list[str]:
    """Those that a Triton loads at its start. OSError."""
    found = []
    try:
        names = sorted(each.name for each in folder.root.iterdir())
    except FileNotFoundError:
        return []
    for name in names:
        try:
            (folder.root / name / "config.pbtxt").stat()
        except (FileNotFoundError, NotADirectoryError, PermissionError):  # no model
            continue
        if not name.startswith(TRIAL):
            found.append(name)
    return found
