"""Pieces of evidence and their exports."""

import enum
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


class EvidenceType(enum.StrEnum):
    """What a piece is."""

    CLIP = "clip"
    STILL = "still"
    PLAYBACK = "playback"


class EvidenceState(enum.StrEnum):
    """Where a piece stands."""

    WANTED = "wanted"
    RECORDING = "recording"
    UPLOADING = "uploading"
    PRESENT = "present"
    LOST = "lost"
    DELETED = "deleted"


class Redaction(enum.StrEnum):
    """Who is blurred in an export."""

    BODIES = "bodies"  # everyone but the subjects, from head to foot
    FACES = "faces"  # the heads of everyone but the subjects
    EVERYONE = "everyone"  # everything outside the subjects' boxes, found or not
    NONE = "none"


class ExportState(enum.StrEnum):
    """Where an export stands."""

    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Evidence:
    """One piece.

    Attributes:
        moment: what it is about; `wanted_from..wanted_to` around it was asked for, `recorded_from..recorded_to` is there.
        sha256: of the stored bytes, None before they are announced.
        masked: it was encoded anew through privacy masks.
        held: a legal hold; nothing deletes it.
        locked_at_store: it is to be deleted, and the object store does not let it go yet.
        deletion_class: the class it lived by, once it is to be deleted.
    """

    id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    alert_id: uuid.UUID | None
    incident_id: uuid.UUID | None
    type: EvidenceType
    state: EvidenceState
    reason: str
    wanted_from: datetime
    wanted_to: datetime
    moment: datetime
    s3_key: str | None
    size: int | None
    sha256: bytes | None
    media_type: str | None
    recorded_from: datetime | None
    recorded_to: datetime | None
    masked: bool
    created_at: datetime
    present_at: datetime | None
    held: bool
    hold_reason: str
    locked_at_store: bool = False
    deletion_class: str | None = None


@dataclass(frozen=True, slots=True)
class Custody:
    """One link of a piece's chain of custody."""

    sequence: int
    act: str
    actor_kind: str
    actor_id: uuid.UUID | None
    at: datetime
    details: dict[str, Any]
    hash: bytes


@dataclass(frozen=True, slots=True)
class Export:
    """A package for somebody outside.

    Attributes:
        subjects: track ids of who is shown.
        expires_at: the link, and the package, end then.
    """

    id: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    evidence_id: uuid.UUID
    state: ExportState
    reason: str
    purpose: str
    recipient: str
    redaction: Redaction
    subjects: tuple[int, ...]
    requested_by: uuid.UUID
    created_at: datetime
    expires_at: datetime
    s3_key: str | None
    size: int | None
    sha256: bytes | None
    downloads: int
    tries: int = field(default=0)
