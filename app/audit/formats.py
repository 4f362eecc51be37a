"""Sealed rows as JSON lines, and as CEF inside RFC 5424 syslog messages. Pure."""

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from app.audit.models import Act
from app.audit.sealed import SealedRow

_POSTGRES_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
LONGEST_DETAILS = 4000
"""Characters of `details` in a CEF message; receivers often cut at 8 kB. JSON lines hold all of it."""
_GRAVE: Final = (Act.AUDIT_EXPORTED, Act.CHAIN_CREATED, Act.MASK_CHANGED, Act.MASK_REMOVED, Act.POLICY_APPROVED)
_WORTH_A_LOOK: Final = frozenset(act.value for act in Act if act.value.endswith(("-refused", "-replayed")) or act in _GRAVE)
_FACILITY_AUTHPRIV: Final = 10
_NOTICE, _WARNING = 5, 4


def moment(us: int) -> datetime:
    """A time of a sealed row: microseconds since 2000, as PostgreSQL counts."""
    return _POSTGRES_EPOCH + timedelta(microseconds=us)


def microseconds(at: datetime) -> int:
    """The opposite of `moment`, exactly."""
    return (at - _POSTGRES_EPOCH) // timedelta(microseconds=1)


def as_document(ledger: uuid.UUID, row: SealedRow) -> dict[str, Any]:
    """Everything of a row. `details_text` is what was hashed, character by character; `details` is it read as JSON."""
    return {
        "ledger": str(ledger),
        "sequence": row.sequence,
        "id": str(row.id),
        "chain_id": _text(row.chain_id),
        "store_id": _text(row.store_id),
        "actor_kind": row.actor_kind,
        "actor_id": _text(row.actor_id),
        "act": row.act,
        "subject_kind": row.subject_kind,
        "subject_id": _text(row.subject_id),
        "details": json.loads(row.details),
        "details_text": row.details,
        "at": moment(row.at_us).isoformat(timespec="microseconds"),
        "sealed_at": moment(row.sealed_at_us).isoformat(timespec="microseconds"),
        "previous_hash": row.previous_hash.hex(),
        "hash": row.hash.hex(),
    }


def as_line(ledger: uuid.UUID, row: SealedRow) -> bytes:
    """One JSON line."""
    return json.dumps(as_document(ledger, row), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def as_cef(ledger: uuid.UUID, row: SealedRow, version: str) -> str:
    """The row in ArcSight's Common Event Format."""
    extension = {
        "rt": str(int(moment(row.at_us).timestamp() * 1000)),
        "externalId": str(row.id),
        "suid": _text(row.actor_id) or "",
        "act": row.act,
        "cs1Label": "ledger",
        "cs1": str(ledger),
        "cn1Label": "sequence",
        "cn1": str(row.sequence),
        "cs2Label": "actorKind",
        "cs2": row.actor_kind,
        "cs3Label": "subject",
        "cs3": f"{row.subject_kind}:{row.subject_id}" if row.subject_id else row.subject_kind,
        "cs4Label": "store",
        "cs4": _text(row.store_id) or "",
        "cs5Label": "hash",
        "cs5": row.hash.hex(),
        "cs6Label": "details",
        "cs6": row.details[:LONGEST_DETAILS],
    }
    fields = " ".join(f"{name}={_escape_value(value)}" for name, value in extension.items())
    severity = 7 if row.act in _WORTH_A_LOOK else 3
    head = "|".join(map(_escape_head, ("PennyProtect", "PennyProtect", version, row.act, row.act.replace("-", " "))))
    return f"CEF:0|{head}|{severity}|{fields}"


def as_syslog(ledger: uuid.UUID, row: SealedRow, version: str, host: str) -> bytes:
    """The CEF text in an RFC 5424 message, UTF-8 without a byte-order mark, as receivers of CEF expect."""
    level = _WARNING if row.act in _WORTH_A_LOOK else _NOTICE
    at = moment(row.at_us).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    name = "".join(c for c in host if 33 <= ord(c) <= 126)[:255] or "-"
    head = f"<{_FACILITY_AUTHPRIV * 8 + level}>1 {at} {name} pennyprotect - audit -"
    return f"{head} {as_cef(ledger, row, version)}".encode()


def _escape_head(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def _escape_value(text: str) -> str:
    return text.replace("\\", "\\\\").replace("=", "\\=").replace("\r", "\\r").replace("\n", "\\n")


def _text(value: uuid.UUID | None) -> str | None:
    return None if value is None else str(value)
