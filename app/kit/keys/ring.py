"""A key ring in a file (mode 0600): several keys, one of them current. Read again when it changes: rotating needs no restart."""

import base64
import json
import os
import stat
import threading
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from app.kit.errors import SetupError
from app.kit.keys.provider import KEY_BYTES, KeyLostError, key_id_of, read_key

NONCE_BYTES = 12
ROOT = 0


@dataclass(frozen=True, slots=True)
class Ring:
    """Keys by id; the current one wraps."""

    current: str
    keys: dict[str, bytes] = field(repr=False)
    retired: frozenset[str] = frozenset()


def with_new_key(ring: Ring) -> tuple[Ring, str]:
    """The ring with a key that opens but does not wrap yet, and its id: first everybody must have it."""
    key = os.urandom(KEY_BYTES)
    return Ring(ring.current, {**ring.keys, key_id_of(key): key}, ring.retired), key_id_of(key)


def with_current(ring: Ring, key_id: str) -> Ring:
    """The ring that wraps with this key; SetupError where it is not there."""
    if key_id not in ring.keys:
        raise SetupError(f"The key ring has no key {key_id[:60]!r}; `pennyprotect keys status` shows them.")
    return Ring(key_id, ring.keys, ring.retired)


def without_key(ring: Ring, key_id: str) -> Ring:
    """The ring without a key that wraps nothing any more; SetupError for the current one or one that is not there."""
    if key_id == ring.current:
        raise SetupError("The current key cannot be retired; rotate first.")
    if key_id not in ring.keys:
        raise SetupError(f"The key ring has no key {key_id[:60]!r}; `pennyprotect keys status` shows them.")
    keys = {each: key for each, key in ring.keys.items() if each != key_id}
    return Ring(ring.current, keys, ring.retired | {key_id})


def text_of(ring: Ring) -> str:
    """The file's content. Holds keys: never log it."""
    keys = {each: base64.b64encode(key).decode() for each, key in ring.keys.items()}
    return json.dumps({"current": ring.current, "keys": keys, "retired": sorted(ring.retired)}, indent=2) + "\n"


class FileRing:
    """The `KeyProvider` of one machine or one mounted secret.

    Args:
        path: the ring; while it does not exist the ring holds `first_key` alone.
        first_key: PENNYPROTECT_SECRET_KEY, the key of installations from before the ring. It stays usable until it is retired.
    """

    def __init__(self, path: Path | None, first_key: str) -> None:
        self._path = path
        self._first = read_key(first_key)
        self._lock = threading.Lock()
        self._seen: tuple[int, int, int] | None = None
        self._ring = self._alone()
        self._refresh()

    def current(self) -> str:
        """Id of the current key."""
        return self._refresh().current

    def known(self) -> frozenset[str]:
        """Ids of the keys that are there."""
        return frozenset(self._refresh().keys)

    def wrap(self, data_key: bytes, context: bytes) -> tuple[str, bytes]:
        """AES-256-GCM under the current key: nonce, then ciphertext."""
        ring = self._refresh()
        nonce = os.urandom(NONCE_BYTES)
        return ring.current, nonce + AESGCM(ring.keys[ring.current]).encrypt(nonce, data_key, context)

    def unwrap(self, key_id: str, wrapped: bytes, context: bytes) -> bytes:
        """The data key; KeyLostError when it cannot be had."""
        key = self._refresh().keys.get(key_id)
        if key is None:
            raise KeyLostError("The key that protects this is not in the key ring; restore the ring, or enter the value again.")
        try:
            return AESGCM(key).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], context)
        except (InvalidTag, ValueError) as error:
            raise KeyLostError("A wrapped key was changed or belongs elsewhere; restore the database.") from error

    def first_key(self) -> bytes | None:
        """The key that sealed values directly before there were data keys; None once it is retired."""
        return self._refresh().keys.get(key_id_of(self._first))

    def first_key_id(self) -> str:
        """Its id."""
        return key_id_of(self._first)

    def add_key(self) -> str:
        """Make a new key the current one, in the file; its id."""
        ring, key_id = with_new_key(self._refresh())
        self._write(with_current(ring, key_id))
        return key_id

    def retire(self, key_id: str) -> None:
        """Take a key that wraps nothing any more out of the file, for good."""
        self._write(without_key(self._refresh(), key_id))

    @property
    def writable(self) -> bool:
        """Whether the file is ours to change; one mounted from a Secret is changed by whoever keeps that."""
        if self._path is None:
            return False
        folder = self._path.parent
        while not folder.exists():
            folder = folder.parent
        return os.access(folder, os.W_OK) and not self._path.is_symlink()

    def ring(self) -> Ring:
        """All of it."""
        return self._refresh()

    def _alone(self) -> Ring:
        first = key_id_of(self._first)
        return Ring(first, {first: self._first})

    def _refresh(self) -> Ring:
        with self._lock:
            if self._path is None:
                return self._ring
            try:
                found = self._path.stat()
            except FileNotFoundError:
                if self._seen is not None:
                    raise SetupError(f"The key ring {self._path} is gone; restore it from a back-up.") from None
                return self._ring
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._ring = self._read(self._path, found)
                self._seen = seen
            return self._ring

    def _read(self, path: Path, found: os.stat_result) -> Ring:
        # A Secret is mounted as root's with this process's group, which is how it can be read at all.
        others = 0o037 if found.st_uid == ROOT != os.geteuid() else 0o077
        if stat.S_IMODE(found.st_mode) & others:
            raise SetupError(f"The key ring {path} may be read by other users; run `chmod 600 {path}`.")
        try:
            content = json.loads(path.read_text("utf-8"))
            keys = {str(each): read_key(text) for each, text in content["keys"].items()}
            ring = Ring(str(content["current"]), keys, frozenset(map(str, content.get("retired", ()))))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise SetupError(f"The key ring {path} is damaged; restore it from a back-up.") from error
        if ring.current not in ring.keys or any(key_id_of(key) != each for each, key in keys.items()):
            raise SetupError(f"The key ring {path} is damaged; restore it from a back-up.")
        first = key_id_of(self._first)
        if first in ring.retired or first in ring.keys:
            return ring
        return Ring(ring.current, {**ring.keys, first: self._first}, ring.retired)

    def _write(self, ring: Ring) -> None:
        if self._path is None:
            raise SetupError("No key ring is set; set PENNYPROTECT_KEY_RING to a file that this user may write.")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(self._path.name + ".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
            out.write(text_of(ring))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._path)
        self._refresh()
