"""A privacy mask: a polygon that is blackened before anything looks at the picture."""

import uuid
from dataclasses import dataclass
from datetime import datetime

from app.cameras.zones.models import Point


@dataclass(frozen=True, slots=True)
class Mask:
    """A named polygon; x right, y down, in 0..1 of the picture."""

    id: uuid.UUID
    store_id: uuid.UUID
    camera_id: uuid.UUID
    name: str
    polygon: tuple[Point, ...]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class RemovedMask:
    """A mask that was taken away, and by whom; None where that is not known."""

    mask: Mask
    removed_at: datetime
    removed_by: str | None
