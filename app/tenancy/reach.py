"""Where a role or a key reaches, and whether somebody may give or take it. Pure.

Nobody gives what he does not hold himself, at the place for which he gives it: so a store manager makes no chain
administrator, nobody reaches a store that is not his through somebody he invited, and nobody resets the password of
somebody who may do more.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from app.auth.models import Grant, Principal
from app.auth.permissions import Permission


@dataclass(frozen=True, slots=True)
class Place:
    """A store, a region, or (both None) the whole chain."""

    store_id: uuid.UUID | None = None
    region_id: uuid.UUID | None = None


CHAIN = Place()


def covers(grant: Grant, place: Place) -> bool:
    """Whether the grant reaches all of `place`, whatever becomes of its regions.

    A grant for the stores of a region, one by one, does not cover the region: a store may join it tomorrow.
    """
    if grant.stores is None:
        return True
    if place.region_id is not None:
        return grant.region_id == place.region_id
    return place.store_id is not None and place.store_id in grant.stores


def held_at(who: Principal, place: Place) -> frozenset[Permission]:
    """What somebody may do everywhere in `place`."""
    return frozenset().union(*(grant.permissions for grant in who.grants if covers(grant, place)))


def may_give(who: Principal, needed: Permission, given: frozenset[Permission], place: Place) -> bool:
    """Whether `who` may give (or take) these permissions at `place`; `needed` is what the act itself asks for."""
    held = held_at(who, place)
    return needed in held and given <= held


def may_govern(who: Principal, of: Iterable[Grant]) -> bool:
    """Whether `who` may do to a user whatever he likes: he could have given everything that the user has."""
    return all(may_give(who, Permission.USERS_WRITE, grant.permissions, Place(grant.store_id, grant.region_id)) for grant in of)
