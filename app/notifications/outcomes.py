"""What a try came to, and what follows. Pure: the time and the jitter are arguments."""

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.kit.backoff import Backoff
from app.notifications.models import ChannelKind, DeliveryState

MOST_ATTEMPTS = 12
RETRIES = Backoff(first_s=5.0, longest_s=3600.0)
"""With twelve tries: about two hours until a delivery is given up."""
LONGEST_WAIT_S = 3600.0
"""Of what a receiver asks for by Retry-After."""
LOOKS = Backoff(first_s=10.0, longest_s=600.0)
ABSENT_LOOKS = 3
"""How often an SMS must be missing from the provider's records before it counts as not sent; they take a moment to show it."""
MOST_LOOKS = 12
LONGEST_REASON = 300


class Verdict(enum.StrEnum):
    """What is known after a try."""

    TAKEN = "taken"
    REFUSED = "refused"  # and another try would be, too
    NOT_TAKEN = "not-taken"  # for certain; try again
    UNKNOWN = "unknown"  # it may have arrived


class Found(enum.StrEnum):
    """What the provider's records say of an SMS."""

    UNDER_WAY = "under-way"
    DELIVERED = "delivered"
    FAILED = "failed"
    ABSENT = "absent"
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one try.

    Attributes:
        after_s: how long the receiver asks to be left alone.
    """

    verdict: Verdict
    reason: str = ""
    provider_id: str | None = None
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look into the provider's records found."""

    found: Found
    provider_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """What to write about a delivery.

    Attributes:
        next_at: when it is due again; None: never.
        repeated: from now on a try may be a repetition; None leaves what is known.
    """

    state: DeliveryState
    next_at: datetime | None
    reason: str = ""
    waits: str = ""
    repeated: bool | None = None
    provider_id: str | None = None
    checks: int | None = None


def after_try(kind: ChannelKind, attempts: int, outcome: Outcome, at: datetime, chance: float | None = None) -> Step:
    """The step after try number `attempts` (from 1)."""
    reason = outcome.reason[:LONGEST_REASON]
    if outcome.verdict is Verdict.TAKEN:
        look = at + timedelta(seconds=LOOKS.first_s) if kind is ChannelKind.SMS and outcome.provider_id else None
        return Step(DeliveryState.SENT, look, provider_id=outcome.provider_id, checks=0)
    if outcome.verdict is Verdict.REFUSED:
        return Step(DeliveryState.DEAD, None, reason)
    if outcome.verdict is Verdict.UNKNOWN and kind is ChannelKind.SMS:  # its receiver cannot know a repetition: look first
        return Step(DeliveryState.CHECKING, at + timedelta(seconds=LOOKS.delay_s(0, chance)), reason, checks=0)
    repeated = True if outcome.verdict is Verdict.UNKNOWN else None
    return _again(attempts, reason, at, outcome.after_s, repeated, chance)


def after_look(
    state: DeliveryState, attempts: int, checks: int, looked: Looked, at: datetime, chance: float | None = None
) -> Step:
    """The step after look number `checks` (from 1) into the records, of a delivery that is `checking` or `sent`."""
    reason = looked.reason[:LONGEST_REASON]
    later = at + timedelta(seconds=LOOKS.delay_s(checks, chance))
    if looked.found is Found.DELIVERED:
        return Step(DeliveryState.DELIVERED, None, provider_id=looked.provider_id, checks=checks)
    if looked.found is Found.FAILED:
        return Step(DeliveryState.DEAD, None, reason, provider_id=looked.provider_id, checks=checks)
    if looked.found is Found.UNDER_WAY:
        return Step(DeliveryState.SENT, later if checks < MOST_LOOKS else None, provider_id=looked.provider_id, checks=checks)
    if state is DeliveryState.SENT:  # it was taken; that its fate cannot be read changes nothing
        return Step(DeliveryState.SENT, later if checks < MOST_LOOKS else None, checks=checks)
    if looked.found is Found.ABSENT and checks >= ABSENT_LOOKS:
        return _again(attempts, "The provider has no record of it.", at, None, True, chance)
    if checks >= MOST_LOOKS:
        return Step(DeliveryState.UNCERTAIN, None, reason or "The provider could not be asked.", repeated=True, checks=checks)
    return Step(DeliveryState.CHECKING, later, reason, checks=checks)


def after_crash(kind: ChannelKind, attempts: int, at: datetime) -> Step:
    """The step for a delivery whose sender was gone before it wrote what came of it."""
    return after_try(kind, attempts, Outcome(Verdict.UNKNOWN, "The sender ended before it could say what came of it."), at)


def _again(attempts: int, reason: str, at: datetime, after_s: float | None, repeated: bool | None, chance: float | None) -> Step:
    if attempts >= MOST_ATTEMPTS:
        return Step(DeliveryState.DEAD, None, f"Given up after {attempts} tries. {reason}"[:LONGEST_REASON], repeated=repeated)
    wait_s = max(RETRIES.delay_s(attempts - 1, chance), min(after_s or 0.0, LONGEST_WAIT_S))
    return Step(DeliveryState.QUEUED, at + timedelta(seconds=wait_s), reason, "retry", repeated)
