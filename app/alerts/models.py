"""Alerts: what the shared queue holds, and the one JSON body that REST and the live messages share."""

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from app.behaviour.findings import Threat


class AlertState(enum.StrEnum):
    """Where an alert stands in the queue."""

    RAISED = "raised"
    CLAIMED = "claimed"
    ACKNOWLEDGED = "acknowledged"
    SNOOZED = "snoozed"
    ESCALATED = "escalated"
    RESOLVED = "resolved"


class Outcome(enum.StrEnum):
    """What an alert turned out to be."""

    CORRECT = "correct"
    ACTION_TAKEN = "action-taken"  # correct, and somebody did something
    FALSE = "false"
    UNKNOWN = "unknown"


class EscalationLevel(enum.StrEnum):
    """Who should look, from near to far."""

    STORE = "store"
    AREA = "area"
    OPERATIONS_CENTRE = "operations-centre"

    @property
    def rank(self) -> int:
        """0 for the store, rising."""
        return tuple(EscalationLevel).index(self)


@dataclass(frozen=True, slots=True)
class Handler:
    """A user who did something to an alert."""

    id: uuid.UUID
    username: str


class LookState(enum.StrEnum):
    """What came of an optional second look."""

    ASKED = "asked"
    ANSWERED = "answered"
    NO_PICTURE = "no-picture"
    REFUSED = "refused"
    TIMED_OUT = "timed-out"
    UNREADABLE = "unreadable"
    OVER_ALLOWANCE = "over-allowance"


@dataclass(frozen=True, slots=True)
class SecondLook:
    """What a vision model says of an alert; a draft by a machine.

    Attributes:
        lowers: it does not support the alert, which may then be looked at later than others. It never closes or raises one.
    """

    state: LookState
    verdict: str | None
    summary: str | None
    lowers: bool


@dataclass(frozen=True, slots=True)
class Alert:
    """One occurrence that a rule found (camera x rule x zone x presence), and those that joined it.

    Attributes:
        score, threshold: what the rule measured, and from where on it raises; same unit.
        explanation: the rule's own plain values (seconds in the zone, metres, ...), JSON.
        track_ids: uint64 ids of the tracks that took part, of `epoch`.
        started_at, ended_at: when the act began and was last seen.
        changed_at: last change of any field.
        occurrences: how many occurrences of the same kind and place it stands for.
        group_id: the first alert of those of the same camera, zone and kind that came one soon after the other.
        waiting_since: since when nobody is on it; None while somebody is, while it sleeps, and when it is done.
        escalation_level: how far up it came.
        escalated_to: users who were on duty there; none when it was called up to everybody of that level.
        escalated_by: None where nobody reacted in time.
        revision: rises with each transition; transitions compare and set it.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    zone_id: uuid.UUID | None
    kind: str
    threat: Threat
    state: AlertState
    score: float
    threshold: float
    explanation: dict[str, Any]
    track_ids: tuple[int, ...]
    epoch: int
    started_at: datetime
    ended_at: datetime
    raised_at: datetime
    changed_at: datetime
    occurrences: int = 1
    waiting_since: datetime | None = None
    claimed_by: Handler | None = None
    claimed_at: datetime | None = None
    acknowledged_by: Handler | None = None
    acknowledged_at: datetime | None = None
    resolved_by: Handler | None = None
    resolved_at: datetime | None = None
    outcome: str | None = None
    escalation_level: EscalationLevel = EscalationLevel.STORE
    escalated_to: tuple[uuid.UUID, ...] = ()
    escalated_by: Handler | None = None
    escalated_at: datetime | None = None
    snoozed_by: Handler | None = None
    snoozed_until: datetime | None = None
    snooze_reason: str | None = None
    revision: int = 0
    group_id: uuid.UUID | None = None
    second_look: SecondLook | None = None


def alert_body(alert: Alert) -> dict[str, Any]:
    """The JSON of an alert as `GET /api/v1/alerts/{id}` answers it: every field, ids and times as text, track ids as text."""
    body: dict[str, Any] = msgspec.to_builtins(alert)
    body["escalated_to"] = list(body["escalated_to"])
    body["track_ids"] = [str(track_id) for track_id in alert.track_ids]
    return body


def alert_message(alert: Alert) -> dict[str, Any]:
    """Outbox payload of `alert-raised` and `alert-changed`: `{"store_id": ..., "alert": {...}}`.

    The dispatcher writes `{"type": kind, **payload}` to the store's live stream; the hub adds the entry's id as `id` (which is
    why the alert, with an id of its own, is nested).
    """
    return {"store_id": str(alert.store_id), "alert": alert_body(alert)}
