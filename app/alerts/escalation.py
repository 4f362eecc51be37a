"""When nobody reacts: who gets an alert next, as a pure function of the alert, the rota and the time.

One step goes up at most one staffed level, and each step starts the waiting anew: a clock that jumps ahead by a day moves an
alert once, not to the top. A clock that jumps back must not put an alert to sleep, so its waiting starts again at the new time.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.alerts.models import AlertState, EscalationLevel
from app.alerts.rota.models import RotaEntry
from app.behaviour.findings import Threat


@dataclass(frozen=True, slots=True)
class Waiting:
    """What of an alert decides where it goes; `snoozed_until` is of a snoozed one."""

    state: AlertState
    threat: Threat
    level: EscalationLevel
    waiting_since: datetime | None
    snoozed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What time does to an alert: its state, level and the start of its waiting afterwards.

    Attributes:
        escalates: False where it only wakes or waits anew.
        to: users on duty at the new level; none: everybody there.
    """

    state: AlertState
    level: EscalationLevel
    waiting_since: datetime
    escalates: bool = False
    to: tuple[uuid.UUID, ...] = ()


def next_step(alert: Waiting, rota: Sequence[RotaEntry], at: datetime) -> Step | None:
    """The step that is due at `at`; None when there is none.

    Without a rota above the alert's level it stays where it is. Levels where nobody is on duty are passed over; if nobody is
    anywhere, the highest level of the rota is called, everybody of it.
    """
    if alert.state is AlertState.SNOOZED and alert.snoozed_until is not None:
        return Step(_open_state(alert.level), alert.level, at) if at >= alert.snoozed_until else None
    if alert.state not in (AlertState.RAISED, AlertState.ESCALATED) or alert.waiting_since is None:
        return None
    if alert.waiting_since > at:
        return Step(alert.state, alert.level, at)
    target = _target(alert, rota, at)
    if target is None or at - alert.waiting_since < target[1]:
        return None
    level, _, to = target
    return Step(AlertState.ESCALATED, level, at, escalates=True, to=to)


def _open_state(level: EscalationLevel) -> AlertState:
    return AlertState.RAISED if level is EscalationLevel.STORE else AlertState.ESCALATED


def _target(
    alert: Waiting, rota: Sequence[RotaEntry], at: datetime
) -> tuple[EscalationLevel, timedelta, tuple[uuid.UUID, ...]] | None:
    """The next level, how long the alert waits before it goes there, and who is on duty there."""
    last = None
    for level in tuple(EscalationLevel)[alert.level.rank + 1 :]:
        listed = [entry for entry in rota if entry.level is level and entry.takes(alert.threat)]
        on_duty = [entry for entry in listed if entry.on_duty(at)]
        if on_duty:
            users = tuple(sorted({entry.user_id for entry in on_duty}))
            return level, timedelta(seconds=min(entry.after_s for entry in on_duty)), users
        if listed:
            last = level, timedelta(seconds=min(entry.after_s for entry in listed)), ()
    return last
