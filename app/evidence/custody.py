"""The chain of custody of one piece, as pure functions: each link's hash covers the link before it."""

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.evidence.models import Custody

FIRST = b"\0" * 32


@dataclass(frozen=True, slots=True)
class Link:
    """What a link says."""

    act: str
    actor_kind: str
    actor_id: uuid.UUID | None
    at: datetime
    details: dict[str, Any]


def canonical(value: Any) -> bytes:
    """JSON with sorted names and no blanks: the same bytes for the same value (RFC 8785 for what we write: no fractions)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def link_document(evidence_id: uuid.UUID, sequence: int, link: Link) -> dict[str, Any]:
    """A link as packages and hashes show it."""
    return {
        "evidence_id": str(evidence_id),
        "sequence": sequence,
        "act": link.act,
        "actor_kind": link.actor_kind,
        "actor_id": None if link.actor_id is None else str(link.actor_id),
        "at": link.at.isoformat(timespec="microseconds"),
        "details": link.details,
    }


def link_hash(before: bytes, document: dict[str, Any]) -> bytes:
    """sha256 over the hash before and the link."""
    return hashlib.sha256(before + canonical(document)).digest()


def broken_at(evidence_id: uuid.UUID, chain: Sequence[Custody]) -> int | None:
    """The sequence of the first link that does not follow from the one before; None where the chain is whole."""
    before = FIRST
    for expected, each in enumerate(chain, 1):
        link = Link(each.act, each.actor_kind, each.actor_id, each.at, each.details)
        if each.sequence != expected or each.hash != link_hash(before, link_document(evidence_id, expected, link)):
            return expected
        before = each.hash
    return None
