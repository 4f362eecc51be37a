"""Rule 22: no list is shared across stores by default; sharing needs category, approval, reach and an end."""

import uuid
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kit.errors import BadInputError, ForbiddenError
from app.tenancy.sharing.models import Category, Share, approve_share, check_share, may_use

HOME, NEAR, FAR, FOREIGN, A, B = (uuid.UUID(int=number) for number in range(1, 7))
CHAIN = frozenset({HOME, NEAR, FAR})
TODAY = date(2026, 11, 23)


def share(**changes: object) -> Share:
    made = Share(uuid.UUID(int=9), HOME, Category.VIOLENCE, frozenset({NEAR}), TODAY, TODAY + timedelta(days=90), A, B)
    return replace(made, **changes)  # type: ignore[arg-type]


@given(st.sampled_from([NEAR, FAR, FOREIGN]), st.booleans())
def test_rule_22_nothing_is_shared_by_default(store: uuid.UUID, face_on: bool) -> None:
    assert may_use(store, HOME, [], TODAY, face_on=face_on) is False
    assert may_use(HOME, HOME, [], TODAY, face_on=face_on) is face_on


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({}, True),
        ({"approved_by": None}, False),
        ({"approved_by": A}, False),
        ({"reach": frozenset({FAR})}, False),
        ({"ends_on": TODAY}, False),
        ({"starts_on": TODAY + timedelta(days=1)}, False),
        ({"category": Category.EXCLUSION_ORDER}, False),
        ({"home_store": FAR}, False),
    ],
)
def test_rule_22_a_share_counts_only_whole(change: dict[str, object], allowed: bool) -> None:
    assert may_use(NEAR, HOME, [share(**change)], TODAY, face_on=True) is allowed
    assert may_use(NEAR, HOME, [share(**change)], TODAY, face_on=False) is False


@pytest.mark.parametrize(
    "change",
    [
        {"category": Category.EXCLUSION_ORDER},
        {"reach": frozenset()},
        {"reach": frozenset({HOME})},
        {"reach": frozenset({FOREIGN})},
        {"ends_on": TODAY},
        {"ends_on": TODAY + timedelta(days=366)},
    ],
)
def test_rule_22_an_incomplete_share_cannot_be_proposed(change: dict[str, object]) -> None:
    assert check_share(share(), CHAIN) == share()
    with pytest.raises(BadInputError):
        check_share(share(**change), CHAIN)


def test_rule_22_who_proposes_does_not_approve() -> None:
    with pytest.raises(ForbiddenError):
        approve_share(share(approved_by=None), A)
    assert approve_share(share(approved_by=None), B) == share()
