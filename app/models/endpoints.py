"""`/api/v1/models`: versions of served models and which of them cameras use."""

import asyncio
import tempfile
import uuid
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.errors import UnavailableError
from app.models.models import POSE_MODEL, ModelVersion, Pointer
from app.models.service import ModelService
from app.models.signing import LARGEST_PACKAGE
from app.models.trial import SLOWER
from app.models.watch.models import Limits, Watch

router = guarded_router("models")
Reads = Annotated[Access, require(Permission.MODELS_READ)]
Writes = Annotated[Access, require(Permission.MODELS_WRITE)]
IN_MEMORY = 4 << 20
_PACKAGE = {
    "requestBody": {"required": True, "content": {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}}}
}


class PointerOut(BaseModel):
    """What the chain's cameras use of one model."""

    model: str
    stable: int
    candidate: int | None
    share: float = Field(description="0..1 of the cameras that use the candidate; the same cameras always.")
    previous: int | None


class ModelVersionOut(BaseModel):
    """A pushed version and what its checks measured."""

    id: uuid.UUID
    model: str
    version: int
    state: str = Field(description="ready, held (it waits for a trusted key), retiring, retired or refused.")
    artefact: str
    publisher: str
    licence: str
    training_data: str
    manifest_sha256: str
    signed_by: str = Field(description="Id of the key.")
    report: dict[str, Any]
    pushed_at: datetime
    retired_at: datetime | None
    refused_because: str = Field(
        description="Why Triton may not load it: not the signed files, or no trusted key. Empty unless refused or held."
    )


class LimitsIn(BaseModel):
    """What the promoted version may not exceed; beyond it the promotion is taken back by itself."""

    model_config = ConfigDict(extra="forbid")

    failures: float = Field(default=Limits().failures, ge=0, le=1, description="0..1 of its requests without an answer.")
    slower: float = Field(
        default=Limits().slower, ge=1, le=100, description="Times the 95th percentile of the version before it."
    )
    agreement: float = Field(
        default=Limits().agreement, ge=0, le=1, description="Least agreement of a shadow run of it; 0 lets it differ."
    )


class LimitsOut(BaseModel):
    """What the promoted version may not exceed."""

    failures: float
    slower: float
    agreement: float


class WatchOut(BaseModel):
    """How the last promotion of a model is watched."""

    model: str
    changed_at: datetime = Field(description="When the pointer last moved.")
    watched_until: datetime | None = Field(description="A version on a share of the cameras is watched as long as it is there.")
    limits: LimitsOut
    taken_back_because: str = Field(description="Empty unless the last promotion was taken back by itself.")


class ModelsOut(BaseModel):
    """Pointers, and the newest versions first."""

    pointers: list[PointerOut]
    versions: list[ModelVersionOut]
    watches: list[WatchOut]
    pushing: list[str] = Field(description="What pushes at this service do now; one at a time is tried.")


class PromoteIn(BaseModel):
    """Which share of the cameras; 1: all."""

    model_config = ConfigDict(extra="forbid")

    share: float = Field(default=1.0, gt=0, le=1)
    limits: LimitsIn = LimitsIn()
    may_miss: int = Field(
        default=0, ge=0, le=100_000, description="Of a face embedding: entries of lists that may be without a template of it."
    )


class RollBackIn(BaseModel):
    """Of which model."""

    model_config = ConfigDict(extra="forbid")

    model: str = Field(default=POSE_MODEL, max_length=100)


class RetireIn(BaseModel):
    """Nothing to say."""

    model_config = ConfigDict(extra="forbid")


def _service(request: Request) -> ModelService:
    found = request.app.state.models
    assert isinstance(found, ModelService)  # noqa: S101 - set once by main
    return found


def _pointer(pointer: Pointer) -> PointerOut:
    return PointerOut(**{name: getattr(pointer, name) for name in PointerOut.model_fields})


def _version(version: ModelVersion) -> ModelVersionOut:
    shown = {name: getattr(version, name) for name in ModelVersionOut.model_fields}
    return ModelVersionOut(**{**shown, "manifest_sha256": version.manifest_sha256.hex()})


def _watch(model: str, watch: Watch) -> WatchOut:
    limits = LimitsOut(**asdict(watch.limits))
    return WatchOut(
        model=model, changed_at=watch.changed_at, watched_until=watch.until, limits=limits, taken_back_because=watch.reason
    )


@router.get("/models", openapi_extra=unaudited(SETTINGS_SHOWN))
async def list_models(request: Request, access: Reads) -> ModelsOut:
    """Which versions there are and which of them cameras use."""
    pointers, versions, watches = await _service(request).listed(access)
    return ModelsOut(
        pointers=[_pointer(each) for each in pointers],
        versions=[_version(each) for each in versions],
        watches=[_watch(model, each) for model, each in watches.items()],
        pushing=_service(request).pushing,
    )


@router.post(
    "/models/versions",
    status_code=201,
    openapi_extra=_PACKAGE | audited(Act.MODEL_PUSHED, Act.MODEL_REFUSED),
    max_body_size=LARGEST_PACKAGE,
)
async def push(
    request: Request,
    access: Writes,
    accept_licence: Annotated[str, Query(max_length=200, description="The licence of the package, which you accept.")] = "",
    slower: Annotated[float, Query(ge=1, le=20, description="Times the present latency that are allowed.")] = SLOWER,
) -> ModelVersionOut:
    """Push a signed package (docs/models.md). It is checked, loaded and warmed; no camera uses it before it is promoted.

    The same package twice is one version. Takes a minute; what is refused says why, and the version in use goes on.
    """
    _ = access.whole_chain
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
        try:
            async for chunk in request.stream():
                await asyncio.to_thread(body.write, chunk)
        except ClientDisconnect as error:
            raise UnavailableError("The upload ended early; send it again.") from error
        body.seek(0)
        return _version(await _service(request).push(access, body, accept_licence, slower))


@router.post("/models/versions/{model_version_id}/promote", openapi_extra=audited(Act.MODEL_PROMOTED))
async def promote(request: Request, access: Writes, model_version_id: uuid.UUID, body: PromoteIn) -> PointerOut:
    """Have a share of the cameras, or all, use this version; workers follow with their next heartbeat, streams go on.

    A face embedding is promoted once lists are embedded by it, its threshold is calibrated, and stores with faces have tested it.
    It is watched: beyond its limits the promotion is taken back by itself, which leaves a row of the system in the audit.
    """
    limits = Limits(**body.limits.model_dump())
    return _pointer(await _service(request).promote(access, model_version_id, body.share, limits, body.may_miss))


@router.post("/models/rollback", openapi_extra=audited(Act.MODEL_ROLLED_BACK))
async def roll_back(request: Request, access: Writes, body: RollBackIn) -> PointerOut:
    """Take the last promotion back."""
    return _pointer(await _service(request).roll_back(access, body.model))


@router.post("/models/versions/{model_version_id}/retire", openapi_extra=audited(Act.MODEL_RETIRED))
async def retire(request: Request, access: Writes, model_version_id: uuid.UUID, body: RetireIn) -> ModelVersionOut:
    """Unload a version that no camera uses, after the last requests for it. Its number is never used again."""
    del body
    return _version(await _service(request).retire(access, model_version_id))
