"""Stores of a chain."""

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Store:
    """One shop."""

    id: uuid.UUID
    name: str
    timezone: str
    created_at: datetime
