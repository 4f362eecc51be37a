"""SQL of leads: one row, once, with the message that tells viewers there is something to review. Neither names anybody."""

import uuid
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from app.contracts.biometrics import ProbeEmbedding
from app.identity.decision.fusion import Lead
from app.identity.gait.models import LeadId, StandingLead
from app.inference.faces.quality import PARTS
from app.kit.clock import from_us
from app.pipeline.configuration import CameraSetup
from app.pipeline.occurrences import NAMESPACE
from app.pipeline.outbox_repository import Told, announce
from app.pipeline.transaction_repository import bound_transaction

Connection = asyncpg.pool.PoolConnectionProxy


@dataclass(frozen=True, slots=True)
class SealedPicture:
    """What the camera saw: JPEG of that size in pixels, sealed for the lead's id."""

    width: int
    height: int
    sealed: bytes = field(repr=False)


def match_id(probe: ProbeEmbedding, enrolment_id: uuid.UUID) -> uuid.UUID:
    """The id of the lead of a tracklet to an enrolment, whoever computes it."""
    return uuid.uuid5(NAMESPACE, f"match|{probe.camera_id}|{probe.epoch}|{probe.track_id}|{enrolment_id}")


async def raise_match(
    connection: "Connection[asyncpg.Record]", setup: CameraSetup, probe: ProbeEmbedding, watchlist_id: uuid.UUID, lead: Lead,
    picture: SealedPicture | None = None,
) -> StandingLead | None:  # fmt: skip
    """Write a lead, its picture and its message in one transaction; None where it is there, or its enrolment ended.

    This is the one way to a lead, and it takes a face: no result of gait fits its parameters.

    The enrolment is held meanwhile: an erasure that comes at the same moment waits and then finds the lead.
    """
    identity = match_id(probe, lead.candidate.enrolment_id)
    async with connection.transaction():
        await bound_transaction(connection)
        if not await connection.fetchval("SELECT hold_enrolment($1)", lead.candidate.enrolment_id):
            return None
        written = await connection.fetchval(
            "INSERT INTO matches (id, chain_id, store_id, camera_id, epoch, track_id, captured_at, enrolment_id, person_id,"
            " watchlist_id, match_score, band, threshold, quality, evidence, model, model_version, policy_revision)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)"
            " ON CONFLICT DO NOTHING RETURNING id",
            *_values(identity, setup, probe, watchlist_id, lead),
        )
        if written is None:
            return None
        if picture is not None:
            await connection.execute(
                "INSERT INTO match_pictures (match_id, chain_id, store_id, width, height, picture, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, now())",
                identity, setup.chain_id, setup.store_id, picture.width, picture.height, picture.sealed,
            )  # fmt: skip
        message: dict[str, Any] = {"match_id": identity, "camera_id": probe.camera_id}
        await announce(connection, "match-raised", [Told(setup.chain_id, setup.store_id, message)])
    return StandingLead(LeadId(identity), setup.chain_id, setup.store_id, lead.candidate.enrolment_id)


def _values(
    identity: uuid.UUID, setup: CameraSetup, probe: ProbeEmbedding, watchlist_id: uuid.UUID, lead: Lead
) -> tuple[Any, ...]:
    quality = dict(zip(PARTS, (round(float(part), 4) for part in probe.quality_array()), strict=True))
    evidence = {
        "shots": lead.shots,
        "second_score": None if lead.second is None else round(lead.second, 4),
        "look_alike": lead.look_alike,
        "face_px": round(probe.face_px, 1),
        "attack": round(min(1.0, max(0.0, probe.attack)), 3),
    }
    return (
        identity, setup.chain_id, setup.store_id, probe.camera_id, probe.epoch, probe.track_id,
        from_us(lead.best.captured_at_us), lead.candidate.enrolment_id, lead.candidate.person_id, watchlist_id,
        min(1.0, lead.score), lead.band.value, lead.candidate.threshold, quality, evidence, probe.model, probe.model_version,
        probe.policy_revision,
    )  # fmt: skip
