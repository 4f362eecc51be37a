"""What is done with evidence: asked for, registered, played, held. Each act leaves a link of custody and an audit row."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from app.audit import repository as audit
from app.audit.models import Act, ActorKind, AuditEntry
from app.auth.models import Principal
from app.evidence import repository
from app.evidence.custody import Link
from app.evidence.models import Evidence, EvidenceState, EvidenceType
from app.evidence.repository import link_by
from app.incidents import repository as incidents
from app.kit.errors import BadInputError, ConflictError, NotFoundError
from app.kit.ids import new_id
from app.kit.objects.store import EvidenceStore, NoSuchObjectError
from app.kit.postgres import TenantConnection

RING: Final = timedelta(minutes=10)
LONGEST_WISH: Final = timedelta(minutes=5)
LARGEST: Final = 64 << 20
MEDIA: Final = {"video/mp4": "mp4", "image/jpeg": "jpg"}
MOST_ASKED: Final = 5
"""Recordings that people may wait for at once, a camera: its worker cuts one after the other, and alerts need their turn."""
GOVERNED: Final = timedelta(days=1)
"""Put on an object when it is registered, against mistakes; what is due later decides `app.evidence.retention`."""


@dataclass(frozen=True, slots=True)
class Announced:
    """What a worker says it will upload."""

    size: int
    sha256: bytes
    media_type: str
    recorded_from: datetime
    recorded_to: datetime
    masked: bool
    boxes: list[dict[str, Any]]


async def ask_for_recording(
    connection: TenantConnection,
    who: Principal,
    incident_id: uuid.UUID,
    camera_id: uuid.UUID,
    span: tuple[datetime, datetime],
    at: datetime,
) -> Evidence:
    """A recording of a camera for an incident, from what its ring still holds.

    Raises:
        BadInputError: the span is none, too long, or not in the ring's ten minutes. ConflictError: too many are waited for.
        NotFoundError: no such incident, or no such camera in its store.
    """
    demand_in_ring(span, at)
    incident = await incidents.get_incident(connection, incident_id)
    if await repository.store_of_camera(connection, camera_id) != incident.store_id:
        raise NotFoundError("There is no such camera in the incident's store.")
    place = (incident.store_id, camera_id, incident_id)
    return await _wanted(connection, who, EvidenceType.CLIP, place, span, at)


async def ask_for_playback(
    connection: TenantConnection, who: Principal, camera_id: uuid.UUID, span: tuple[datetime, datetime], at: datetime
) -> Evidence:
    """A stretch of a camera's ring, to be looked at; it goes after a day.

    Raises:
        BadInputError: the span is none, too long, or not in the ring's ten minutes. NotFoundError: no such camera.
        ConflictError: too many are waited for.
    """
    demand_in_ring(span, at)
    store_id = await repository.store_of_camera(connection, camera_id)
    if store_id is None:
        raise NotFoundError("There is no such camera, or you may not see it.")
    return await _wanted(connection, who, EvidenceType.PLAYBACK, (store_id, camera_id, None), span, at)


def demand_in_ring(span: tuple[datetime, datetime], at: datetime) -> None:
    """BadInputError unless a camera's ring holds some of it, or soon will."""
    begins, ends = span
    if begins >= ends or ends - begins > LONGEST_WISH:
        raise BadInputError("A recording is at least a moment and at most 5 minutes long.")
    if ends < at - RING or begins > at + LONGEST_WISH:
        raise BadInputError("Cameras keep their last 10 minutes; this lies outside them.")


async def _wanted(
    connection: TenantConnection,
    who: Principal,
    kind: EvidenceType,
    place: tuple[uuid.UUID, uuid.UUID, uuid.UUID | None],
    span: tuple[datetime, datetime],
    at: datetime,
) -> Evidence:
    """A recording that the camera's worker makes at its next heartbeat. `place`: store, camera, incident."""
    (begins, ends), (store_id, camera_id, incident_id) = span, place
    chain = who.chain_id
    assert chain is not None  # noqa: S101 - a tenant's connection has one
    if await repository.count_asked(connection, camera_id, at - RING) >= MOST_ASKED:
        raise ConflictError(
            f"{MOST_ASKED} recordings of this camera are on their way already; ask again in a minute.", again=True
        )
    wanted = Evidence(
        id=new_id(), chain_id=chain, store_id=store_id, camera_id=camera_id, alert_id=None, incident_id=incident_id,
        type=kind, state=EvidenceState.WANTED, reason="", wanted_from=begins, wanted_to=ends, moment=begins,
        s3_key=None, size=None, sha256=None, media_type=None, recorded_from=None, recorded_to=None, masked=False,
        created_at=at, present_at=None, held=False, hold_reason="",
    )  # fmt: skip
    await repository.add_wanted(connection, chain, wanted)
    details = {"type": kind.value, "camera": str(camera_id), "from": begins.isoformat(), "to": ends.isoformat()}
    await note(connection, wanted, link_by(who, "asked-for", at), entry_of(who, Act.EVIDENCE_ASKED_FOR, wanted, **details))
    return wanted


async def announce(connection: TenantConnection, evidence_id: uuid.UUID, announced: Announced) -> Evidence:
    """A worker has it and is about to upload it; the server chooses where.

    Raises:
        ConflictError: it is stored already, or given up.
        BadInputError: the announcement cannot be used.
    """
    piece = await repository.get_evidence(connection, evidence_id, lock=True)
    if piece.state not in (EvidenceState.WANTED, EvidenceState.RECORDING, EvidenceState.UPLOADING):
        raise ConflictError(f"This piece is {piece.state.value}; nothing is uploaded for it.")
    if announced.media_type not in MEDIA or not 0 < announced.size <= LARGEST or len(announced.sha256) != 32:
        raise BadInputError("A recording is an MP4 or a JPEG of at most 64 MiB, announced with its sha256.")
    same = (piece.size, piece.sha256) == (announced.size, announced.sha256)
    key = piece.s3_key if same and piece.s3_key else key_of(piece, announced.media_type)
    await repository.change(
        connection, evidence_id, state=EvidenceState.UPLOADING.value, s3_key=key, size=announced.size, sha256=announced.sha256,
        media_type=announced.media_type, recorded_from=announced.recorded_from, recorded_to=announced.recorded_to,
        masked=announced.masked, boxes=announced.boxes,
    )  # fmt: skip
    return await repository.get_evidence(connection, evidence_id)


