"""Which key provider this installation uses, from its settings' values."""

from pathlib import Path
from typing import Any

from app.kit.errors import SetupError
from app.kit.keys import repository
from app.kit.keys.provider import KeyProvider
from app.kit.keys.ring import FileRing
from app.kit.keys.vault import LookUp, Vault


def open_vault(first_key: str, ring: Path | None, kms_keys: str, look_up: LookUp) -> Vault:
    """The vault over AWS KMS where `kms_keys` names keys, else over a key ring.

    Raises:
        SetupError: a key is missing or damaged.
    """
    names = tuple(kms_keys.replace(",", " ").split())
    if not names:
        file = FileRing(ring, first_key)
        return Vault(file, look_up, file.first_key)
    # KMS wraps; the ring still opens what was sealed before.
    before = FileRing(ring, first_key) if first_key else None
    from app.kit.keys.kms import KmsKeys  # boto3 takes half a second to import

    kms: KeyProvider = KmsKeys(names)
    return Vault(kms if before is None else Both(kms, before), look_up, before.first_key if before else lambda: None)


class Both:
    """KMS for everything new, a key ring for what it wrapped before: how an installation moves to KMS."""

    def __init__(self, kms: KeyProvider, before: FileRing) -> None:
        self._kms = kms
        self._before = before

    def current(self) -> str:
        """KMS's."""
        return self._kms.current()

    def known(self) -> frozenset[str]:
        """Of both."""
        return self._kms.known() | self._before.known()

    def wrap(self, data_key: bytes, context: bytes) -> tuple[str, bytes]:
        """By KMS."""
        return self._kms.wrap(data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """By whoever wrapped."""
        provider = self._before if key_id.startswith("file-") else self._kms
        return provider.unwrap(key_id, wrapped, context)


def by_pool(pool: Any) -> LookUp:
    """Stored keys through the application's pool or the owner's connection."""
    return lambda name: repository.any_key(pool, name)


def ring_of(vault: Vault) -> FileRing:
    """The key ring; SetupError where KMS rotates by itself."""
    if isinstance(vault.provider, FileRing):
        return vault.provider
    raise SetupError("Keys of AWS KMS are rotated in AWS; list a new one last in PENNYPROTECT_KMS_KEYS to wrap with it.")
