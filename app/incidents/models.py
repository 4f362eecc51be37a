"""Incidents, what happened to them, and the timeline as a pure projection of that. Texts are about acts."""

import enum
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from app.alerts.models import Alert, Handler


class IncidentState(enum.StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    IN_REVIEW = "in-review"
    CLOSED = "closed"


class EntryKind(enum.StrEnum):
    """What happened to an incident."""

    OPENED = "opened"
    CHANGED = "changed"
    ALERT_JOINED = "alert-joined"
    ALERT_LEFT = "alert-left"
    STAFF_JOINED = "staff-joined"
    STAFF_LEFT = "staff-left"
    NOTE = "note"
    REVIEWED = "reviewed"
    CLOSED = "closed"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Incident:
    """One case.

    Attributes:
        kind: the act, in the words of the rules ("falling") or of people ("theft").
        description: what was done, in free text.
        staff: users of the chain who were there or work on it.
        conclusion: what came of it; every closed incident has one.
        opened_by: None where a rule opened it; `opened_by_rule` is the rule's kind then.
        revision: rises with each change; changes compare and set it.
    """

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
    staff: tuple[uuid.UUID, ...]
    opened_by: Handler | None
    opened_at: datetime
    changed_at: datetime
    revision: int
    opened_by_rule: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened to an incident; `by` None: a rule did it."""

    id: uuid.UUID
    kind: EntryKind
    by: Handler | None
    at: datetime
    note: str
    details: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TimelineItem:
    """One line of the timeline."""

    at: datetime
    text: str
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All that is known of an incident.

    Attributes:
        camera_names: of the alerts' cameras, those that are gone too.
        simulated: alerts about drawn figures, that no camera saw.
        timezone: of the store, by its IANA name.
    """

    incident: Incident
    alerts: tuple[Alert, ...]
    entries: tuple[Entry, ...]
    store_name: str
    staff_names: tuple[str, ...]
    camera_names: Mapping[uuid.UUID, str]
    simulated: frozenset[uuid.UUID] = frozenset()
    timezone: str = "UTC"


RULE = "a rule"
_TEXTS = {
    EntryKind.OPENED: "Incident opened",
    EntryKind.ALERT_JOINED: "Alert joined",
    EntryKind.ALERT_LEFT: "Alert taken out",
    EntryKind.STAFF_JOINED: "Member of staff named",
    EntryKind.STAFF_LEFT: "Member of staff taken out",
    EntryKind.NOTE: "Note",
    EntryKind.REVIEWED: "Taken into review",
    EntryKind.CLOSED: "Incident closed",
    EntryKind.REOPENED: "Incident reopened",
}


_ACTS = {
    "falling": "Fall",
    "fighting": "Fight",
    "floor": "Person on the floor",
    "entry": "Entry to a closed zone",
    "crossing": "Line crossed",
    "queue": "Long queue",
    "reaching": "Reach to a shelf",
}
"""Kinds whose name alone says nothing in a sentence."""
_OF_THE_CAMERA = "camera-"


def timeline(case: CaseFile) -> list[TimelineItem]:
    """What happened, oldest first: the acts that the joined alerts saw, and what people did about them."""
    items = [
        TimelineItem(each.at, _text(each), RULE if each.by is None else each.by.username, each.note) for each in case.entries
    ]
    items += [TimelineItem(each.started_at, seen(each.kind, simulated=each.id in case.simulated), "", "") for each in case.alerts]
    opened = _TEXTS[EntryKind.OPENED]  # what joins in the same moment comes after it
    return sorted(items, key=lambda item: (item.at, item.text != opened, item.by, item.text))


def _text(entry: Entry) -> str:
    if entry.kind is EntryKind.CHANGED:
        return "Changed: " + ", ".join(name.replace("_", " ") for name in sorted(entry.details))
    return _TEXTS[entry.kind]


def seen(kind: str, *, simulated: bool) -> str:
    """What was seen, and by what: a simulated camera is called one."""
    if kind.startswith(_OF_THE_CAMERA):  # trouble of its own, which it cannot have seen
        return words(kind)
    return f"{words(kind)} seen by a {'simulated camera: drawn figures' if simulated else 'camera'}"


def words(kind: str) -> str:
    """A kind as a sentence begins with it; what people wrote begins as they wrote it, with a capital."""
    plain = kind.replace("-", " ").replace("_", " ")
    return _ACTS.get(kind, plain[:1].upper() + plain[1:])
