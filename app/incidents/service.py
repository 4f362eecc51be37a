"""Work on incidents: each act is a compare-and-set, an entry, a live message and an audit row, in one transaction."""

import dataclasses
import uuid
from collections.abc import Callable
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from app.alerts.models import Handler
from app.audit import repository as audit
from app.audit.models import Act, AuditEntry
from app.auth.models import Principal
from app.incidents import repository
from app.incidents.lifecycle import ENTRIES, IncidentAct, decide, demand_open, touched
from app.incidents.models import CaseFile, Entry, EntryKind, Incident, IncidentState
from app.kit.errors import BadInputError, ConflictError, ForbiddenError
from app.kit.ids import new_id
from app.kit.postgres import TenantConnection

AUDITED: Final = MappingProxyType(
    {
        EntryKind.OPENED: Act.INCIDENT_OPENED,
        EntryKind.CHANGED: Act.INCIDENT_CHANGED,
        EntryKind.ALERT_JOINED: Act.INCIDENT_ALERT_JOINED,
        EntryKind.ALERT_LEFT: Act.INCIDENT_ALERT_LEFT,
        EntryKind.STAFF_JOINED: Act.INCIDENT_STAFF_JOINED,
        EntryKind.STAFF_LEFT: Act.INCIDENT_STAFF_LEFT,
        EntryKind.NOTE: Act.INCIDENT_NOTED,
        EntryKind.REVIEWED: Act.INCIDENT_REVIEWED,
        EntryKind.CLOSED: Act.INCIDENT_CLOSED,
        EntryKind.REOPENED: Act.INCIDENT_REOPENED,
    }
)
Change = Callable[[Incident], Incident]


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """An incident to open."""

    store_id: uuid.UUID
    kind: str
    title: str
    description: str
    alert_ids: tuple[uuid.UUID, ...]


def handler_of(who: Principal) -> Handler:
    """The person; ForbiddenError for an API key: people handle incidents."""
    if who.session_id is None or who.chain_id is None:
        raise ForbiddenError("Incidents are handled by people, not by API keys.")
    return Handler(who.id, who.name)


async def open_incident(connection: TenantConnection, who: Principal, draft: Draft, now: datetime) -> Incident:
    """A new incident with its first alerts."""
    by = handler_of(who)
    incident = Incident(
        id=new_id(),
        store_id=draft.store_id,
        kind=draft.kind,
        title=draft.title,
        description=draft.description,
        state=IncidentState.OPEN,
        loss_value=None,
        loss_currency=None,
        police_reference=None,
        conclusion=None,
        staff=(),
        opened_by=by,
        opened_at=now,
        changed_at=now,
        revision=0,
    )
    await repository.add_incident(connection, _chain(who), incident)
    await _note(connection, who, incident, EntryKind.OPENED, now)
    for alert_id in dict.fromkeys(draft.alert_ids):
        await repository.join_alert(connection, _chain(who), incident, alert_id)
        await _note(connection, who, incident, EntryKind.ALERT_JOINED, now, {"alert_id": str(alert_id)})
    return incident


async def change(
    connection: TenantConnection, who: Principal, incident_id: uuid.UUID, changes: dict[str, Any], now: datetime
) -> Incident:
    """Other words or figures; the entry names the fields, never their values."""
    if not changes:
        raise BadInputError("Say what to change.")
    details = dict.fromkeys(changes, True)

    def changed(incident: Incident) -> Incident:
        demand_open(incident)
        return touched(dataclasses.replace(incident, **changes), now)

    return await _apply(connection, who, incident_id, changed, EntryKind.CHANGED, now, details=details)


async def move(
    connection: TenantConnection, who: Principal, incident_id: uuid.UUID, act: IncidentAct, now: datetime, conclusion: str = ""
) -> Incident:
    """Review, close or reopen."""
    return await _apply(
        connection, who, incident_id, lambda each: decide(each, act, now, conclusion), ENTRIES[act], now, note=conclusion.strip()
    )


