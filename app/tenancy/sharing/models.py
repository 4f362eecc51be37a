"""Sharing of a watch list across stores, as a pure policy. Nothing is shared unless a share says so, and every share ends."""

import enum
import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from app.kit.errors import BadInputError, ForbiddenError

LONGEST = timedelta(days=365)


class Category(enum.StrEnum):
    """Why people are on a list. There is no entry for what someone is, only for what someone did."""

    VIOLENCE = "violence"
    WEAPON = "weapon"
    ORGANISED_THEFT = "organised-theft"
    EXCLUSION_ORDER = "exclusion-order"


SHAREABLE = frozenset({Category.VIOLENCE, Category.WEAPON, Category.ORGANISED_THEFT})
"""An exclusion order names its place; it says nothing about another store."""


@dataclass(frozen=True, slots=True)
class Share:
    """One list made known to further stores.

    Attributes:
        reach: the stores that may use it besides its own; never "all".
        approved_by: None until a second person has.
    """

    list_id: uuid.UUID
    home_store: uuid.UUID
    category: Category
    reach: frozenset[uuid.UUID]
    starts_on: date
    ends_on: date
    proposed_by: uuid.UUID
    approved_by: uuid.UUID | None = None


def check_share(share: Share, chain_stores: frozenset[uuid.UUID]) -> Share:
    """The share, if it may be proposed.

    Raises:
        BadInputError: its category is not shareable, its reach is empty or leaves the chain, or it ends too late.
    """
    if share.category not in SHAREABLE:
        raise BadInputError(f"Lists of the category {share.category.value} stay in their store.")
    if not share.reach - {share.home_store}:
        raise BadInputError("Name the stores that shall use the list.")
    if not share.reach <= chain_stores:
        raise BadInputError("A list is shared inside its own chain only.")
    if not share.starts_on < share.ends_on <= share.starts_on + LONGEST:
        raise BadInputError(f"A share ends, at most {LONGEST.days} days after it begins.")
    return share


def approve_share(share: Share, by: uuid.UUID) -> Share:
    """The approved share; ForbiddenError for one's own."""
    if by == share.proposed_by:
        raise ForbiddenError("You proposed this share; another person has to approve it.")
    return Share(
        share.list_id, share.home_store, share.category, share.reach, share.starts_on, share.ends_on, share.proposed_by, by
    )


def may_use(store: uuid.UUID, home_store: uuid.UUID, shares: list[Share], today: date, *, face_on: bool) -> bool:
    """Whether `store` may search a list of `home_store` today: its own, or one shared with it by two people and not ended.

    `face_on`: the store's own switch; a share switches nothing on.
    """
    if not face_on:
        return False
    if store == home_store:
        return True
    return any(
        share.home_store == home_store
        and store in share.reach
        and share.category in SHAREABLE
        and share.approved_by not in (None, share.proposed_by)
        and share.starts_on <= today < share.ends_on
        for share in shares
    )
