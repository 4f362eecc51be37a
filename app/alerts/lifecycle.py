"""What may be done to an alert, as a pure function of its state, the act, who does it and when."""

import dataclasses
import enum
import uuid
from datetime import datetime

from app.alerts.models import Alert, AlertState, Handler, Outcome
from app.kit.errors import ConflictError


class AlertAct(enum.StrEnum):
    """What a person does to an alert."""

    CLAIM = "claim"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


def decide(
    alert: Alert,
    act: AlertAct,
    who: Handler,
    now: datetime,
    *,
    outcome: Outcome = Outcome.HANDLED,
    take_over: bool = False,
) -> Alert | None:
    """The alert after `act`, or None when `who` did the same before, so that nothing changes.

    A claim keeps others out until it is taken over on purpose. `changed_at` never goes back: the pipeline, whose clock may be
    ahead, changes alerts too, and viewers keep the newest.

    Raises:
        ConflictError: somebody else was there first; its `by`, `at` and `state` say who and when.
    """
    if act is AlertAct.CLAIM:
        changed = _claim(alert, who, now, take_over)
    elif act is AlertAct.ACKNOWLEDGE:
        changed = _acknowledge(alert, who, now, take_over)
    else:
        changed = _resolve(alert, who, now, outcome, take_over)
    return changed and dataclasses.replace(changed, changed_at=max(now, alert.changed_at))


def _claim(alert: Alert, who: Handler, now: datetime, take_over: bool) -> Alert | None:
    _unless_finished(alert)
    if alert.state is AlertState.CLAIMED:
        if _same(alert.claimed_by, who.id):
            return None
        if not take_over:
            raise _conflict("claimed", alert.claimed_by, alert.claimed_at, alert.state)
    return dataclasses.replace(alert, state=AlertState.CLAIMED, claimed_by=who, claimed_at=now)


def _acknowledge(alert: Alert, who: Handler, now: datetime, take_over: bool) -> Alert | None:
    if alert.state is AlertState.ACKNOWLEDGED and _same(alert.acknowledged_by, who.id):
        return None
    _unless_finished(alert)
    _unless_claimed(alert, who, take_over)
    return dataclasses.replace(alert, state=AlertState.ACKNOWLEDGED, acknowledged_by=who, acknowledged_at=now)


def _resolve(alert: Alert, who: Handler, now: datetime, outcome: Outcome, take_over: bool) -> Alert | None:
    if alert.state is AlertState.RESOLVED:
        if _same(alert.resolved_by, who.id) and alert.outcome == outcome:
            return None
        raise _conflict("resolved", alert.resolved_by, alert.resolved_at, alert.state)
    _unless_claimed(alert, who, take_over)
    return dataclasses.replace(alert, state=AlertState.RESOLVED, resolved_by=who, resolved_at=now, outcome=outcome.value)


def _unless_finished(alert: Alert) -> None:
    if alert.state is AlertState.ACKNOWLEDGED:
        raise _conflict("acknowledged", alert.acknowledged_by, alert.acknowledged_at, alert.state)
    if alert.state is AlertState.RESOLVED:
        raise _conflict("resolved", alert.resolved_by, alert.resolved_at, alert.state)


def _unless_claimed(alert: Alert, who: Handler, take_over: bool) -> None:
    if alert.state is AlertState.CLAIMED and not _same(alert.claimed_by, who.id) and not take_over:
        raise _conflict("claimed", alert.claimed_by, alert.claimed_at, alert.state)


def _same(handler: Handler | None, user_id: uuid.UUID) -> bool:
    return handler is not None and handler.id == user_id


def _conflict(done: str, by: Handler | None, at: datetime | None, state: AlertState) -> ConflictError:
    name = by.username if by is not None else "somebody else"
    moment = "" if at is None else at.isoformat(timespec="seconds").replace("+00:00", "Z")
    return ConflictError(
        f"{name} {done} this alert already{f' at {moment}' if moment else ''}.",
        state=state.value,
        by=None if by is None else {"id": str(by.id), "username": by.username},
        at=moment or None,
    )
