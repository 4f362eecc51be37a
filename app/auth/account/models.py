"""What one's own account looks like, and what a chain asks of log-ins."""

import enum
from dataclasses import dataclass
from datetime import datetime


class FactorState(enum.StrEnum):
    """How far a second factor has come."""

    NONE = "none"
    BEGUN = "begun"
    ENROLLED = "enrolled"


@dataclass(frozen=True, slots=True)
class Security:
    """The state of one's own account.

    Attributes:
        password_changed_at: None while nobody changed it, or where there is none.
        second_factor_required: one of the person's roles needs it.
    """

    has_password: bool
    password_changed_at: datetime | None
    factor: FactorState
    factor_since: datetime | None
    recovery_codes_left: int
    second_factor_required: bool


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs, shown once.

    Attributes:
        secret: base32, to type in.
        uri: `otpauth:` address.
        picture: the address as a QR code, a `data:` URI of an SVG.
    """

    secret: str
    uri: str
    picture: str
