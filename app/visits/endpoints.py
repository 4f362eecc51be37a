"""`/api/v1/incidents/{id}/visits`: where somebody of an incident's alerts was seen before and after. Each look leaves a row."""

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
from app.incidents.repository import get_incident
from app.kit.backends import backends
from app.kit.postgres import tenant_transaction
from app.visits import repository
from app.visits.models import Visit

router = guarded_router("visits")


class VisitSightingOut(BaseModel):
    """One stretch in front of one camera."""

    camera_id: uuid.UUID
    epoch: int
    track_id: str = Field(description="As text: 64 bits.")
    started_at: datetime
    ended_at: datetime
    rivals: int = Field(
        description="At least so many others could this be as well, judged by time and place; 0 at a visit's begin."
    )


class VisitOut(BaseModel):
    """One anonymous visit, from its first sighting to its last."""

    id: uuid.UUID = Field(description="Made at random; names nobody, and is forgotten.")
    sightings: list[VisitSightingOut] = Field(description="The alerts' own, and those nearest to them in time; 50 at most.")
    left_out: int = Field(description="Sightings of this visit, farther from the alerts, that are not listed.")


class VisitsOut(BaseModel):
    """The visits of an incident's alerts."""

    followed: bool = Field(description="Whether this store follows visits now; without it there are none.")
    visits: list[VisitOut] = Field(description="By the time of the alerts; 20 at most.")
    left_out: int = Field(description="Visits, of later alerts, that are not listed.")


@router.get("/incidents/{incident_id}/visits", openapi_extra=audited(Act.VISITS_SHOWN))
async def list_visits(
    request: Request, access: Annotated[Access, require(Permission.INCIDENTS_READ)], incident_id: uuid.UUID
) -> VisitsOut:
    """Where those whom the incident's alerts are about were seen, by time and place alone; nobody was recognised."""
    who = access.principal
    async with tenant_transaction(backends(request).postgres, access.scope) as connection:
        incident = await get_incident(connection, incident_id)
        followed = await repository.followed(connection, incident.store_id)
        visits, left_out = await repository.visits_of(connection, incident_id) if followed else ([], 0)
        details = {"visits": len(visits)}  # not their ids: those are forgotten, and this is not
        entry = AuditEntry(Act.VISITS_SHOWN, who.kind, who.id, who.chain_id, incident.store_id, "incident", incident_id, details)
        await audit.append(connection, entry)
    return VisitsOut(followed=followed, visits=[_out(each) for each in visits], left_out=left_out)


def _out(visit: Visit) -> VisitOut:
    return VisitOut(
        id=visit.id,
        sightings=[
            VisitSightingOut(
                camera_id=each.key.camera_id,
                epoch=each.key.epoch,
                track_id=str(each.key.track_id),
                started_at=each.key.started_at,
                ended_at=each.ended_at,
                rivals=each.rivals if place or visit.left_out else 0,
            )
            for place, each in enumerate(visit.sightings)
        ],
        left_out=visit.left_out,
    )
