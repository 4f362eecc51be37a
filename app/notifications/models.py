"""Channels, and what is delivered to them."""

import enum
import uuid
from dataclasses import dataclass, field
from datetime import datetime, time
from typing import Any, Final

from app.behaviour.findings import Threat


class ChannelKind(enum.StrEnum):
    """How a channel is reached."""

    SMS = "sms"
    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"
    TEAMS = "teams"


HOOKS: Final = (ChannelKind.WEBHOOK, ChannelKind.SLACK, ChannelKind.TEAMS)
"""What is reached by an address of the web."""
PERSONAL: Final = (ChannelKind.SMS, ChannelKind.EMAIL)
"""What people choose for themselves."""


class Language(enum.StrEnum):
    """What messages are written in."""

    ENGLISH = "en"
    SPANISH = "es"


class Occasion(enum.StrEnum):
    """What a delivery is about."""

    ALERT_RAISED = "alert-raised"
    ALERT_ESCALATED = "alert-escalated"
    INCIDENT_CHANGED = "incident-changed"
    LEAD_RAISED = "lead-raised"  # a picture waits for somebody who compares
    MATCH_CONFIRMED = "match-confirmed"  # people said that it is the enrolled one
    TEST = "test"


class DeliveryState(enum.StrEnum):
    """What became of a delivery.

    `sent`: the receiver or the provider took it. `delivered`: the provider says the phone has it. `checking`: nobody knows
    whether an SMS went out, the provider's records are asked. `uncertain`: they could not be asked; a person decides.
    `dead`: given up; can be replayed. `merged`: told as part of another.
    """

    QUEUED = "queued"
    SENDING = "sending"
    CHECKING = "checking"
    SENT = "sent"
    DELIVERED = "delivered"
    UNCERTAIN = "uncertain"
    DEAD = "dead"
    MERGED = "merged"


REPLAYABLE: Final = (DeliveryState.DEAD, DeliveryState.UNCERTAIN)


LEADS: Final = (Occasion.LEAD_RAISED, Occasion.MATCH_CONFIRMED)


@dataclass(frozen=True, slots=True)
class QuietHours:
    """Local times between which people are left alone; `ends` at or before `starts` is on the next day.

    Attributes:
        threat: alerts of it and above come through all the same; None: none do.
    """

    starts: time
    ends: time
    timezone: str
    threat: Threat | None = Threat.HIGH


@dataclass(frozen=True, slots=True)
class Route:
    """What decides whether, and when, something goes to a channel.

    Attributes:
        user_id: whose own the channel is.
        store_id: None for every store.
    """

    id: uuid.UUID
    kind: ChannelKind
    user_id: uuid.UUID | None
    store_id: uuid.UUID | None
    occasions: frozenset[str]
    lowest_threat: Threat
    quiet: QuietHours | None


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as its administrators see it; the address stays sealed.

    Attributes:
        hint: what people know the address by.
        proven_at: when the owner of an own channel confirmed it.
        username: of `user_id`, "" for a channel of the store or the chain.
        language: what is sent there is written in; where its owner chose a language, that one counts instead.
    """

    route: Route
    name: str
    hint: str
    username: str
    most_per_hour: int | None
    paused: bool
    created_at: datetime
    changed_at: datetime
    proven_at: datetime | None = None
    language: Language = Language.ENGLISH

    @property
    def proven(self) -> bool:
        """Whether it may be told of alerts: a shared channel, or an own one that its owner has confirmed by a code."""
        return self.route.user_id is None or self.proven_at is not None


@dataclass(frozen=True, slots=True)
class Code:
    """What was sent to an own channel to be confirmed by: sealed, until when, and how often a wrong one was given."""

    sealed: bytes | None = field(repr=False)
    until: datetime | None
    tries: int


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that channels may be told.

    Attributes:
        cause: the same however often it is looked at.
        called: people an escalation went to.
        message: what is said of it; ids and kinds only.
    """

    cause: uuid.UUID
    chain_id: uuid.UUID
    store_id: uuid.UUID
    occasion: Occasion
    threat: Threat | None
    subject_id: uuid.UUID
    message: dict[str, Any]
    called: frozenset[uuid.UUID] = frozenset()


@dataclass(frozen=True, slots=True)
class Planned:
    """A delivery to make.

    Attributes:
        waits: why not now: "" or "quiet-hours".
    """

    id: uuid.UUID
    happening: Happening
    channel_id: uuid.UUID
    next_at: datetime
    waits: str = ""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery whose turn it is, with what is needed to send it."""

    id: uuid.UUID
    chain_id: uuid.UUID
    channel_id: uuid.UUID
    kind: ChannelKind
    channel_name: str
    address: bytes | None = field(repr=False)
    secret: bytes | None = field(repr=False)
    store_id: uuid.UUID | None
    store_name: str
    timezone: str
    occasion: Occasion
    threat: Threat | None
    subject_id: uuid.UUID | None
    message: dict[str, Any]
    attempts: int
    checks: int
    repeated: bool
    merged: int
    created_at: datetime
    tried_at: datetime | None
    provider_id: str | None
    previous_secret: bytes | None = field(default=None, repr=False)
    trace_parent: str = ""
    code_until: datetime | None = None
    language: Language = Language.ENGLISH

    @property
    def asks_for_code(self) -> bool:
        """Whether it brings the code that an own channel is confirmed by."""
        return bool(self.message.get("code"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A line of the delivery log."""

    id: uuid.UUID
    store_id: uuid.UUID | None
    channel_id: uuid.UUID
    channel_name: str
    kind: ChannelKind
    hint: str
    user_id: uuid.UUID | None
    occasion: Occasion
    threat: Threat | None
    subject_id: uuid.UUID | None
    state: DeliveryState
    waits: str
    repeated: bool
    attempts: int
    merged: int
    merged_into: uuid.UUID | None
    next_at: datetime | None
    tried_at: datetime | None
    provider_id: str | None
    reason: str
    created_at: datetime
    changed_at: datetime