def key_of(piece: Evidence, media_type: str) -> str:
    """A key nobody can guess; each announcement of other bytes gets a new one."""
    day = f"{piece.moment:%Y/%m/%d}"
    return f"evidence/{piece.chain_id}/{piece.store_id}/{day}/{piece.id}-{uuid.uuid4().hex[:12]}.{MEDIA[media_type]}"


async def verify_stored(store: EvidenceStore, piece: Evidence) -> None:
    """Compare what is stored with what was announced, byte for byte by its hash.

    Raises:
        ConflictError: it is not there, or is something else (which is then removed).
    """
    if piece.s3_key is None:
        raise ConflictError("Nothing was announced for this piece.")
    try:
        size, digest = await store.digest(piece.s3_key)
    except NoSuchObjectError as error:
        raise ConflictError("Nothing is stored under the key of this piece; upload it first.", again=True) from error
    if (size, digest) != (piece.size, piece.sha256):
        await store.erase(piece.s3_key)
        raise ConflictError("What is stored has another hash than what was announced; upload it again.", again=True)


async def register(connection: TenantConnection, evidence_id: uuid.UUID, verified: Evidence, at: datetime) -> Evidence:
    """It is stored and its hash was compared: from here on it is evidence."""
    piece = await repository.get_evidence(connection, evidence_id, lock=True)
    if piece.state is EvidenceState.PRESENT:
        return piece
    if piece.state is not EvidenceState.UPLOADING or (piece.s3_key, piece.sha256) != (verified.s3_key, verified.sha256):
        raise ConflictError("This piece changed meanwhile; announce it again.", again=True)
    await repository.change(connection, evidence_id, state=EvidenceState.PRESENT.value, reason="", present_at=at)
    details = {"sha256": (piece.sha256 or b"").hex(), "size": piece.size, "masked": piece.masked}
    link = Link("registered", ActorKind.SYSTEM.value, None, at, details)
    entry = AuditEntry(
        Act.EVIDENCE_REGISTERED, ActorKind.SYSTEM, None, piece.chain_id, piece.store_id, "evidence", piece.id, details
    )  # fmt: skip
    await note(connection, piece, link, entry)
    return await repository.get_evidence(connection, evidence_id)


async def lose(connection: TenantConnection, evidence_id: uuid.UUID, reason: str) -> None:
    """A worker cannot record it."""
    piece = await repository.get_evidence(connection, evidence_id, lock=True)
    if piece.state not in (EvidenceState.WANTED, EvidenceState.RECORDING):
        raise ConflictError(f"This piece is {piece.state.value}.")
    await repository.change(connection, evidence_id, state=EvidenceState.LOST.value, reason=reason)


async def play(connection: TenantConnection, who: Principal, evidence_id: uuid.UUID, at: datetime) -> Evidence:
    """Somebody looks at it; ConflictError with its state where there is nothing to see."""
    piece = await repository.get_evidence(connection, evidence_id, lock=True)
    demand_present(piece)
    await note(connection, piece, link_by(who, "played", at), entry_of(who, Act.EVIDENCE_PLAYED, piece))
    return piece


async def set_hold(
    connection: TenantConnection, who: Principal, evidence_id: uuid.UUID, reason: str, at: datetime, *, held: bool
) -> Evidence:
    """Put a legal hold on it, or lift it; saying it twice changes nothing."""
    piece = await repository.get_evidence(connection, evidence_id, lock=True)
    if piece.state is EvidenceState.DELETED:
        raise ConflictError("This piece is deleted; there is nothing to hold.")
    if piece.held == held:
        return piece
    await repository.change(connection, evidence_id, held=held, hold_reason=reason if held else "")
    act = "held" if held else "released"
    entry = entry_of(who, Act.EVIDENCE_HELD if held else Act.EVIDENCE_RELEASED, piece)
    await note(connection, piece, link_by(who, act, at, reason=reason), entry)
    return await repository.get_evidence(connection, evidence_id)


def demand_present(piece: Evidence) -> None:
    """ConflictError with the state and its reason where nothing is stored."""
    if piece.state is not EvidenceState.PRESENT:
        raise ConflictError(piece.reason or f"This piece is not there: it is {piece.state.value}.", state=piece.state.value)


async def protect(store: EvidenceStore, piece: Evidence, at: datetime) -> None:
    """Bring the store's own locks up to the database's; the database's hold stands even where the store cannot."""
    if piece.s3_key is not None and piece.state is EvidenceState.PRESENT:
        async with asyncio.timeout(30):
            await store.protect(piece.s3_key, at + GOVERNED, hold=piece.held)


def entry_of(who: Principal, act: Act, piece: Evidence, **details: Any) -> AuditEntry:
    """The audit row of an act on a piece."""
    return AuditEntry(act, who.kind, who.id, who.chain_id, piece.store_id, "evidence", piece.id, details)


async def note(connection: TenantConnection, piece: Evidence, link: Link, entry: AuditEntry) -> None:
    """A link of custody and the audit row, in the act's transaction."""
    await repository.add_custody(connection, piece, link)
    await audit.append(connection, entry)
