"""Asking for the end of a chain's key, and what must hold for it. Pure."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from app.kit.errors import ConflictError, ForbiddenError

CONFIRM_WITHIN: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeyDestruction:
    """One person's wish to destroy the chain's key."""

    id: uuid.UUID
    requested_by: uuid.UUID
    requested_at: datetime
    confirmed_by: uuid.UUID | None = None
    confirmed_at: datetime | None = None

    @property
    def confirm_before(self) -> datetime:
        """When the wish lapses."""
        return self.requested_at + CONFIRM_WITHIN


def demand_confirmable(wish: KeyDestruction, by: uuid.UUID, now: datetime) -> None:
    """ForbiddenError for the one who asked, ConflictError for a wish that was carried out or has lapsed."""
    if wish.requested_by == by:
        raise ForbiddenError("You asked for this yourself; a second administrator must confirm it.")
    if wish.confirmed_at is not None:
        raise ConflictError("This was carried out already.")
    if now >= wish.confirm_before:
        raise ConflictError("This was asked for more than 24 hours ago; ask again.")
