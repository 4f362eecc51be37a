"""Users and their memberships, as administrators see them."""

import uuid
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """A role of a user at a store, in a region, or (both None) in the whole chain.

    Attributes:
        source: `local`, or `oidc` where a group of the identity provider gave it.
    """

    id: uuid.UUID
    user_id: uuid.UUID
    role: str
    store_id: uuid.UUID | None
    region_id: uuid.UUID | None
    source: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may sign in."""

    id: uuid.UUID
    username: str
    disabled_at: datetime | None
    must_change_password: bool
    created_at: datetime
    memberships: tuple[Membership, ...]
