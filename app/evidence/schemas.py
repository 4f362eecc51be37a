"""What the API of evidence takes and answers."""

import uuid
from datetime import datetime
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.evidence.models import Custody, Evidence, EvidenceState, EvidenceType, Export, ExportState, Redaction

Micros = Annotated[int, Field(ge=0, le=4_102_444_800_000_000, description="Microseconds since 1970 UTC.")]
Share = Annotated[float, Field(ge=-0.5, le=1.5)]


class PlaybackIn(BaseModel):
    """A stretch of a camera's last ten minutes, at most five long."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    begins: AwareDatetime = Field(alias="from")
    ends: AwareDatetime = Field(alias="to")


class RecordingIn(PlaybackIn):
    """A stretch of a camera's last ten minutes, to be kept with the incident."""

    camera_id: uuid.UUID


class HoldIn(BaseModel):
    """A legal hold, or its end."""

    model_config = ConfigDict(extra="forbid")

    held: bool = True
    reason: str = Field(min_length=1, max_length=500, description="Why, for whoever asks later.")


class ExportIn(BaseModel):
    """A package for somebody outside. Everyone but the subjects is blurred unless `redaction` says otherwise."""

    model_config = ConfigDict(extra="forbid")

    purpose: str = Field(min_length=1, max_length=500)
    recipient: str = Field(min_length=1, max_length=200)
    redaction: Redaction = Redaction.BODIES
    subjects: list[str] | None = Field(
        default=None, max_length=50, description="Track ids who are shown; absent: whom the alert is about."
    )
    valid_hours: int = Field(default=72, ge=1, le=24 * 30, description="How long the link opens.")


class EvidenceOut(BaseModel):
    """One piece. `state` says where it stands, `reason` why it is lost."""

    id: uuid.UUID
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
    sha256: str | None
    media_type: str | None
    recorded_from: datetime | None
    recorded_to: datetime | None
    masked: bool
    created_at: datetime
    present_at: datetime | None
    held: bool
    hold_reason: str
    locked_at_store: bool = Field(description="It is to be deleted, and the object store does not let it go yet.")


class CustodyOut(BaseModel):
    """One link of the chain of custody; `hash` covers the link before it."""

    sequence: int
    act: str
    actor_kind: str
    actor_id: uuid.UUID | None
    at: datetime
    details: dict[str, Any]
    hash: str


class CustodyListOut(BaseModel):
    """The chain of custody, and whether every hash follows."""

    whole: bool
    items: list[CustodyOut]


class SightingOut(BaseModel):
    """Who was where, `at_ms` after the recording's first picture; [track id, x1, y1, x2, y2] in 0..1 of the picture."""

    at_ms: int
    persons: list[tuple[str, float, float, float, float]]


class BoxesOut(BaseModel):
    """The overlay of a recording."""

    subjects: list[str] = Field(description="Track ids of whom the alert is about.")
    frames: list[SightingOut]


class ExportOut(BaseModel):
    """A package. `link` is shown once, when it is asked for."""

    id: uuid.UUID
    evidence_id: uuid.UUID
    state: ExportState
    reason: str
    purpose: str
    recipient: str
    redaction: Redaction
    subjects: list[str]
    requested_by: uuid.UUID
    created_at: datetime
    expires_at: datetime
    size: int | None
    sha256: str | None
    downloads: int
    link: str | None


class KeyOut(BaseModel):
    """The key that signs the chain's packages."""

    algorithm: str
    public_key: str = Field(description="Hexadecimal, 32 bytes.")
    fingerprint: str = Field(description="sha256 of the public key.")


class SightingIn(BaseModel):
    """`contracts.control.Seen`."""

    at_ms: int = Field(ge=-60_000, le=3_600_000)
    persons: list[tuple[Annotated[str, Field(max_length=20, pattern="^[0-9]+$")], Share, Share, Share, Share]] = Field(
        max_length=500
    )


class UploadIn(BaseModel):
    """What a worker wants to upload (`contracts.control.UploadWish`). Unknown members of a newer worker are passed over."""

    model_config = ConfigDict(extra="ignore")

    size: int = Field(ge=1, le=64 << 20)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    media_type: str = Field(max_length=50)
    from_us: Micros
    to_us: Micros
    masked: bool
    boxes: list[SightingIn] = Field(default_factory=list, max_length=10_000)


class UploadOut(BaseModel):
    """Where to PUT it (`contracts.control.UploadGrant`)."""

    url: str
    headers: dict[str, str]


class LostIn(BaseModel):
    """Why a worker cannot record it."""

    reason: str = Field(min_length=1, max_length=300)


class DoneOut(BaseModel):
    """Registered."""

    state: EvidenceState


def evidence_out(piece: Evidence) -> EvidenceOut:
    """A piece as the API shows it."""
    names = EvidenceOut.model_fields.keys() - {"sha256"}
    return EvidenceOut(
        **{name: getattr(piece, name) for name in names}, sha256=None if piece.sha256 is None else piece.sha256.hex()
    )


def custody_out(link: Custody) -> CustodyOut:
    """A link as the API shows it."""
    return CustodyOut(
        sequence=link.sequence, act=link.act, actor_kind=link.actor_kind, actor_id=link.actor_id, at=link.at,
        details=link.details, hash=link.hash.hex(),
    )  # fmt: skip


def export_out(export: Export, link: str | None = None) -> ExportOut:
    """An export as the API shows it."""
    names = ExportOut.model_fields.keys() - {"sha256", "subjects", "link"}
    given = {name: getattr(export, name) for name in names}
    sha256 = None if export.sha256 is None else export.sha256.hex()
    return ExportOut(**given, sha256=sha256, subjects=[str(each) for each in export.subjects], link=link)
