"""`/api/v1/stores/{id}/match-thresholds`: what was measured, and what a store raised."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, ConfigDict, Field

from app.audit.models import SETTINGS_SHOWN, Act, audited, unaudited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.decision.strangers import LEAST_SEARCHES
from app.identity.decision.tail import Measured
from app.identity.decision.thresholds import WANTED_FPIR, Source
from app.identity.lists import repository as lists
from app.identity.thresholds import repository, service
from app.identity.thresholds.foreseen import InUse
from app.inference.face_client import FACE_MODEL
from app.kit.backends import backends
from app.kit.clock import now
from app.kit.postgres import tenant_transaction
from app.tenancy.changes import repository as change_rows
from app.tenancy.changes.models import ChangeKind, ChangeState, ProposedChange
from app.tenancy.changes.thresholds import effective_threshold
from app.tenancy.idempotency import IdempotencyKey, once
from app.tenancy.repository import demand_store

router = guarded_router("match-thresholds")
Reads = Annotated[Access, require(Permission.WATCHLISTS_READ)]
Writes = Annotated[Access, require(Permission.WATCHLISTS_WRITE)]
Shares = Annotated[Access, require(Permission.WATCHLISTS_SHARE)]


class ThresholdIn(BaseModel):
    """A higher threshold for one list, or for all of the store."""

    model_config = ConfigDict(extra="forbid")

    watchlist_id: uuid.UUID | None = None
    threshold: float = Field(ge=-1, le=1, description="Cosine; at least what was measured.")


class DecisionIn(BaseModel):
    """Which proposal."""

    model_config = ConfigDict(extra="forbid")

    proposal_id: uuid.UUID


class ThresholdProposalOut(BaseModel):
    """A proposed threshold."""

    id: uuid.UUID
    watchlist_id: uuid.UUID | None
    threshold: float
    state: ChangeState
    proposed_by: uuid.UUID
    proposed_at: datetime
    expires_at: datetime
    decided_by: uuid.UUID | None


class LocalThresholdOut(BaseModel):
    """A store's own threshold; `watchlist_id` null: of all its lists."""

    watchlist_id: uuid.UUID | None
    model: str
    model_version: str
    threshold: float
    effective: float = Field(description="What decisions about a single template use.")
    proposed_by: uuid.UUID
    approved_by: uuid.UUID
    created_at: datetime


class FigureOut(BaseModel):
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


class ListThresholdOut(BaseModel):
    """What decisions about one list use in this store now."""

    watchlist_id: uuid.UUID
    name: str
    templates: int = Field(description="People compared with.")
    threshold: float
    source: Source = Field(
        description="default: published figures of the model; pictures: measured on a set; strangers: on those seen here."
    )
    raised: bool = Field(description="The store's own threshold counts.")
    false_alerts_a_day: FigureOut | None = Field(description="Strangers taken for one; null before any was counted.")
    false_alerts_of_1000: FigureOut | None = Field(description="Of a thousand strangers; null for an unknown model.")


class ThresholdsOut(BaseModel):
    """The model in use, what decisions use and what that means a day, what the store raised, and what is proposed."""

    model: str
    model_version: str
    measured: float | None = Field(description="For a single template; null before a calibration.")
    lowest: float = Field(description="What holds for a single template: a store's own threshold lies there or above.")
    wanted_fpir: float = Field(description="Share of searches of strangers that a threshold lets become a lead.")
    lists: list[ListThresholdOut]
    searches_a_day: float | None = Field(description="Strangers whose faces were compared; null before any was counted.")
    strangers: int = Field(description="Counted in four weeks; `strangers_needed` before their scores are measured.")
    strangers_needed: int
    local: list[LocalThresholdOut]
    proposals: list[ThresholdProposalOut]


def _proposal(change: ProposedChange) -> ThresholdProposalOut:
    named = change.content["watchlist_id"]
    return ThresholdProposalOut(
        id=change.id,
        watchlist_id=None if named is None else uuid.UUID(named),
        threshold=float(change.content["threshold"]),
        state=change.state,
        proposed_by=change.proposed_by,
        proposed_at=change.proposed_at,
        expires_at=change.expires_at,
        decided_by=change.decided_by,
    )


