"""What may be done to an incident, as pure functions."""

import dataclasses
import enum
from datetime import datetime
from types import MappingProxyType
from typing import Final

from app.incidents.models import EntryKind, Incident, IncidentState
from app.kit.errors import BadInputError, ConflictError


class IncidentAct(enum.StrEnum):
    """What a person does to an incident as a whole."""

    REVIEW = "review"
    CLOSE = "close"
    REOPEN = "reopen"


_FROM: Final = MappingProxyType(
    {
        IncidentAct.REVIEW: frozenset({IncidentState.OPEN}),
        IncidentAct.CLOSE: frozenset({IncidentState.OPEN, IncidentState.IN_REVIEW}),
        IncidentAct.REOPEN: frozenset({IncidentState.CLOSED}),
    }
)
_TO: Final = MappingProxyType(
    {
        IncidentAct.REVIEW: IncidentState.IN_REVIEW,
        IncidentAct.CLOSE: IncidentState.CLOSED,
        IncidentAct.REOPEN: IncidentState.OPEN,
    }
)
ENTRIES: Final = MappingProxyType(
    {
        IncidentAct.REVIEW: EntryKind.REVIEWED,
        IncidentAct.CLOSE: EntryKind.CLOSED,
        IncidentAct.REOPEN: EntryKind.REOPENED,
    }
)


def decide(incident: Incident, act: IncidentAct, now: datetime, conclusion: str = "") -> Incident:
    """The incident after `act`; `conclusion` is of a closing.

    Raises:
        ConflictError: its state does not allow it.
        BadInputError: a closing without a conclusion.
    """
    if incident.state not in _FROM[act]:
        raise ConflictError(f"This incident is {incident.state.value}; that cannot be done now.", state=incident.state.value)
    if act is IncidentAct.CLOSE and not conclusion.strip():
        raise BadInputError("Say what came of it: an incident closes with a conclusion.")
    closed = conclusion.strip() if act is IncidentAct.CLOSE else incident.conclusion
    return touched(dataclasses.replace(incident, state=_TO[act], conclusion=closed), now)


def touched(incident: Incident, now: datetime) -> Incident:
    """The next revision; the time of change never goes back."""
    return dataclasses.replace(incident, changed_at=max(now, incident.changed_at), revision=incident.revision + 1)


def demand_open(incident: Incident) -> None:
    """ConflictError where the case is closed: reopen it before changing it."""
    if incident.state is IncidentState.CLOSED:
        raise ConflictError("This incident is closed; reopen it to change it.", state=incident.state.value)
