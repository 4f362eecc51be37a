"""Which occurrences are one alert, and which alerts one group: for every order of times, also when clocks jump."""

import uuid
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.alerts.grouping import GROUP, Earlier, Handling, place
from app.alerts.lifecycle import OPEN
from app.alerts.models import AlertState
from app.kit.clock import from_us
from tests.builders import START_US

AT = from_us(START_US)
ALERT, FIRST = uuid.UUID(int=1), uuid.UUID(int=2)


@settings(max_examples=60, deadline=None)
@given(st.integers(-100_000, 100_000), st.sampled_from(AlertState), st.integers(0, 86400))
def test_what_begins_soon_joins_an_open_alert_and_nothing_else(pause_s: int, state: AlertState, cool_down_s: int) -> None:
    earlier = Earlier(ALERT, FIRST, state, AT)
    found = place(earlier, AT + timedelta(seconds=pause_s), Handling(cool_down_s))
    joins = cool_down_s > 0 and state in OPEN and timedelta(seconds=pause_s) <= timedelta(seconds=cool_down_s)
    assert found.joins == (ALERT if joins else None)
    if not joins:
        assert found.group == (FIRST if timedelta(seconds=pause_s) <= GROUP else None)


def test_the_first_of_its_kind_stands_alone() -> None:
    found = place(None, AT, Handling())
    assert (found.joins, found.group) == (None, None)
