"""`POST /api/v1/models/versions/{id}/calibration`: what a version of the face embedding was measured to need."""

import uuid
from datetime import datetime
from typing import Annotated, Final

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit.models import Act, ActorKind, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.calibration.repository import add_calibration
from app.identity.decision.tail import LEAST_PEOPLE, LEAST_SCORES, threshold_for
from app.identity.decision.thresholds import DRAWN_KEPT, STRICTEST, WANTED_FPIR, calibration_of
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.kit.postgres import tenant_transaction
from app.models.models import FACE_EMBEDDING
from app.models.moving import note
from app.models.repository import get_version, lock_pointer

router = guarded_router("face-calibrations")
Writes = Annotated[Access, require(Permission.MODELS_WRITE)]
LEAST_OF_ANY: Final = 0.27
"""Directions of 128 numbers drawn at random pass it once in a thousand: curves that need less measured no faces."""

Start = Annotated[float, Field(ge=-1, le=1)]
Share = Annotated[float, Field(gt=0, lt=1)]
Scale = Annotated[float, Field(gt=0, le=10)]
Shape = Annotated[float, Field(ge=-10, le=10)]


class TailIn(BaseModel):
    """The tail of scores of different people."""

    model_config = ConfigDict(extra="forbid")

    start: Start
    share: Share
    scale: Scale
    shape: Shape


class CalibrationIn(BaseModel):
    """Numbers of curves, as `pennyprotect models calibrate` measures them; no score of anybody."""

    model_config = ConfigDict(extra="forbid")

    tail: TailIn
    drawn: list[tuple[Start, Share, Scale, Shape]] = Field(min_length=1, max_length=DRAWN_KEPT)
    scores: int = Field(ge=LEAST_SCORES, le=1_000_000_000)
    people: int = Field(ge=LEAST_PEOPLE, le=1_000_000)
    fpir: float = Field(default=WANTED_FPIR, ge=WANTED_FPIR, le=WANTED_FPIR)
    pictures: int = Field(ge=LEAST_PEOPLE, le=10_000_000)
    data_set: str = Field(min_length=1, max_length=200)


class CalibrationOut(BaseModel):
    """What holds from now on for this version."""

    model: str
    version: int
    threshold: float = Field(description="For a list of one; longer lists have more.")
    people: int
    scores: int
    made_at: datetime


@router.post("/models/versions/{model_version_id}/calibration", status_code=201, openapi_extra=audited(Act.MODEL_CALIBRATED))
async def calibrate(request: Request, access: Writes, model_version_id: uuid.UUID, body: CalibrationIn) -> CalibrationOut:
    """Say what a pushed version of the face embedding was measured to need; it is not promoted before.

    By a person, and stores' tests of it count that another one recorded. Never while cameras use it or a roll-back goes to it:
    nobody lowers alone what is searched by now, and stores test it anew.
    """
    scope, moment, who = access.whole_chain, now(), access.principal
    if who.kind is not ActorKind.USER:
        raise ForbiddenError("Versions are calibrated by people, not by API keys: stores' tests are another person's.")
    details = {**body.model_dump(), "measured_on": "pictures", "made_by": str(who.id)}
    found = calibration_of(details)
    if found is None:
        raise BadInputError("A calibration has a tail.")
    threshold = min(STRICTEST, threshold_for(found, 1, WANTED_FPIR).high)
    if not threshold >= LEAST_OF_ANY:
        raise BadInputError(
            f"By these curves {threshold:.4f} would do for a face, where {LEAST_OF_ANY} is the least; measure again."
        )
    async with tenant_transaction(backends(request).postgres, scope) as connection:
        pointer = await lock_pointer(connection, scope.chain_id, FACE_EMBEDDING)
        known = await get_version(connection, model_version_id)
        if known.version in (pointer.stable, pointer.candidate, pointer.previous):
            raise ConflictError(
                f"Version {known.version} is in use, or a roll-back goes to it, so that its threshold stays. Roll back,"
                " calibrate, test and promote it anew."
            )
        if known.model != FACE_EMBEDDING or known.state != "ready":
            raise ConflictError(
                f"Version {known.version} of {known.model} is {known.state}; served face embeddings are calibrated."
            )
        await add_calibration(
            connection, scope.chain_id, known.model, str(known.version), WANTED_FPIR, threshold, details, moment
        )
        said = {"threshold": round(threshold, 4), "people": body.people, "scores": body.scores, "data_set": body.data_set}
        await note(connection, access, Act.MODEL_CALIBRATED, known, said)
    return CalibrationOut(
        model=known.model, version=known.version, threshold=threshold, people=body.people, scores=body.scores, made_at=moment
    )
