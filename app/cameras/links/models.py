"""A way between the pictures of two cameras of one store, walked in either direction."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.cameras.zones.models import Zone, ZoneKind
from app.kit.errors import BadInputError

MOST_LINKS: Final = 500
"""Of one store; the list is one page."""


@dataclass(frozen=True, slots=True)
class CameraLink:
    """A way between two cameras.

    Attributes:
        camera_a, camera_b: in the order of their ids, so that there is one link of a pair.
        zone_a, zone_b: where in each picture people leave and come in; None for anywhere.
        metres: walked unseen; 0 where the pictures touch or overlap.
        used: False where a zone of it was removed: nobody takes it until it is drawn anew.
    """

    id: uuid.UUID
    store_id: uuid.UUID
    camera_a: uuid.UUID
    camera_b: uuid.UUID
    zone_a: uuid.UUID | None
    zone_b: uuid.UUID | None
    metres: float
    created_at: datetime
    used: bool = True


def in_order(link: CameraLink) -> CameraLink:
    """The same way with its cameras in the order of their ids.

    Raises:
        BadInputError: both ends are one camera.
    """
    if link.camera_a == link.camera_b:
        raise BadInputError("A way leads from one camera to another one.")
    if link.camera_a < link.camera_b:
        return link
    ends = (link.camera_b, link.camera_a, link.zone_b, link.zone_a)
    return CameraLink(link.id, link.store_id, *ends, link.metres, link.created_at)


def check_end(zone: Zone) -> None:
    """BadInputError where people cannot be said to stand in this zone."""
    if zone.kind is ZoneKind.LINE:
        raise BadInputError("A line holds nobody; name a zone with an area, or none.")
