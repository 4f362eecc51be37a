"""An export as one file, and its verification offline. Pure but for reading the file that is verified.

A package is a ZIP of stored entries, written so that every byte follows from names, contents and their order: any changed byte is
found, in an entry or between them. `manifest.json` lists each file's size and sha256; `manifest.sig` is its Ed25519 signature.
"""

import base64
import binascii
import hashlib
import json
import struct
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.evidence.custody import FIRST, canonical, link_hash
from app.kit.errors import BadInputError

FORMAT: Final = "pennyprotect-evidence/1"
MANIFEST, SIGNATURE, CUSTODY = "manifest.json", "manifest.sig", "custody.json"
CHUNK: Final = 1 << 20
LARGEST_TEXT: Final = 32 << 20
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_DAY: Final = 0x0021  # 1980-01-01: a package says its times in the manifest
_TEXT_FLAG: Final = 0x0800


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a package, as its headers say it."""

    name: str
    size: int
    crc: int
    offset: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verification found.

    Attributes:
        findings: a sentence for each thing that is not as signed; none: the package is whole.
        fingerprint: sha256 of the public key that signed it; compare it with what the chain told you.
    """

    findings: tuple[str, ...]
    fingerprint: str
    files: int
    size: int
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything is as it was signed."""
        return not self.findings


def fingerprint_of(public_key: bytes) -> str:
    """How people compare keys."""
    return hashlib.sha256(public_key).hexdigest()


def build(files: Sequence[tuple[str, bytes]], about: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The package of `files`, with a manifest that says `about`, signed."""
    return b"".join(parts_of(files, about, key))


