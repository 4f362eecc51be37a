"""A log-in as its owner sees it."""

import enum
import uuid
from dataclasses import dataclass
from datetime import datetime

from app.auth.models import Place


class Method(enum.StrEnum):
    """What a session was opened with."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class NewSession:
    """A log-in to store.

    Attributes:
        second_factor_at: when a second factor proved it; None while none did.
    """

    id: uuid.UUID
    chain_id: uuid.UUID
    user_id: uuid.UUID
    refresh_hash: bytes
    expires_at: datetime
    method: Method
    second_factor_at: datetime | None
    place: Place


@dataclass(frozen=True, slots=True)
class ListedSession:
    """A log-in that still stands."""

    id: uuid.UUID
    method: Method
    second_factor: bool
    device: str
    address: str
    created_at: datetime
    last_used_at: datetime
    expires_at: datetime