def _in_use(used: InUse) -> ListThresholdOut:
    return ListThresholdOut(
        watchlist_id=used.listed.watchlist_id,
        name=used.listed.name,
        templates=used.listed.templates,
        threshold=used.threshold,
        source=used.source,
        raised=used.raised,
        false_alerts_a_day=_figure(used.false_alerts),
        false_alerts_of_1000=_figure(used.of_thousand),
    )


def _figure(found: Measured | None) -> FigureOut | None:
    return None if found is None else FigureOut(value=found.value, low=found.low, high=found.high)


@router.get("/stores/{store_id}/match-thresholds", openapi_extra=unaudited(SETTINGS_SHOWN))
async def get_thresholds(request: Request, access: Reads, store_id: uuid.UUID) -> ThresholdsOut:
    """A store's thresholds."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        await demand_store(connection, store_id)
        thresholds, calibrated = await service.thresholds_of(connection)
        version = await repository.version_in_use(connection)
        lowest = thresholds.measured(FACE_MODEL, version, 1)
        used, footfall = await service.in_use(connection, store_id)
        local = await repository.standing(connection, store_id)
        proposals = await change_rows.list_changes(connection, store_id, ChangeKind.MATCH_THRESHOLD, None, 50)
    return ThresholdsOut(
        model=FACE_MODEL,
        model_version=version,
        measured=lowest if calibrated else None,
        lowest=lowest,
        wanted_fpir=WANTED_FPIR,
        lists=[_in_use(each) for each in used],
        searches_a_day=footfall.a_day,
        strangers=footfall.searches,
        strangers_needed=LEAST_SEARCHES,
        local=[
            LocalThresholdOut(
                watchlist_id=each.watchlist_id,
                model=each.model,
                model_version=each.model_version,
                threshold=each.threshold,
                effective=effective_threshold(lowest, each.threshold),
                proposed_by=each.proposed_by,
                approved_by=each.approved_by,
                created_at=each.created_at,
            )
            for each in local
        ],
        proposals=[_proposal(each) for each in proposals if each.state is ChangeState.OPEN],
    )


@router.post("/stores/{store_id}/match-thresholds", status_code=201, openapi_extra=audited(Act.THRESHOLD_PROPOSED))
async def propose_threshold(
    request: Request, access: Writes, store_id: uuid.UUID, body: ThresholdIn, idempotency_key: IdempotencyKey = None
) -> ThresholdProposalOut:
    """Propose to raise the threshold; another person approves."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:

        async def make() -> ThresholdProposalOut:
            await demand_store(connection, store_id)
            if body.watchlist_id is not None:
                await lists.get_list(connection, body.watchlist_id)
            return _proposal(await service.propose(connection, who, store_id, body.watchlist_id, body.threshold, now()))

        address = f"POST /stores/{store_id}/match-thresholds"
        return await once(connection, who.id, idempotency_key, address, body, make, ThresholdProposalOut)


@router.post("/stores/{store_id}/match-thresholds/approve", openapi_extra=audited(Act.THRESHOLD_APPROVED))
async def approve_threshold(request: Request, access: Shares, store_id: uuid.UUID, body: DecisionIn) -> ThresholdProposalOut:
    """Approve somebody else's proposal."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _proposal(await service.decide(connection, access.principal, store_id, body.proposal_id, now(), approved=True))


@router.post("/stores/{store_id}/match-thresholds/reject", openapi_extra=audited(Act.THRESHOLD_REJECTED))
async def reject_threshold(request: Request, access: Shares, store_id: uuid.UUID, body: DecisionIn) -> ThresholdProposalOut:
    """Reject a proposal, one's own included."""
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        return _proposal(await service.decide(connection, access.principal, store_id, body.proposal_id, now(), approved=False))
