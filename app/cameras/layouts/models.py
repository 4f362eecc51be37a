"""A layout of the live page as a value. Pure."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_LAYOUTS: Final = 50
"""Of one store and one person, and of one store for everybody: the list is one page."""
MOST_CAMERAS: Final = 64
"""What one picture connection serves."""
MOST_COLUMNS: Final = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """What the live page shows.

    Attributes:
        owner: whose it is; None for everybody who sees the store's live pictures.
        cameras: in their order; None for all of the store, also those of tomorrow. One that was removed is passed over.
        columns: None for as many as fit well.
        large: how many of the first cameras move; the others are stills. None where the page decides by their number.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    owner: uuid.UUID | None
    name: str
    cameras: tuple[uuid.UUID, ...] | None
    columns: int | None
    large: int | None
    changed_at: datetime
