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
    region_id: uuid.UUID | None = None
    demo: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A retailer: the tenant."""

    id: uuid.UUID
    name: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Region:
    """A group of a chain's stores; `stores` says how many there are."""

    id: uuid.UUID
    name: str
    created_at: datetime
    stores: int
