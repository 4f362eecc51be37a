"""What a person must do before the rest of the product opens to this session. Until then it may only mind its own account."""

import enum
from collections.abc import Collection, Iterable
from dataclasses import replace

from app.auth.models import Grant
from app.auth.permissions import Permission


class Duty(enum.StrEnum):
    """One thing to do first."""

    CHANGE_PASSWORD = "change-password"  # noqa: S105 - the name of a duty
    SECOND_FACTOR = "second-factor"


def duties_of(
    roles: Iterable[str], second_factor_roles: Collection[str], *, has_second_factor: bool, must_change_password: bool
) -> tuple[Duty, ...]:
    """What this session owes, given the roles that need a second factor in this chain."""
    owed = [Duty.CHANGE_PASSWORD] if must_change_password else []
    if not has_second_factor and any(role in second_factor_roles for role in roles):
        owed.append(Duty.SECOND_FACTOR)
    return tuple(owed)


def while_owing(grants: tuple[Grant, ...]) -> tuple[Grant, ...]:
    """The grants with nothing left but one's own account."""
    own = frozenset({Permission.SELF})
    return tuple(replace(grant, permissions=grant.permissions & own) for grant in grants)
