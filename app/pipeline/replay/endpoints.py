"""`POST /api/v1/rules/replay`."""

import uuid
from datetime import datetime
from typing import Annotated

from fastapi import Request
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from app.alerts.grouping import PLAIN
from app.alerts.rules.endpoints import CoolDown, Parameters
from app.audit import repository as audit
from app.audit.models import Act, AuditEntry, audited
from app.auth.access import guarded_router, require
from app.auth.models import Access
from app.auth.permissions import Permission
from app.kit.backends import backends
from app.kit.clock import from_us
from app.kit.postgres import tenant_transaction
from app.pipeline.replay.models import Accuracy, Compared
from app.pipeline.replay.service import Replayed, Wanted, replay
from app.tenancy.repository import demand_store

router = guarded_router("rules")
MOST_LISTED = 500


class ReplayIn(BaseModel):
    """A kind of rule at a place, set otherwise. At most seven days; what was kept goes two weeks back."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    camera_id: uuid.UUID | None = Field(default=None, description="Set it for this camera, and replay only it.")
    zone_id: uuid.UUID | None = None
    kind: str = Field(max_length=100)
    parameters: Parameters = Field(default_factory=dict)
    enabled: bool = True
    cool_down_s: CoolDown = PLAIN.cool_down_s
    since: AwareDatetime
    until: AwareDatetime


class CountOut(BaseModel):
    """Alerts, and occurrences with those that join an alert."""

    alerts: int
    occurrences: int


class ReplayCellOut(BaseModel):
    """Alerts of one camera in one hour that began at `hour`."""

    camera_id: uuid.UUID
    hour: datetime
    before: int
    after: int


class ReplayAlertOut(BaseModel):
    """An alert of either side."""

    camera_id: uuid.UUID
    zone_id: uuid.UUID | None
    raised_at: datetime
    started_at: datetime
    ended_at: datetime
    score: float
    before: bool = Field(description="With the present setting.")
    after: bool = Field(description="With the asked setting.")


class ReplayOut(BaseModel):
    """What would have been alerted. Where `covered_until` is before `until` the work was used up: ask again from there."""

    covered_until: datetime
    kept_since: datetime | None = Field(description="Since when anything is known of these cameras; null: of none.")
    frames: int
    accuracy: Accuracy = Field(description="Exact for cameras analysed at up to 8 frames a second; faster ones are thinned.")
    limits: list[str] = Field(description="Why it is approximate.")
    before: CountOut
    after: CountOut
    raised: CountOut = Field(description="What was really raised in that time, under whatever setting was in force then.")
    cells: list[ReplayCellOut]
    alerts: list[ReplayAlertOut] = Field(description=f"In time, at most {MOST_LISTED}.")


@router.post("/rules/replay", openapi_extra=audited(Act.RULE_REPLAYED))
async def replay_rule(request: Request, access: Annotated[Access, require(Permission.RULES_WRITE)], body: ReplayIn) -> ReplayOut:
    """What the last days would have alerted with another setting; nothing is changed."""
    pool, who = backends(request).postgres, access.principal
    async with tenant_transaction(pool, access.scope) as connection:
        await demand_store(connection, body.store_id)
        details = {"kind": body.kind, "since": body.since.isoformat(), "until": body.until.isoformat()}
        entry = AuditEntry(Act.RULE_REPLAYED, who.kind, who.id, who.chain_id, body.store_id, "rules", details=details)
        await audit.append(connection, entry)
    return _out(await replay(pool, access.scope, Wanted(**dict(body))))


def _out(done: Replayed) -> ReplayOut:
    return ReplayOut(
        covered_until=done.covered_until,
        kept_since=done.kept_since,
        frames=done.frames,
        accuracy=done.accuracy,
        limits=done.limits,
        before=CountOut(alerts=done.before[0], occurrences=done.before[1]),
        after=CountOut(alerts=done.after[0], occurrences=done.after[1]),
        raised=CountOut(alerts=done.raised[0], occurrences=done.raised[1]),
        cells=[
            ReplayCellOut(camera_id=each.camera_id, hour=from_us(each.hour_us), before=each.before, after=each.after)
            for each in done.cells
        ],
        alerts=[_alert(each) for each in done.alerts[:MOST_LISTED]],
    )


def _alert(each: Compared) -> ReplayAlertOut:
    one = each.occurrence
    return ReplayAlertOut(
        camera_id=one.camera_id,
        zone_id=uuid.UUID(one.zone_id) if one.zone_id else None,
        raised_at=from_us(one.began_us),
        started_at=from_us(one.started_us),
        ended_at=from_us(one.ended_us),
        score=round(one.score, 3),
        before=each.before,
        after=each.after,
    )