def parts_of(files: Sequence[tuple[str, bytes]], about: dict[str, Any], key: Ed25519PrivateKey) -> list[bytes]:
    """The package in parts, one after another; the files are among them as they are."""
    public = key.public_key().public_bytes_raw()
    listed = [{"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in files]
    manifest = canonical({"format": FORMAT, "public_key": public.hex(), "files": listed, **about})
    signature = base64.b64encode(key.sign(manifest)) + b"\n"
    return _archive([*files, (MANIFEST, manifest), (SIGNATURE, signature)])


def verify(path: Path, fingerprint: str = "") -> Verdict:
    """What of the package is not as signed.

    Args:
        fingerprint: of the key that must have signed it, "" for any: then only that nothing changed since is known.

    Raises:
        BadInputError: it cannot be read at all.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as package:
            return _verify(package, size, fingerprint.lower().replace(":", ""))
    except OSError as error:
        raise BadInputError(f"{path} cannot be read: {error.strerror}.") from error


def _verify(package: BinaryIO, size: int, fingerprint: str) -> Verdict:
    entries, findings = _entries(package, size)
    by_name = {entry.name: entry for entry in entries}
    manifest, raw = _manifest(package, by_name)
    if manifest is None:
        return Verdict((*findings, f"{MANIFEST} is missing or cannot be read"), "", len(entries), size)
    public = _hex(manifest.get("public_key"))
    findings += _signed(package, by_name, raw, public)
    if fingerprint and fingerprint_of(public) != fingerprint:
        findings.append(f"{MANIFEST} was signed by another key, {fingerprint_of(public)}")
    listed = {str(each["name"]): each for each in manifest["files"]}
    for name, each in listed.items():
        entry = by_name.get(name)
        if entry is None:
            findings.append(f"{name} is missing")
        elif (found := _hash_of(package, entry)) != (each["sha256"], entry.crc) or entry.size != each["size"]:
            findings.append(f"{name} was changed" if found[0] != each["sha256"] else f"the header of {name} was changed")
    findings += [f"{name} was added" for name in by_name if name not in listed and name not in (MANIFEST, SIGNATURE)]
    if CUSTODY in by_name and f"{CUSTODY} was changed" not in findings:
        findings += _custody(_read(package, by_name[CUSTODY]))
    if not findings and not _follows(package, entries, size):
        findings.append("the archive's own headers or directory were changed")
    return Verdict(tuple(dict.fromkeys(findings)), fingerprint_of(public), len(entries), size, manifest)


def _archive(files: Sequence[tuple[str, bytes]]) -> list[bytes]:
    parts: list[bytes] = []
    entries: list[Entry] = []
    offset = 0
    for name, body in files:
        entry = Entry(name, len(body), zlib.crc32(body), offset)
        parts += [_local(entry), body]
        offset += len(parts[-2]) + len(body)
        entries.append(entry)
    return [*parts, _directory(entries, offset)]


def _local(entry: Entry) -> bytes:
    name = entry.name.encode()
    head = _LOCAL.pack(b"PK\x03\x04", 20, _TEXT_FLAG, 0, 0, _DAY, entry.crc, entry.size, entry.size, len(name), 0)
    return head + name


def _directory(entries: Sequence[Entry], offset: int) -> bytes:
    found = b""
    for entry in entries:
        name = entry.name.encode()
        sizes = (entry.crc, entry.size, entry.size)
        found += _CENTRAL.pack(
            b"PK\x01\x02", 0x0314, 20, _TEXT_FLAG, 0, 0, _DAY, *sizes, len(name), 0, 0, 0, 0, 0o100600 << 16, entry.offset
        )  # fmt: skip
        found += name
    return found + _END.pack(b"PK\x05\x06", 0, 0, len(entries), len(entries), len(found), offset, 0)


def _entries(package: BinaryIO, size: int) -> tuple[list[Entry], list[str]]:
    """The entries by their local headers, one after another; and what stopped the walk."""
    found: list[Entry] = []
    offset = 0
    while offset + _LOCAL.size <= size:
        package.seek(offset)
        head = package.read(_LOCAL.size)
        if not head.startswith(b"PK\x03\x04"):
            break
        *_, crc, length, _, name_length, extra = _LOCAL.unpack(head)
        name = package.read(name_length).decode("utf-8", "replace")
        if offset + _LOCAL.size + name_length + extra + length > size:
            return found, [f"{name or 'the archive'} is cut off, or its header was changed"]
        found.append(Entry(name, length, crc, offset))
        offset += _LOCAL.size + name_length + extra + length
    if not found:
        raise BadInputError("This is no package of evidence.")
    package.seek(offset)
    return found, [] if package.read(4) == b"PK\x01\x02" else ["the archive's own headers or directory were changed"]


def _follows(package: BinaryIO, entries: Sequence[Entry], size: int) -> bool:
    """Whether every byte that is no content is what the contents make it."""
    for entry in entries:
        package.seek(entry.offset)
        expected = _local(entry)
        if package.read(len(expected)) != expected:
            return False
    last = entries[-1]
    end = last.offset + len(_local(last)) + last.size
    package.seek(end)
    return package.read(LARGEST_TEXT) == _directory(entries, end) and size == package.tell()


def _chunks(package: BinaryIO, entry: Entry) -> Iterator[bytes]:
    package.seek(entry.offset + _LOCAL.size + len(entry.name.encode()))
    left = entry.size
    while left > 0 and (chunk := package.read(min(CHUNK, left))):
        left -= len(chunk)
        yield chunk


def _hash_of(package: BinaryIO, entry: Entry) -> tuple[str, int]:
    """(sha256, CRC) of an entry. A thread beside reads ahead and sums, so that the hash alone takes the time: more than twice as
    fast as one after the other (docs/performance.md)."""
    hashed, chunks = hashlib.sha256(), _chunks(package, entry)
    with ThreadPoolExecutor(1) as beside:
        ahead = beside.submit(_ahead, chunks, 0)
        while True:
            chunk, crc = ahead.result()
            if not chunk:
                return hashed.hexdigest(), crc
            ahead = beside.submit(_ahead, chunks, crc)
            hashed.update(chunk)


def _ahead(chunks: Iterator[bytes], crc: int) -> tuple[bytes, int]:
    chunk = next(chunks, b"")
    return chunk, zlib.crc32(chunk, crc)


def _read(package: BinaryIO, entry: Entry) -> bytes:
    return b"".join(_chunks(package, entry)) if entry.size <= LARGEST_TEXT else b""


def _manifest(package: BinaryIO, by_name: dict[str, Entry]) -> tuple[dict[str, Any] | None, bytes]:
    if MANIFEST not in by_name:
        return None, b""
    raw = _read(package, by_name[MANIFEST])
    try:
        manifest = json.loads(raw)
        files = [(each["name"], each["size"], each["sha256"]) for each in manifest["files"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None, raw
    return (manifest, raw) if manifest.get("format") == FORMAT and files else (None, raw)


def _signed(package: BinaryIO, by_name: dict[str, Entry], raw: bytes, public: bytes) -> list[str]:
    if SIGNATURE not in by_name:
        return [f"{SIGNATURE} is missing"]
    try:
        signature = base64.b64decode(_read(package, by_name[SIGNATURE]).strip(), validate=True)
        Ed25519PublicKey.from_public_bytes(public).verify(signature, raw)
    except (InvalidSignature, ValueError, binascii.Error):
        return [f"{MANIFEST} or {SIGNATURE} was changed: the signature does not fit"]
    if by_name[MANIFEST].crc != zlib.crc32(raw):
        return [f"the header of {MANIFEST} was changed"]
    body = _read(package, by_name[SIGNATURE])
    whole = by_name[SIGNATURE].crc == zlib.crc32(body) and body == base64.b64encode(signature) + b"\n"
    return [] if whole else [f"{SIGNATURE} was changed"]


def _custody(raw: bytes) -> list[str]:
    try:
        before = FIRST
        for each in json.loads(raw):
            stated = bytes.fromhex(each.pop("hash"))
            if link_hash(before, each) != stated:
                return [f"{CUSTODY} does not follow at link {each['sequence']} ({each['act']})"]
            before = stated
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [f"{CUSTODY} cannot be read"]
    return []


def _hex(text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        return b""
