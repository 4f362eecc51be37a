"""`/api/v1/incidents/{id}/walks`: what gait says of leads on the tracks of an incident's alerts. It names nobody."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import BaseModel, Field

from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.identity.gait.schemas import GaitSupportOut, support_out
from app.identity.models import MatchState
from app.incidents.repository import get_incident
from app.kit.backends import backends
from app.kit.postgres import tenant_transaction
from app.visits.walks_repository import walks_of

router = guarded_router("visits")


class IncidentWalkOut(BaseModel):
    """What gait says of one lead, and whose track that is. It is a hint for who reviews the lead, and no finding."""

    match_id: uuid.UUID
    camera_id: uuid.UUID
    epoch: int
    track_id: str = Field(description="As text: 64 bits.")
    captured_at: datetime
    lead_state: MatchState
    of_alert: bool = Field(description="Of a track that an alert is about; else of its visit, by time and place.")
    gait: GaitSupportOut


class IncidentWalksOut(BaseModel):
    """Walks of the incident's alerts and their visits."""

    walks: list[IncidentWalkOut] = Field(description="By time; 50 at most. None where the store's gait switch is off.")


@router.get("/incidents/{incident_id}/walks", openapi_extra=audited(Act.MATCHES_SEARCHED))
async def list_walks(
    request: Request, access: Annotated[Access, require(Permission.MATCHES_READ)], incident_id: uuid.UUID
) -> IncidentWalksOut:
    """What gait says of leads that faces raised on these tracks; without a lead there is nothing."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        incident = await get_incident(connection, incident_id)
        found = await walks_of(connection, incident_id)
        details = {"walks": len(found)}
        entry = AuditEntry(
            Act.MATCHES_SEARCHED, who.kind, who.id, who.chain_id, incident.store_id, "incident", incident_id, details
        )
        await audit.append(connection, entry)
    return IncidentWalksOut(
        walks=[
            IncidentWalkOut(
                match_id=each.support.match_id, camera_id=each.camera_id, epoch=each.epoch, track_id=str(each.track_id),
                captured_at=each.captured_at, lead_state=MatchState(each.state), of_alert=each.of_alert,
                gait=support_out(each.support),
            )
            for each in found
        ]
    )  # fmt: skip
