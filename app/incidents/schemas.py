"""What the API of incidents takes and answers."""

import uuid
from datetime import datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.alerts.endpoints import AlertOut, HandlerOut, alert_out
from app.incidents.models import CaseFile, Entry, Incident, IncidentState, timeline

Text = Annotated[str, Field(max_length=5000)]
Title = Annotated[str, Field(min_length=1, max_length=200)]


class IncidentIn(BaseModel):
    """An incident to open. Describe acts; what somebody is does not belong here."""

    model_config = ConfigDict(extra="forbid")

    store_id: uuid.UUID
    kind: str = Field(min_length=1, max_length=100, description="The act in a word: falling, theft, ...")
    title: Title
    description: Text = ""
    alert_ids: list[uuid.UUID] = Field(default_factory=list, max_length=100)


class IncidentChange(BaseModel):
    """What to change; what is absent stays."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    description: Text | None = None
    loss_value: Decimal | None = Field(default=None, ge=0, max_digits=12, decimal_places=2)
    loss_currency: str | None = Field(default=None, pattern="^[A-Z]{3}$", description="ISO 4217; together with the value.")
    police_reference: str | None = Field(default=None, max_length=100)


class CloseIn(BaseModel):
    """What came of it."""

    model_config = ConfigDict(extra="forbid")

    conclusion: str = Field(min_length=1, max_length=5000)


class NoteIn(BaseModel):
    """A note about acts."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=5000)


class AlertRefIn(BaseModel):
    """An alert of the same store."""

    model_config = ConfigDict(extra="forbid")

    alert_id: uuid.UUID


class StaffIn(BaseModel):
    """A user of the chain."""

    model_config = ConfigDict(extra="forbid")

    user_id: uuid.UUID


class IncidentOut(BaseModel):
    """One incident."""

    id: uuid.UUID
    store_id: uuid.UUID
    kind: str
    title: str
    description: str
    state: IncidentState
    loss_value: Decimal | None
    loss_currency: str | None
    police_reference: str | None
    conclusion: str | None
    staff: list[uuid.UUID]
    opened_by: HandlerOut | None = Field(description="Null where a rule opened it: `opened_by_rule`.")
    opened_at: datetime
    changed_at: datetime
    revision: int
    opened_by_rule: str | None


class NoteOut(BaseModel):
    """A note."""

    id: uuid.UUID
    by: HandlerOut
    at: datetime
    text: str


class TimelineItemOut(BaseModel):
    """One line of the timeline; `by` is empty for what a camera saw."""

    at: datetime
    text: str
    by: str
    note: str


class CaseFileOut(BaseModel):
    """All of one incident."""

    incident: IncidentOut
    store_name: str
    staff_names: list[str]
    alerts: list[AlertOut]
    timeline: list[TimelineItemOut]


def incident_out(incident: Incident) -> IncidentOut:
    """An incident as the API shows it."""
    return IncidentOut.model_validate(incident, from_attributes=True)


def note_out(entry: Entry) -> NoteOut:
    """A note as the API shows it."""
    assert entry.by is not None  # noqa: S101 - rules write no notes
    return NoteOut(id=entry.id, by=HandlerOut(id=entry.by.id, username=entry.by.username), at=entry.at, text=entry.note)


def case_file_out(case: CaseFile) -> CaseFileOut:
    """All of one incident as the API shows it."""
    return CaseFileOut(
        incident=incident_out(case.incident),
        store_name=case.store_name,
        staff_names=list(case.staff_names),
        alerts=[alert_out(alert) for alert in case.alerts],
        timeline=[TimelineItemOut.model_validate(item, from_attributes=True) for item in timeline(case)],
    )
