"""Which occurrences are one alert, and which alerts one group. Pure; the pipeline and replay share it."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.alerts.lifecycle import OPEN
from app.alerts.models import AlertState

GROUP = timedelta(minutes=15)
"""Alerts of the same camera, zone and kind with no longer a pause between them are one group."""


@dataclass(frozen=True, slots=True)
class Handling:
    """What becomes of a rule's alerts.

    Attributes:
        cool_down_s: an occurrence that begins so soon after the last one joins its alert while that is open; 0: each is an alert.
        opens_incident: each alert is joined to an incident, opened where there is none.
    """

    cool_down_s: float = 30.0
    opens_incident: bool = False


PLAIN = Handling()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The newest alert of the same camera, zone and kind; `ended_at`: last seen, of any of its occurrences."""

    alert_id: uuid.UUID
    group_id: uuid.UUID
    state: AlertState
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """Where an occurrence belongs: the alert it joins, or, for an alert of its own, the group; None: it begins one."""

    joins: uuid.UUID | None
    group: uuid.UUID | None


def place(earlier: Earlier | None, started_at: datetime, handling: Handling) -> Place:
    """Where an occurrence that began at `started_at` belongs.

    Whoever finished an alert was done with what it told: what comes after is new, whatever the cool-down.
    """
    if earlier is None:
        return Place(None, None)
    pause = started_at - earlier.ended_at
    cool_down = timedelta(seconds=handling.cool_down_s)
    if cool_down and pause <= cool_down and earlier.state in OPEN:
        return Place(earlier.alert_id, earlier.group_id)
    return Place(None, earlier.group_id if pause <= GROUP else None)
