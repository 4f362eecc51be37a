"""Who signed the files of a version, and whether they are still the signed ones. Blocking; nothing of a model is read as one."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.inference.artefacts import sha256_of
from app.kit.errors import BadInputError, SetupError

MODEL: Final = "model.onnx"
GOLDEN: Final = "golden.npz"
SIGNED: Final = (MODEL, "contract.toml", "package.toml", GOLDEN)
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.sig"
FILES: Final = (*SIGNED, MANIFEST, SIGNATURE)
UNTRUSTED: Final = "No key that this installation trusts signed this package; docs/models.md says what to do."
LARGEST_PACKAGE: Final = 512 << 20
LARGEST_TEXT: Final = 256 << 10


def largest(name: str) -> int:
    """Bytes that a file of a package may have."""
    return LARGEST_PACKAGE if name in (MODEL, GOLDEN) else LARGEST_TEXT


class RefusedPackageError(BadInputError):
    """The package is not taken; the version in use goes on."""

    title = "The model was refused"


def key_id(key: Ed25519PublicKey) -> str:
    """How rows name a key."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def trusted_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """The public keys (*.pem) that the operator trusts, by id; none where the folder is there and empty.

    Raises:
        SetupError: the folder is not there or cannot be read, or a file holds no key.
    """
    found = {}
    try:
        paths = sorted(each for each in folder.iterdir() if each.suffix == ".pem")
    except OSError as error:
        raise SetupError(
            f"The folder of trusted keys {folder} cannot be read ({error.strerror}); make it, or set PENNYPROTECT_MODEL_KEYS."
        ) from error
    for path in paths:
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise SetupError(f"{path} holds no public key; replace or remove it.") from error
        if not isinstance(key, Ed25519PublicKey):
            raise SetupError(f"{path} holds no Ed25519 key; make one by `pennyprotect models key`.")
        found[key_id(key)] = key
    return found


def manifest_of(folder: Path) -> bytes:
    """The manifest of a folder's files."""
    files = {name: {"sha256": sha256_of(folder / name), "size": (folder / name).stat().st_size} for name in SIGNED}
    return json.dumps({"files": files}, indent=2, sort_keys=True).encode() + b"\n"


def sign(folder: Path, key: Ed25519PrivateKey) -> str:
    """Write manifest and signature; the id of the key."""
    missing = [name for name in SIGNED if not (folder / name).is_file()]
    if missing:
        raise BadInputError(f"{folder} lacks {', '.join(missing)}.")
    content = manifest_of(folder)
    (folder / MANIFEST).write_bytes(content)
    (folder / SIGNATURE).write_bytes(base64.b64encode(key.sign(content)) + b"\n")
    return key_id(key.public_key())


def verify(folder: Path, trusted: dict[str, Ed25519PublicKey]) -> str:
    """The id of the trusted key that signed exactly these files. RefusedPackageError otherwise."""
    content = (folder / MANIFEST).read_bytes()
    signer = signer_of(content, (folder / SIGNATURE).read_bytes(), trusted)
    if content != manifest_of(folder):
        raise RefusedPackageError("The files are not those of the signed manifest: broken, truncated or changed since.")
    return signer


def signer_of(manifest: bytes, signature: bytes, trusted: dict[str, Ed25519PublicKey]) -> str:
    """The id of the trusted key that signed a manifest. RefusedPackageError, which says `UNTRUSTED` where none did."""
    try:
        raw = base64.b64decode(signature.strip(), validate=True)
    except ValueError as error:
        raise RefusedPackageError("manifest.sig is no signature; sign the package again.") from error
    signer = next((name for name, key in trusted.items() if _signed(key, raw, manifest)), None)
    if signer is None:
        raise RefusedPackageError(UNTRUSTED)
    return signer


def _signed(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
