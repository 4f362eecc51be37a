"""What may be done to an alert, as a pure function of its state, the act, who does it and when."""

import dataclasses
import enum
import uuid
from datetime import datetime, timedelta

from app.alerts.models import Alert, AlertState, EscalationLevel, Handler, Outcome
from app.kit.errors import BadInputError, ConflictError

LONGEST_SNOOZE = timedelta(hours=24)
OPEN = frozenset({AlertState.RAISED, AlertState.CLAIMED, AlertState.SNOOZED, AlertState.ESCALATED})


class AlertAct(enum.StrEnum):
    """What a person does to an alert."""

    CLAIM = "claim"
    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    ESCALATE = "escalate"
    RESOLVE = "resolve"
    REOPEN = "reopen"


@dataclasses.dataclass(frozen=True, slots=True)
class How:
    """The particulars of an act.

    Attributes:
        outcome: what the alert turned out to be (acknowledge, resolve); None: not said.
        take_over: act although somebody else claimed it.
        until, reason: of a snooze.
    """

    outcome: Outcome | None = None
    take_over: bool = False
    until: datetime | None = None
    reason: str = ""


PLAINLY = How()


def decide(alert: Alert, act: AlertAct, who: Handler, now: datetime, how: How = PLAINLY) -> Alert | None:
    """The alert after `act`, or None when `who` did the same before, so that nothing changes.

    A claim keeps others out until it is taken over on purpose. `changed_at` never goes back: the pipeline, whose clock may be
    ahead, changes alerts too, and viewers keep the newest.

    Raises:
        ConflictError: somebody else was there first, or the state does not allow it; its `by`, `at` and `state` say more.
        BadInputError: a snooze without a sensible end or a reason.
    """
    changed = _TRANSITIONS[act](alert, who, now, how)
    return changed and dataclasses.replace(changed, changed_at=max(now, alert.changed_at), revision=alert.revision + 1)


def wake(alert: Alert, now: datetime) -> Alert | None:
    """The alert when its snooze is over; None while it sleeps, or when it does not."""
    if alert.state is not AlertState.SNOOZED or alert.snoozed_until is None or now < alert.snoozed_until:
        return None
    return dataclasses.replace(_waiting(alert, now), changed_at=max(now, alert.changed_at), revision=alert.revision + 1)


def _waiting(alert: Alert, now: datetime) -> Alert:
    """Back in the queue, at the level it had come to, with nobody on it."""
    state = AlertState.RAISED if alert.escalation_level is EscalationLevel.STORE else AlertState.ESCALATED
    return dataclasses.replace(alert, state=state, waiting_since=now, claimed_by=None, claimed_at=None)


def _claim(alert: Alert, who: Handler, now: datetime, how: How) -> Alert | None:
    _unless_finished(alert)
    if alert.state is AlertState.CLAIMED:
        if _same(alert.claimed_by, who.id):
            return None
        if not how.take_over:
            raise _conflict("claimed", alert.claimed_by, alert.claimed_at, alert.state)
    return dataclasses.replace(alert, state=AlertState.CLAIMED, claimed_by=who, claimed_at=now, waiting_since=None)


def _acknowledge(alert: Alert, who: Handler, now: datetime, how: How) -> Alert | None:
    outcome = alert.outcome if how.outcome is None else how.outcome.value
    if alert.state is AlertState.ACKNOWLEDGED and _same(alert.acknowledged_by, who.id):
        return None if outcome == alert.outcome else dataclasses.replace(alert, outcome=outcome)
    _unless_finished(alert)
    _unless_claimed(alert, who, how)
    return dataclasses.replace(
        alert,
        state=AlertState.ACKNOWLEDGED,
        acknowledged_by=who,
        acknowledged_at=now,
        outcome=outcome,
        waiting_since=None,
    )


def _snooze(alert: Alert, who: Handler, now: datetime, how: How) -> Alert | None:
    _unless_finished(alert)
    _unless_claimed(alert, who, how)
    if how.until is None or not now < how.until <= now + LONGEST_SNOOZE:
        raise BadInputError("A snooze ends within the next 24 hours; give `until`.")
    if not how.reason.strip():
        raise BadInputError("A snooze needs a reason, so that others know why nobody looks.")
    asleep = dataclasses.replace(alert, state=AlertState.SNOOZED, waiting_since=None, claimed_by=None, claimed_at=None)
    return dataclasses.replace(asleep, snoozed_by=who, snoozed_until=how.until, snooze_reason=how.reason.strip())


def _escalate(alert: Alert, who: Handler, now: datetime, how: How) -> Alert | None:
    _unless_finished(alert)
    _unless_claimed(alert, who, how)
    if alert.escalation_level is EscalationLevel.OPERATIONS_CENTRE:
        raise ConflictError("The operations centre has this alert already; there is nobody above it.", state=alert.state.value)
    level = tuple(EscalationLevel)[alert.escalation_level.rank + 1]
    return escalated(alert, level, (), who, now)


def escalated(alert: Alert, level: EscalationLevel, to: tuple[uuid.UUID, ...], by: Handler | None, now: datetime) -> Alert:
    """The alert at `level`, waiting for somebody there; `by` None where time did it."""
    moved = _waiting(dataclasses.replace(alert, escalation_level=level), now)
    return dataclasses.replace(moved, escalated_to=to, escalated_by=by, escalated_at=now)


def _resolve(alert: Alert, who: Handler, now: datetime, how: How) -> Alert | None:
    outcome = how.outcome.value if how.outcome is not None else alert.outcome or Outcome.UNKNOWN.value
    if alert.state is AlertState.RESOLVED:
        if _same(alert.resolved_by, who.id) and alert.outcome == outcome:
            return None
        raise _conflict("resolved", alert.resolved_by, alert.resolved_at, alert.state)
    _unless_claimed(alert, who, how)
    return dataclasses.replace(
        alert, state=AlertState.RESOLVED, resolved_by=who, resolved_at=now, outcome=outcome, waiting_since=None
    )


def _reopen(alert: Alert, who: Handler, now: datetime, how: How) -> Alert | None:
    del who, how
    if alert.state in OPEN:
        raise ConflictError("This alert is open already.", state=alert.state.value)
    fresh = dataclasses.replace(
        alert, acknowledged_by=None, acknowledged_at=None, resolved_by=None, resolved_at=None, outcome=None
    )
    return _waiting(fresh, now)


_TRANSITIONS = {
    AlertAct.CLAIM: _claim,
    AlertAct.ACKNOWLEDGE: _acknowledge,
    AlertAct.SNOOZE: _snooze,
    AlertAct.ESCALATE: _escalate,
    AlertAct.RESOLVE: _resolve,
    AlertAct.REOPEN: _reopen,
}


def _unless_finished(alert: Alert) -> None:
    if alert.state is AlertState.ACKNOWLEDGED:
        raise _conflict("acknowledged", alert.acknowledged_by, alert.acknowledged_at, alert.state)
    if alert.state is AlertState.RESOLVED:
        raise _conflict("resolved", alert.resolved_by, alert.resolved_at, alert.state)


def _unless_claimed(alert: Alert, who: Handler, how: How) -> None:
    if alert.state is AlertState.CLAIMED and not _same(alert.claimed_by, who.id) and not how.take_over:
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
