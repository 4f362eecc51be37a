"""A sealed row, the bytes that are hashed, and what a broken chain of them shows. Pure."""

import hashlib
import struct
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

PLATFORM: Final = uuid.UUID(int=0)
"""The ledger of acts that belong to no chain."""
GENESIS: Final = bytes(32)
"""What stands before the first row of a ledger."""
VERSION: Final = b"pennyprotect-audit-1"
"""Begins every row's bytes; a later layout has another."""
_ABSENT: Final = b"\xff\xff\xff\xff"
_LENGTH: Final = struct.Struct(">I").pack
_NUMBER: Final = struct.Struct(">q").pack


class SealedRow(NamedTuple):
    """One row of `audit_log`, as its columns. A tuple, since millions of them are read to verify.

    Attributes:
        at_us, sealed_at_us: microseconds since 2000-01-01 UTC, as PostgreSQL stores them.
        details: the JSON text exactly as stored.
    """

    sequence: int
    id: uuid.UUID
    chain_id: uuid.UUID | None
    store_id: uuid.UUID | None
    actor_kind: str
    actor_id: uuid.UUID | None
    act: str
    subject_kind: str
    subject_id: uuid.UUID | None
    details: str
    at_us: int
    sealed_at_us: int
    previous_hash: bytes
    hash: bytes


def _text(value: str) -> bytes:
    raw = value.encode()
    return _LENGTH(len(raw)) + raw


def _identifier(value: uuid.UUID | None) -> bytes:
    return _ABSENT if value is None else b"\x00\x00\x00\x10" + value.bytes


def canonical(row: SealedRow, previous_hash: bytes) -> bytes:
    """The bytes whose sha256 is the row's hash: its body, then the hash before."""
    return body(row) + previous_hash


def body(row: SealedRow) -> bytes:
    """Every column in order, lengths first (all ones: NULL)."""
    return b"".join(
        (
            VERSION,
            _NUMBER(row.sequence),
            _identifier(row.id),
            _identifier(row.chain_id),
            _identifier(row.store_id),
            _text(row.actor_kind),
            _identifier(row.actor_id),
            _text(row.act),
            _text(row.subject_kind),
            _identifier(row.subject_id),
            _text(row.details),
            _NUMBER(row.at_us),
            _NUMBER(row.sealed_at_us),
        )
    )


def hash_of(row: SealedRow, previous_hash: bytes) -> bytes:
    """The 32 bytes that seal `row` after `previous_hash`."""
    return hashlib.sha256(canonical(row, previous_hash)).digest()


@dataclass(frozen=True, slots=True)
class Break:
    """The first row of a ledger that does not hold.

    Attributes:
        kind: changed, removed, inserted, reordered, truncated or rewritten.
        sequence: the row.
        says: one sentence for a person.
    """

    kind: str
    sequence: int
    says: str


class Walk:
    """Follows one ledger from its first row. Feed rows in order of sequence; stop at the first that does not hold.

    Args:
        anchors: hash by sequence, as kept outside the database.
    """

    def __init__(self, anchors: Mapping[int, bytes]) -> None:
        self._anchors = anchors
        self.rows = 0
        self.compared = 0
        self.hash = GENESIS
        self.before = GENESIS  # the hash two rows back, to tell an inserted row from a changed one
        self.rewritten: int | None = None

    def take(self, row: SealedRow) -> bool:
        """Whether the row holds; nothing is remembered of one that does not."""
        return self.step(row.sequence, row.previous_hash, row.hash, body(row))

    def step(self, sequence: int, previous_hash: bytes, claimed: bytes, content: bytes) -> bool:
        """`take`, of a row's sequence, two hashes and body."""
        expected = self.rows + 1
        if sequence != expected or previous_hash != self.hash:
            return False
        found = hashlib.sha256(content + previous_hash).digest()
        if found != claimed:
            return False
        anchored = self._anchors.get(expected)
        if anchored is not None:
            if anchored != found:
                self.rewritten = expected
                return False
            self.compared += 1
        self.before, self.hash, self.rows = self.hash, found, expected
        return True

    def end(self) -> Break | None:
        """After the last row: whether an anchor knows of more."""
        last = max(self._anchors, default=0)
        if last <= self.rows:
            return None
        first = self.rows + 1
        return Break("truncated", first, f"Rows {first} to {last} were anchored and are gone: the tail was cut off.")


def explain(walk: Walk, row: SealedRow, following: SealedRow | None, claimed_at: int | None) -> Break:
    """What happened at the row that `walk` refused.

    Args:
        following: the row stored after it.
        claimed_at: the sequence of the row whose hash it names as the one before it, where there is such a row.
    """
    expected = walk.rows + 1
    if walk.rewritten is not None:
        return Break("rewritten", expected, f"Row {expected} is not the one that was anchored: it or a row before was rewritten.")
    if row.sequence > expected:
        gone = f"Row {expected} is" if row.sequence == expected + 1 else f"Rows {expected} to {row.sequence - 1} are"
        return Break("removed", expected, f"{gone} missing.")
    if row.previous_hash == walk.hash:
        return Break("changed", expected, f"Row {expected} was changed after it was sealed: its content does not give its hash.")
    if walk.rows and row.previous_hash == walk.before:
        return Break("inserted", walk.rows, f"Row {walk.rows} was inserted: the row after it was sealed without it.")
    if claimed_at is not None and claimed_at >= expected:  # a row from further on; one from before would be a copy
        return Break(
            "reordered", expected, f"Row {expected} stands in another row's place: it was sealed after row {claimed_at}."
        )
    if following is not None and following.previous_hash == walk.hash:
        return Break("inserted", expected, f"Row {expected} was inserted: the row after it was sealed without it.")
    return Break("changed", expected, f"Row {expected} was changed after it was sealed: it does not follow the row before it.")