async def add_note(connection: TenantConnection, who: Principal, incident_id: uuid.UUID, text: str, now: datetime) -> Entry:
    """A note; also to a closed incident, because what is learnt later belongs to it."""
    by = handler_of(who)
    incident = await repository.get_incident(connection, incident_id, lock=True)
    entry = await _note(connection, who, incident, EntryKind.NOTE, now, note=text)
    return dataclasses.replace(entry, by=by)


async def join_alert(
    connection: TenantConnection, who: Principal, incident_id: uuid.UUID, alert_id: uuid.UUID, now: datetime
) -> None:
    """Join an alert; a second time changes nothing."""
    handler_of(who)
    incident = await _open_one(connection, incident_id)
    if await repository.join_alert(connection, _chain(who), incident, alert_id):
        await _note(connection, who, incident, EntryKind.ALERT_JOINED, now, {"alert_id": str(alert_id)})


async def part_alert(
    connection: TenantConnection, who: Principal, incident_id: uuid.UUID, alert_id: uuid.UUID, now: datetime
) -> None:
    """Take an alert out."""
    handler_of(who)
    incident = await _open_one(connection, incident_id)
    await repository.part_alert(connection, incident_id, alert_id)
    await _note(connection, who, incident, EntryKind.ALERT_LEFT, now, {"alert_id": str(alert_id)})


async def set_staff(
    connection: TenantConnection, who: Principal, incident_id: uuid.UUID, user_id: uuid.UUID, now: datetime, *, there: bool
) -> Incident:
    """Name a member of staff, or take the name out."""
    if there and not await repository.names_of(connection, (user_id,)):
        raise BadInputError("There is no such user; name somebody of this chain.")

    def changed(incident: Incident) -> Incident:
        demand_open(incident)
        others = tuple(each for each in incident.staff if each != user_id)
        return touched(dataclasses.replace(incident, staff=(*others, user_id) if there else others), now)

    kind = EntryKind.STAFF_JOINED if there else EntryKind.STAFF_LEFT
    return await _apply(connection, who, incident_id, changed, kind, now, details={"user_id": str(user_id)})


async def case_file(connection: TenantConnection, incident_id: uuid.UUID) -> CaseFile:
    """All of one incident."""
    incident = await repository.get_incident(connection, incident_id)
    alerts = await repository.alerts_of(connection, incident_id)
    store_name, timezone = await repository.store_of(connection, incident.store_id)
    return CaseFile(
        incident,
        tuple(alerts),
        tuple(await repository.entries_of(connection, incident_id)),
        store_name,
        await repository.names_of(connection, incident.staff),
        await repository.camera_names(connection, {alert.camera_id for alert in alerts}),
        await repository.simulated_among(connection, [alert.id for alert in alerts]),
        timezone,
    )


async def _open_one(connection: TenantConnection, incident_id: uuid.UUID) -> Incident:
    incident = await repository.get_incident(connection, incident_id, lock=True)
    demand_open(incident)
    return incident


async def _apply(
    connection: TenantConnection,
    who: Principal,
    incident_id: uuid.UUID,
    change_of: Change,
    kind: EntryKind,
    now: datetime,
    *,
    note: str = "",
    details: dict[str, Any] | None = None,
) -> Incident:
    handler_of(who)
    before = await repository.get_incident(connection, incident_id)
    after = change_of(before)
    if not await repository.change_incident(connection, before.revision, after):
        raise ConflictError("Somebody else changed this incident just now; look again.")
    await _note(connection, who, after, kind, now, details, note=note)
    return after


async def _note(
    connection: TenantConnection,
    who: Principal,
    incident: Incident,
    kind: EntryKind,
    now: datetime,
    details: dict[str, Any] | None = None,
    *,
    note: str = "",
) -> Entry:
    entry = Entry(new_id(), kind, handler_of(who), now, note, details or {})
    await repository.add_entry(connection, _chain(who), incident, entry)
    await audit.append(
        connection,
        AuditEntry(AUDITED[kind], who.kind, who.id, who.chain_id, incident.store_id, "incident", incident.id, details or {}),
    )
    return entry


def _chain(who: Principal) -> uuid.UUID:
    assert who.chain_id is not None  # noqa: S101 - `handler_of` refuses others
    return who.chain_id
