"""What the API takes and gives."""

import datetime as dt
import uuid
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from app.behaviour.findings import Threat
from app.notifications.models import Channel, ChannelKind, Delivery, DeliveryState, Language, Occasion, QuietHours

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]*$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=2000, pattern=r"^[^\x00-\x1f]*$")]
Wanted = Literal["alert-raised", "alert-escalated", "incident-changed", "lead-raised", "match-confirmed"]
ALERTS: tuple[Wanted, ...] = ("alert-raised", "alert-escalated")


class Quiet(BaseModel):
    """Hours in which people are left alone; what comes meanwhile is told when they end."""

    model_config = ConfigDict(extra="forbid")

    starts: dt.time = Field(description="Local time.")
    ends: dt.time = Field(description="Local time; at or before `starts`: on the next day.")
    timezone: str = Field(max_length=100, description="IANA name.")
    threat: Threat | None = Field(description="Alerts of it and above come through; null: none do.")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in available_timezones():
            raise ValueError("timezone must be an IANA name such as Europe/Berlin")
        return name

    @field_validator("starts", "ends")
    @classmethod
    def _local(cls, moment: dt.time) -> dt.time:
        if moment.tzinfo is not None:
            raise ValueError("starts and ends are local times; leave the offset away")
        return moment

    def hours(self) -> QuietHours:
        """As the routes have them."""
        return QuietHours(self.starts, self.ends, self.timezone, self.threat)


class Choices(BaseModel):
    """What a channel is told, and when."""

    model_config = ConfigDict(extra="forbid")

    occasions: list[Wanted] = Field(default=list(ALERTS), min_length=1, max_length=5)
    lowest_threat: Threat = Threat.LOW
    quiet: Quiet | None = None
    most_per_hour: int | None = Field(default=None, ge=1, le=100_000, description="What comes beyond it waits.")
    language: Language = Field(
        default=Language.ENGLISH,
        description="What is sent there is written in it; to an own channel in the language that its owner chose, if one was.",
    )


class ChannelIn(Choices):
    """A number or an address of a store, or (without `store_id`) of the chain."""

    kind: ChannelKind
    name: Name
    address: Address = Field(description="+15005550006, somebody@example.com or https://example.com/hook.")
    store_id: uuid.UUID | None = None


class WebhookIn(Choices):
    """An address that is posted to."""

    kind: Literal[ChannelKind.WEBHOOK, ChannelKind.SLACK, ChannelKind.TEAMS] = ChannelKind.WEBHOOK
    name: Name = "Webhook"
    url: Address
    store_id: uuid.UUID | None = None


class OwnChannelIn(Choices):
    """One's own telephone or mailbox."""

    kind: Literal[ChannelKind.SMS, ChannelKind.EMAIL]
    address: Address
    most_per_hour: int | None = Field(default=20, ge=1, le=1000)


class ChannelChange(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    occasions: list[Wanted] | None = Field(default=None, min_length=1, max_length=5)
    lowest_threat: Threat | None = None
    quiet: Quiet | None = None
    most_per_hour: int | None = Field(default=None, ge=1, le=100_000)
    paused: bool | None = None
    language: Language | None = None


class ChannelOut(BaseModel):
    """A channel; of its address only what people know it by."""

    id: uuid.UUID
    kind: ChannelKind
    name: str
    hint: str
    store_id: uuid.UUID | None
    occasions: list[str]
    lowest_threat: Threat
    quiet: Quiet | None
    most_per_hour: int | None
    paused: bool
    language: Language
    proven: bool = Field(description="An own channel is told of alerts once its owner has confirmed it by the code sent to it.")
    created_at: dt.datetime
    changed_at: dt.datetime


class RotationIn(BaseModel):
    """How long the present secret goes on signing beside the new one; 0: not at all, where it is known to others."""

    model_config = ConfigDict(extra="forbid")

    overlap_hours: int = Field(default=24, ge=0, le=168)


class CodeIn(BaseModel):
    """The code that was sent to an own channel."""

    model_config = ConfigDict(extra="forbid")

    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{6}$")]


class ChannelSecretOut(BaseModel):
    """The channel, and what its messages are signed with: shown this once, null for kinds that are not signed, and repeated."""

    channel: ChannelOut
    secret: str | None


class DeliveryOut(BaseModel):
    """A line of the delivery log."""

    id: uuid.UUID
    store_id: uuid.UUID | None
    channel_id: uuid.UUID
    channel_name: str
    kind: ChannelKind
    hint: str
    occasion: Occasion
    threat: Threat | None
    subject_id: uuid.UUID | None
    state: DeliveryState
    waits: str
    repeated: bool = Field(description="An earlier try may have arrived; the message says so too.")
    attempts: int
    merged: int = Field(description="How many notifications it stands for.")
    merged_into: uuid.UUID | None
    next_at: dt.datetime | None
    tried_at: dt.datetime | None
    provider_id: str | None
    reason: str
    created_at: dt.datetime
    changed_at: dt.datetime


class ReplayedOut(BaseModel):
    """How many are queued anew."""

    replayed: int


def channel_out(channel: Channel) -> ChannelOut:
    """A channel for the API."""
    route, quiet = channel.route, channel.route.quiet
    return ChannelOut(
        id=route.id,
        kind=route.kind,
        name=channel.name,
        hint=channel.hint,
        store_id=route.store_id,
        occasions=sorted(route.occasions),
        lowest_threat=route.lowest_threat,
        quiet=None
        if quiet is None
        else Quiet(starts=quiet.starts, ends=quiet.ends, timezone=quiet.timezone, threat=quiet.threat),
        most_per_hour=channel.most_per_hour,
        paused=channel.paused,
        language=channel.language,
        proven=channel.proven,
        created_at=channel.created_at,
        changed_at=channel.changed_at,
    )


def delivery_out(delivery: Delivery) -> DeliveryOut:
    """A line for the API."""
    return DeliveryOut(**{name: getattr(delivery, name) for name in DeliveryOut.model_fields})
